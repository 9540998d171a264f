/** Which services does this organization have, since when, for what, and which changes wait (promises R9, R15)? */
import {
  PROPOSED_CHANGES,
  ServiceAgreed,
  ServiceChangeProposed,
  ServiceDescribed,
  ServiceEnded,
  ServiceProposalWithdrawn,
} from '@rapport/domain';
import { Id, question, shape, Slug, type Sealed } from '@rapport/kernel';
import {
  ensure,
  from,
  insert,
  json,
  jsonOf,
  jsonOrNullOf,
  on,
  patch,
  projection,
  remove,
  table,
  type ReadDatabase,
} from '@rapport/read-model';

export const agreements = table(
  'agreement',
  {
    id: 'text',
    organization: 'text',
    status: 'text',
    service: jsonOf<Sealed<string>>(),
    since: 'text?',
    until: 'text?',
    contract: jsonOrNullOf<Sealed<string>>(),
    goals: jsonOrNullOf<Sealed<readonly string[]>>(),
    situation: jsonOrNullOf<Sealed<string>>(),
    position: 'text',
  },
  { key: ['id'], indexes: [['organization', 'position']] },
);

export const proposals = table(
  'proposal',
  {
    id: 'text',
    agreement: 'text',
    organization: 'text',
    change: 'text',
    service: jsonOf<Sealed<string>>(),
    starts: 'text',
    proposed_by: 'text',
    proposed_at: 'text',
    explanation: jsonOrNullOf<Sealed<string>>(),
  },
  { key: ['id'], indexes: [['organization']] },
);

export const services = projection({
  name: 'services',
  version: 1,
  tables: { agreements, proposals },
  on: [
    on(ServiceAgreed, ({ streamId, position, data }) => [
      ensure(agreements, { id: streamId, organization: data.organization, status: 'agreed', service: data.service, position }),
      patch(
        agreements,
        { id: streamId },
        {
          status: 'agreed',
          service: data.service,
          since: data.since,
          until: data.until ?? null,
          contract: data.contract ?? null,
          goals: data.goals ?? null,
          situation: data.situation ?? null,
        },
      ),
    ]),
    on(ServiceDescribed, ({ streamId, data }) =>
      patch(
        agreements,
        { id: streamId },
        { contract: data.contract ?? null, goals: data.goals ?? null, situation: data.situation ?? null },
      ),
    ),
    on(ServiceEnded, ({ streamId, data }) => patch(agreements, { id: streamId }, { status: 'ended', until: data.until })),
    on(ServiceChangeProposed, ({ streamId, position, data, metadata }) => [
      ensure(agreements, { id: streamId, organization: data.organization, status: 'proposed', service: data.service, position }),
      insert(proposals, {
        id: data.proposalId,
        agreement: streamId,
        organization: data.organization,
        change: data.change,
        service: data.service,
        starts: data.from,
        proposed_by: data.proposedBy,
        proposed_at: metadata.occurredAt,
        explanation: data.explanation ?? null,
      }),
    ]),
    on(ServiceProposalWithdrawn, ({ data }) => remove(proposals, { id: data.proposalId })),
  ],
});

export class ReadServices {
  @Id({ description: 'The organization.' })
  organizationId!: string;

  @Slug({ description: 'What it is needed for; not needed by a contact person of the organization.', optional: true })
  purpose?: string;
}

const servicesAnswer = shape.object('Services', {
  services: shape.list(
    shape.object('Service', {
      id: shape.id('The agreement.'),
      service: shape.personal(shape.text('The service.')),
      status: shape.oneOf(['agreed', 'ended'], 'Whether the organization has it.'),
      since: shape.optional(shape.day('Since when.')),
      until: shape.optional(shape.day('Until when.')),
      contract: shape.optional(shape.personal(shape.text('The contract.'))),
      goals: shape.optional(shape.personal(shape.list(shape.text('A goal.'), 'What it is for.'))),
      situation: shape.optional(shape.personal(shape.text('In which situation.'))),
    }),
    'What was agreed.',
  ),
  proposals: shape.list(
    shape.object('ServiceProposal', {
      id: shape.id('The proposal.'),
      agreement: shape.id('The agreement it is about.'),
      change: shape.oneOf(PROPOSED_CHANGES, 'What is wanted.'),
      service: shape.personal(shape.text('The service.')),
      from: shape.day('From when it is wanted.'),
      proposedBy: shape.id('Who proposed it.'),
      proposedAt: shape.instant('When.'),
      explanation: shape.optional(shape.personal(shape.text('Why.'))),
    }),
    'What was proposed and waits.',
  ),
});

/** Agreements of one organization on one answer. */
const MOST = 500;

export const readServices = question(ReadServices, servicesAnswer, async (db: ReadDatabase, { organizationId: id }, actor, directory) => {
  const organization = directory.organization(id);
  if (organization === undefined) return undefined;
  const [agreed, proposed] = await Promise.all([
    from(db, agreements)
      .selectAll()
      .where('organization', '=', id)
      .where('status', '<>', 'proposed')
      .orderBy('position', 'desc')
      .limit(MOST)
      .execute(),
    from(db, proposals).selectAll().where('organization', '=', id).orderBy('proposed_at').limit(MOST).execute(),
  ]);
  return {
    facts: { contact: directory.organizationsOf(actor.id).includes(id), visible: organization.visibility.services },
    answer: {
      services: agreed.map((row) => ({
        id: row.id,
        service: json(row.service),
        status: row.status === 'ended' ? ('ended' as const) : ('agreed' as const),
        since: row.since,
        until: row.until,
        contract: json(row.contract),
        goals: json(row.goals),
        situation: json(row.situation),
      })),
      proposals: proposed.map((row) => ({
        id: row.id,
        agreement: row.agreement,
        change: row.change as (typeof PROPOSED_CHANGES)[number],
        service: json(row.service),
        from: row.starts,
        proposedBy: row.proposed_by,
        proposedAt: row.proposed_at,
        explanation: json(row.explanation),
      })),
    },
  };
});
