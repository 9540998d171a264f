/**
 * A service that an organization has from us (promise R9): since when, under which contract, for what goal and in
 * what situation. What a contact person wants changed is proposed; it takes effect once it was approved.
 */
import {
  aggregate,
  command,
  Day,
  declareEvent,
  Id,
  isErased,
  never,
  OneOf,
  plain,
  type Recorded,
  refusal,
  sealed,
  type Sealed,
  Slug,
  Slugs,
  Text,
  whose,
  type Context,
  type Decision,
} from '@rapport/kernel';
import { PersonalDataCommand, Command } from '../commands';
import { organizationArchived, organizationUnknown } from './affiliation';

// ── Events ──

const organization = plain<string>('id of an organization, made here, random');
const ofOrganization = whose.field('organization');
const service = sealed<string>('services', ofOrganization);

/** What a contract says beside the service. */
const terms = {
  contract: sealed<string | undefined>('services', ofOrganization),
  goals: sealed<readonly string[] | undefined>('services', ofOrganization),
  situation: sealed<string | undefined>('services', ofOrganization),
};

export const ServiceAgreed = declareEvent('ServiceAgreed', {
  title: 'An organization has a service from us',
  fields: { organization, service, since: plain<string>('a day'), until: plain<string | undefined>('a day'), ...terms },
});

export const ServiceDescribed = declareEvent('ServiceDescribed', {
  title: 'Contract, goals or situation of a service were described anew',
  fields: { organization, ...terms },
});

export const ServiceEnded = declareEvent('ServiceEnded', {
  title: 'An organization no longer has a service from us, or will not have it any more',
  fields: { organization, until: plain<string>('a day') },
});

export const PROPOSED_CHANGES = ['begin', 'change', 'end'] as const;
export type ProposedChange = (typeof PROPOSED_CHANGES)[number];

export const ServiceChangeProposed = declareEvent('ServiceChangeProposed', {
  title: 'A change of the services of an organization was proposed',
  fields: {
    organization,
    proposalId: plain<string>('made here, random'),
    change: plain<ProposedChange>('one of three words'),
    service,
    /** The day from which it is wanted. */
    from: plain<string>('a day'),
    proposedBy: plain<string>('id of a person, made here, random'),
    explanation: sealed<string | undefined>('services', ofOrganization),
  },
});

export const ServiceProposalWithdrawn = declareEvent('ServiceProposalWithdrawn', {
  title: 'A proposed change of services was withdrawn',
  fields: { organization, proposalId: plain<string>('made here, random') },
});

type ServiceAgreementEvent =
  | Recorded<typeof ServiceAgreed>
  | Recorded<typeof ServiceDescribed>
  | Recorded<typeof ServiceEnded>
  | Recorded<typeof ServiceChangeProposed>
  | Recorded<typeof ServiceProposalWithdrawn>;

// ── State ──

interface KnownAgreement {
  /** `proposed`: nothing was agreed yet. */
  readonly status: 'proposed' | 'agreed' | 'ended';
  readonly organization: string;
  readonly service: Sealed<string>;
  readonly since?: string;
  readonly until?: string;
  readonly contract?: Sealed<string>;
  readonly goals?: Sealed<readonly string[]>;
  readonly situation?: Sealed<string>;
  /** Proposal id → who proposed it; those that wait. */
  readonly proposals: { readonly [proposalId: string]: { readonly change: ProposedChange; readonly by: string } };
}
export type ServiceAgreement = { readonly status: 'none' } | KnownAgreement;

function evolve(state: ServiceAgreement, event: ServiceAgreementEvent): ServiceAgreement {
  switch (event.type) {
    case 'ServiceAgreed':
      return { status: 'agreed', proposals: state.status === 'none' ? {} : state.proposals, ...event.data };
    case 'ServiceChangeProposed': {
      const { organization: of, service: what, proposalId, change, proposedBy } = event.data;
      const known: KnownAgreement =
        state.status === 'none' ? { status: 'proposed', organization: of, service: what, proposals: {} } : state;
      return { ...known, proposals: { ...known.proposals, [proposalId]: { change, by: proposedBy } } };
    }
    case 'ServiceDescribed':
    case 'ServiceEnded':
    case 'ServiceProposalWithdrawn':
      return state.status === 'none' ? state : evolveKnown(state, event);
    default:
      return never(event);
  }
}

