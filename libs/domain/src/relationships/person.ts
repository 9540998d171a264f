/** A person we have a relationship with, or who works here: their details, and by which accounts they sign in. */
import {
  aggregate,
  command,
  declareEvent,
  Id,
  isErased,
  never,
  plain,
  type Recorded,
  refusal,
  type Sealed,
  sealed,
  Text,
  whose,
  type Claim,
  type Context,
  type Decision,
} from '@rapport/kernel';
import { accountOf, Command, PersonalDataCommand, personNumberIn, SIGN_IN, type Account } from '../commands';
import {
  AffiliationBegan,
  AffiliationEnded,
  evolveAffiliations,
  joinOrganization,
  JoinOrganization,
  leaveOrganization,
  LeaveOrganization,
  moveToOrganization,
  MoveToOrganization,
  type Affiliations,
} from './affiliation';
import {
  addContactPoint,
  AddContactPointCommand,
  ContactPointAdded,
  ContactPointRemoved,
  evolveContactPoints,
  removeContactPoint,
  RemoveContactPointCommand,
  type ContactPoints,
} from './contact-point';
import {
  AddPerson,
  addPerson,
  ContactAdded,
  CorrectDetails,
  correctDetails,
  DetailsCorrected,
  evolveDetails,
  type Details,
} from './details';
import { MergedInto, mergeFacts, MergePeople, mergePeople, Unmerged, UnmergePerson, unmergePerson } from './merge';
import type { Relationship } from './relationship';

// ── Events ──

export const PersonLeft = declareEvent('PersonLeft', {
  title: 'The relationship with a person ended',
  fields: {},
});

export const SignInBound = declareEvent('SignInBound', {
  title: 'An account was bound to a person, who signs in by it',
  fields: {
    signInId: plain<string>('made here, random'),
    account: sealed<Account>('sign-in', whose.record),
  },
});

export const SignInRevoked = declareEvent('SignInRevoked', {
  title: 'An account can no longer be used to sign in',
  fields: { signInId: plain<string>('made here, random') },
});

type PersonEvent =
  | Recorded<typeof ContactAdded>
  | Recorded<typeof DetailsCorrected>
  | Recorded<typeof PersonLeft>
  | Recorded<typeof SignInBound>
  | Recorded<typeof SignInRevoked>
  | Recorded<typeof AffiliationBegan>
  | Recorded<typeof AffiliationEnded>
  | Recorded<typeof MergedInto>
  | Recorded<typeof Unmerged>
  | Recorded<typeof ContactPointAdded>
  | Recorded<typeof ContactPointRemoved>;

// ── State ──

interface KnownPerson {
  readonly status: 'current' | 'left';
  /** The survivor, while they are merged into one. */
  readonly mergedInto?: string;
  readonly relationship: Relationship;
  readonly details: Details;
  readonly signIns: { readonly [signInId: string]: Sealed<Account> };
  readonly affiliations: Affiliations;
  readonly contactPoints: ContactPoints;
}
export type Person = { readonly status: 'unknown' } | KnownPerson;

function evolve(state: Person, event: PersonEvent): Person {
  if (event.type === 'ContactAdded') {
    const { relationship, externalNumber: _, ...values } = event.data;
    return { status: 'current', relationship, details: values, signIns: {}, affiliations: {}, contactPoints: {} };
  }
  if (state.status === 'unknown') return state;
  switch (event.type) {
    case 'DetailsCorrected':
      return { ...state, details: evolveDetails(state.details, event) };
    case 'PersonLeft':
      return { ...state, status: 'left' };
    case 'SignInBound':
      return { ...state, signIns: { ...state.signIns, [event.data.signInId]: event.data.account } };
    case 'SignInRevoked': {
      const { [event.data.signInId]: _, ...signIns } = state.signIns;
      return { ...state, signIns };
    }
    case 'MergedInto':
      return { ...state, mergedInto: event.data.survivor };
    case 'Unmerged':
      return { ...state, mergedInto: undefined };
    case 'AffiliationBegan':
    case 'AffiliationEnded':
      return { ...state, affiliations: evolveAffiliations(state.affiliations, event) };
    case 'ContactPointAdded':
    case 'ContactPointRemoved':
      return { ...state, contactPoints: evolveContactPoints(state.contactPoints, event) };
    default:
      return never(event);
  }
}

// ── Commands ──

export class RecordPersonLeft extends Command {
  @Id({ description: 'The person.' })
  personId!: string;
}

export class BindSignIn extends PersonalDataCommand {
  @Id({ description: 'The person.' })
  personId!: string;

  @Text({ max: 500, description: 'The identity provider: the `iss` of its tokens.' })
  issuer!: string;

  @Text({ max: 255, description: 'The account there: the `sub` of its tokens.' })
  subject!: string;
}

export class AddContactPoint extends AddContactPointCommand {
  @Id({ description: 'The person.' })
  personId!: string;
}

export class RemoveContactPoint extends RemoveContactPointCommand {
  @Id({ description: 'The person.' })
  personId!: string;
}

export class RevokeSignIn extends Command {
  @Id({ description: 'The person.' })
  personId!: string;

  @Id({ description: 'The binding to end.' })
  signInId!: string;
}

// ── Decide ──

const personNotFound = refusal.notFound('person-not-found', 'There is no such person. Add the person first, or check the id.');
const personLeft = refusal.conflict('person-left', 'The relationship with this person has ended.');
const signInNotFound = refusal.notFound('sign-in-not-found', 'This person has no such sign-in.');

/** Decides about a person who is there, also where the relationship has ended. */
function whenKnown<C>(decide: (command: C, person: KnownPerson, context: Context) => Decision) {
  return (c: C, state: Person, context: Context): Decision => (state.status === 'unknown' ? personNotFound() : decide(c, state, context));
}

/** Decides about a person we have a relationship with. */
function whileCurrent<C>(decide: (command: C, person: KnownPerson, context: Context) => Decision) {
  return whenKnown<C>((c, person, context) => (person.status === 'left' ? personLeft() : decide(c, person, context)));
}

function recordPersonLeft(_: RecordPersonLeft, state: Person, { now }: Context): Decision {
  if (state.status === 'unknown') return personNotFound();
  if (state.status === 'left') return [];
  // Who has left is let in no more, and speaks for no organization.
  return [
    PersonLeft({}),
    ...Object.keys(state.signIns).map((signInId) => SignInRevoked({ signInId })),
    ...Object.keys(state.affiliations).map((organization) => AffiliationEnded({ organization, until: now.slice(0, 10) })),
  ];
}

const bindSignIn = whileCurrent<BindSignIn>((c, state, { open, newId }) => {
  const bound = Object.values(state.signIns).some((account) => {
    const known = open(account);
    return !isErased(known) && accountOf(known) === accountOf(c);
  });
  return bound ? [] : [SignInBound({ signInId: newId('sign-in'), account: { issuer: c.issuer, subject: c.subject } })];
});

function revokeSignIn(c: RevokeSignIn, state: Person): Decision {
  if (state.status === 'unknown') return personNotFound();
  if (state.signIns[c.signInId] === undefined) return signInNotFound({ field: 'signInId' });
  return [SignInRevoked({ signInId: c.signInId })];
}

/** The claims of accounts that are revoked, so that they can be bound anew. */
function accounts(sealedAccounts: readonly (Sealed<Account> | undefined)[], open: Context['open']): Claim[] {
  return sealedAccounts.flatMap((sealedAccount) => {
    const account = sealedAccount && open(sealedAccount);
    return account === undefined || isErased(account) ? [] : [{ namespace: SIGN_IN, value: accountOf(account), field: 'signInId' }];
  });
}

export const person = aggregate<Person, PersonEvent>({
  name: 'person',
  events: [
    ContactAdded,
    DetailsCorrected,
    PersonLeft,
    SignInBound,
    SignInRevoked,
    AffiliationBegan,
    AffiliationEnded,
    MergedInto,
    Unmerged,
    ContactPointAdded,
    ContactPointRemoved,
  ],
  initial: { status: 'unknown' },
  evolve,
  facts: (_, actor, id, directory) => ({ self: directory.groupOf(actor.id).includes(id) }),
  commands: [
    command(AddPerson, {
      claims: (c) =>
        c.externalSystem === undefined || c.externalNumber === undefined
          ? []
          : [{ namespace: personNumberIn(c.externalSystem), value: c.externalNumber, field: 'externalNumber' }],
      decide: addPerson,
    }),
    command(CorrectDetails, {
      target: 'personId',
      decide: whileCurrent((c: CorrectDetails, { details }, context) => correctDetails(c, details, context)),
    }),
    command(AddContactPoint, {
      target: 'personId',
      decide: whileCurrent((c: AddContactPoint, { contactPoints }, context) => addContactPoint(c, contactPoints, context)),
    }),
    // What only takes away may be sent to somebody who is merged: nothing else could take it away.
    command(RemoveContactPoint, {
      target: 'personId',
      whileMerged: true,
      decide: whileCurrent((c: RemoveContactPoint, { contactPoints }) => removeContactPoint(c, contactPoints)),
    }),
    command(JoinOrganization, {
      target: 'personId',
      decide: whileCurrent((c: JoinOrganization, { affiliations }, context) => joinOrganization(c, affiliations, context)),
    }),
    command(LeaveOrganization, {
      target: 'personId',
      whileMerged: true,
      decide: whileCurrent((c: LeaveOrganization, { affiliations }, context) => leaveOrganization(c, affiliations, context)),
    }),
    command(MoveToOrganization, {
      target: 'personId',
      decide: whileCurrent((c: MoveToOrganization, { affiliations }, context) => moveToOrganization(c, affiliations, context)),
    }),
    command(MergePeople, {
      target: 'personId',
      other: (c) => c.survivor,
      facts: (c, _: Person, actor, directory) => mergeFacts(c, actor, directory),
      decide: whenKnown((c: MergePeople, _, context) => mergePeople(c, context)),
    }),
    command(UnmergePerson, { target: 'personId', whileMerged: true, decide: whenKnown(unmergePerson) }),
    command(RecordPersonLeft, {
      target: 'personId',
      releases: (_, state: Person, { open }) => (state.status === 'unknown' ? [] : accounts(Object.values(state.signIns), open)),
      decide: recordPersonLeft,
    }),
    command(BindSignIn, {
      target: 'personId',
      claims: (c) => [{ namespace: SIGN_IN, value: accountOf(c), field: 'subject' }],
      decide: bindSignIn,
    }),
    command(RevokeSignIn, {
      target: 'personId',
      whileMerged: true,
      releases: (c, state: Person, { open }) => (state.status === 'unknown' ? [] : accounts([state.signIns[c.signInId]], open)),
      decide: revokeSignIn,
    }),
  ],
});