function evolveKnown(
  state: KnownAgreement,
  event: Recorded<typeof ServiceDescribed> | Recorded<typeof ServiceEnded> | Recorded<typeof ServiceProposalWithdrawn>,
): ServiceAgreement {
  switch (event.type) {
    case 'ServiceDescribed':
      return { ...state, contract: event.data.contract, goals: event.data.goals, situation: event.data.situation };
    case 'ServiceEnded':
      return { ...state, status: 'ended', until: event.data.until };
    case 'ServiceProposalWithdrawn': {
      const { [event.data.proposalId]: _, ...proposals } = state.proposals;
      return { ...state, proposals };
    }
    default:
      return never(event);
  }
}

// ── Commands ──

export class RecordService extends PersonalDataCommand {
  @Id({ owner: true, description: 'The organization.' })
  organization!: string;

  @Slug({ description: 'The service, as our catalog names it.' })
  service!: string;

  @Day({ description: 'Since when the organization has it.' })
  since!: string;

  @Day({ description: 'Until when, where that is agreed.', optional: true })
  until?: string;

  @Text({ max: 200, description: 'The contract: its number or name.', optional: true })
  contract?: string;

  @Slugs({ min: 1, max: 20, description: 'What it is for, in words of our list of goals: `save-costs`.', optional: true })
  goals?: string[];

  @Text({ max: 4_000, lines: true, description: 'The situation in which it is used.', optional: true })
  situation?: string;
}

export class DescribeService extends PersonalDataCommand {
  @Id({ description: 'The agreement.' })
  agreementId!: string;

  @Text({ max: 200, description: 'The contract: its number or name.', optional: true })
  contract?: string;

  @Slugs({ min: 1, max: 20, description: 'What it is for, in words of our list of goals.', optional: true })
  goals?: string[];

  @Text({ max: 4_000, lines: true, description: 'The situation in which it is used.', optional: true })
  situation?: string;
}

export class EndService extends Command {
  @Id({ description: 'The agreement.' })
  agreementId!: string;

  @Day({ description: 'The last day. Today where it is left out.', optional: true })
  until?: string;
}

export class ProposeService extends PersonalDataCommand {
  @Id({ owner: true, description: 'The organization.' })
  organization!: string;

  @Slug({ description: 'The service, as our catalog names it.' })
  service!: string;

  @Day({ description: 'From when it is wanted.' })
  from!: string;

  @Text({ max: 4_000, lines: true, description: 'Why, and what matters about it.', optional: true })
  explanation?: string;
}

export class ProposeServiceChange extends PersonalDataCommand {
  @Id({ description: 'The agreement.' })
  agreementId!: string;

  @OneOf(['change', 'end'], { description: 'What is wanted.' })
  change!: 'change' | 'end';

  @Day({ description: 'From when it is wanted.' })
  from!: string;

  @Text({ max: 4_000, lines: true, description: 'What should change, and why.', optional: true })
  explanation?: string;
}

export class WithdrawServiceProposal extends Command {
  @Id({ description: 'The agreement.' })
  agreementId!: string;

  @Id({ description: 'The proposal.' })
  proposalId!: string;
}

// ── Decide ──

const agreementNotFound = refusal.notFound('service-agreement-not-found', 'There is no such agreement about a service.');
const notAgreed = refusal.conflict('service-not-agreed', 'This service is only proposed so far.');
const serviceEnded = refusal.conflict(
  'service-ended',
  'The organization no longer has this service. Record it anew where it has it again.',
);
const serviceBackwards = refusal.invalid('service-backwards', 'The last day is before the first.');
const inThePast = refusal.invalid('proposal-in-past', 'A change is proposed from today on, or from a later day.');
const proposalNotFound = refusal.notFound('service-proposal-not-found', 'There is no such proposal, or it was answered already.');

/** Refused where an organization is not one we have a relationship with. */
function organizationRefused(id: string, { directory }: Context) {
  const known = directory.organization(id);
  if (known === undefined) return organizationUnknown({ field: 'organization' });
  return known.archived ? organizationArchived({ field: 'organization' }) : undefined;
}

function recordService(c: RecordService, _: ServiceAgreement, context: Context): Decision {
  if (c.until !== undefined && c.until < c.since) return serviceBackwards({ field: 'until' });
  const { organization: of, service: what, since, until, contract, goals, situation } = c;
  return organizationRefused(of, context) ?? [ServiceAgreed({ organization: of, service: what, since, until, contract, goals, situation })];
}

/** Decides about a service that was agreed and has not ended. */
function whileAgreed<C>(decide: (command: C, agreement: KnownAgreement, context: Context) => Decision) {
  return (c: C, state: ServiceAgreement, context: Context): Decision => {
    if (state.status === 'none') return agreementNotFound();
    if (state.status === 'proposed') return notAgreed();
    if (state.status === 'ended') return serviceEnded();
    return decide(c, state, context);
  };
}

const describeService = whileAgreed<DescribeService>((c, agreement, { open }) => {
  const { contract, goals, situation } = c;
  const known = [agreement.contract, agreement.goals, agreement.situation].map((value) =>
    value === undefined ? undefined : open<unknown>(value),
  );
  return JSON.stringify(known) === JSON.stringify([contract, goals, situation])
    ? []
    : [ServiceDescribed({ organization: agreement.organization, contract, goals, situation })];
});

const endService = whileAgreed<EndService>((c, agreement, { now }) => {
  const until = c.until ?? now.slice(0, 10);
  if (agreement.since !== undefined && until < agreement.since) return serviceBackwards({ field: 'until' });
  return [ServiceEnded({ organization: agreement.organization, until })];
});

function proposeService(c: ProposeService, _: ServiceAgreement, context: Context): Decision {
  const { now, newId, actor } = context;
  if (c.from < now.slice(0, 10)) return inThePast({ field: 'from' });
  return (
    organizationRefused(c.organization, context) ?? [
      ServiceChangeProposed({
        organization: c.organization,
        proposalId: newId('proposal'),
        change: 'begin',
        service: c.service,
        from: c.from,
        proposedBy: actor.id,
        explanation: c.explanation,
      }),
    ]
  );
}

const proposeServiceChange = whileAgreed<ProposeServiceChange>((c, { organization: of, service: known }, { now, newId, actor, open }) => {
  const what = open(known);
  if (isErased(what)) return agreementNotFound();
  if (c.from < now.slice(0, 10)) return inThePast({ field: 'from' });
  return [
    ServiceChangeProposed({
      organization: of,
      proposalId: newId('proposal'),
      change: c.change,
      service: what,
      from: c.from,
      proposedBy: actor.id,
      explanation: c.explanation,
    }),
  ];
});

function withdrawProposal(c: WithdrawServiceProposal, state: ServiceAgreement): Decision {
  if (state.status === 'none') return agreementNotFound();
  return state.proposals[c.proposalId] === undefined
    ? proposalNotFound({ field: 'proposalId' })
    : [ServiceProposalWithdrawn({ organization: state.organization, proposalId: c.proposalId })];
}

export const serviceAgreement = aggregate<ServiceAgreement, ServiceAgreementEvent>({
  name: 'serviceAgreement',
  events: [ServiceAgreed, ServiceDescribed, ServiceEnded, ServiceChangeProposed, ServiceProposalWithdrawn],
  initial: { status: 'none' },
  evolve,
  facts: (state, actor, _, directory) => ({
    contact: state.status !== 'none' && directory.organizationsOf(actor.id).includes(state.organization),
  }),
  commands: [
    command(RecordService, { decide: recordService }),
    command(DescribeService, { target: 'agreementId', decide: describeService }),
    command(EndService, { target: 'agreementId', decide: endService }),
    command(ProposeService, {
      facts: (c, _, actor, directory) => ({ contact: directory.organizationsOf(actor.id).includes(c.organization) }),
      decide: proposeService,
    }),
    command(ProposeServiceChange, { target: 'agreementId', decide: proposeServiceChange }),
    command(WithdrawServiceProposal, {
      target: 'agreementId',
      facts: (c, state: ServiceAgreement, actor) => ({
        ownProposal: state.status !== 'none' && state.proposals[c.proposalId]?.by === actor.id,
      }),
      decide: withdrawProposal,
    }),
  ],
});
