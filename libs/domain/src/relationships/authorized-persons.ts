/**
 * Who may decide for an organization (promises R19, R20): appointed on evidence, for kinds of request, from a day on,
 * until a day or until it is ended; delegated to a colleague of theirs for a while. One stream an organization, so
 * that two appointments cannot overlap unseen.
 */
import {
  aggregate,
  command,
  Day,
  declareEvent,
  Id,
  never,
  OneOf,
  plain,
  type Recorded,
  refusal,
  sealed,
  Text,
  whose,
  type Context,
  type Decision,
} from '@rapport/kernel';
import { Command, PersonalDataCommand } from '../commands';
import { organizationUnknown } from './affiliation';

// ── Events ──

/** What an authorized person may approve or ask for. */
export const AUTHORITY_KINDS = ['services', 'organization-data', 'access-to-information'] as const;
export type AuthorityKind = (typeof AUTHORITY_KINDS)[number];

const appointmentId = plain<string>('made here, random');
const kinds = plain<readonly AuthorityKind[]>('a few words of three');
const person = plain<string>('id of a person, made here, random');

export const AuthorizedPersonAppointed = declareEvent('AuthorizedPersonAppointed', {
  title: 'An organization authorized somebody to decide for it',
  fields: {
    appointmentId,
    person,
    kinds,
    since: plain<string>('a day'),
    until: plain<string | undefined>('a day'),
    evidence: sealed<string>('authorization', whose.field('person')),
  },
});

export const AuthorityDelegated = declareEvent('AuthorityDelegated', {
  title: 'An authorized person let somebody decide in their place for a while',
  fields: {
    appointmentId,
    /** The appointment it comes from: it ends with that one. */
    from: plain<string>('made here, random'),
    person,
    kinds,
    since: plain<string>('a day'),
    until: plain<string>('a day'),
  },
});

export const AuthorityEnded = declareEvent('AuthorityEnded', {
  title: 'Somebody may no longer decide for an organization',
  fields: { appointmentId, until: plain<string>('a day') },
});

export type AuthorizationEvent =
  Recorded<typeof AuthorizedPersonAppointed> | Recorded<typeof AuthorityDelegated> | Recorded<typeof AuthorityEnded>;

// ── State ──

export interface Appointment {
  readonly person: string;
  readonly kinds: readonly AuthorityKind[];
  /** Days, both included. */
  readonly since: string;
  readonly until?: string;
  /** Of a delegation: the appointment it comes from. */
  readonly from?: string;
}
/** Appointment id → appointment, those that have ended included. */
export type Appointments = { readonly [appointmentId: string]: Appointment };

export function evolveAppointments(state: Appointments, event: AuthorizationEvent): Appointments {
  switch (event.type) {
    case 'AuthorizedPersonAppointed':
    case 'AuthorityDelegated': {
      const { appointmentId: id, person: who, kinds: what, since, until } = event.data;
      return { ...state, [id]: { person: who, kinds: what, since, until, from: 'from' in event.data ? event.data.from : undefined } };
    }
    case 'AuthorityEnded': {
      const { appointmentId: id, until } = event.data;
      const known = state[id];
      return known === undefined ? state : { ...state, [id]: { ...known, until } };
    }
    default:
      return never(event);
  }
}

const holds = ({ since, until }: Appointment, day: string) => since <= day && (until === undefined || day <= until);

/** Whether an appointment holds on a day, and so does the one it was delegated from. */
export function isInForce(appointments: Appointments, appointment: Appointment, day: string): boolean {
  if (!holds(appointment, day)) return false;
  const origin = appointment.from === undefined ? undefined : appointments[appointment.from];
  return appointment.from === undefined || (origin !== undefined && isInForce(appointments, origin, day));
}

/** The kinds somebody may decide about on a day. */
export function authorityOf(appointments: Appointments, who: string, day: string): readonly AuthorityKind[] {
  const mine = Object.values(appointments).filter((each) => each.person === who && isInForce(appointments, each, day));
  return AUTHORITY_KINDS.filter((kind) => mine.some((each) => each.kinds.includes(kind)));
}

// ── Commands ──

export class AppointAuthorizedPerson extends PersonalDataCommand {
  @Id({ description: 'The organization.' })
  organizationId!: string;

  @Id({ owner: true, description: 'The person, a contact person of the organization.' })
  person!: string;

  @OneOf(AUTHORITY_KINDS, { list: true, description: 'What they may decide about.' })
  kinds!: AuthorityKind[];

  @Day({ description: 'The first day. Today where it is left out.', optional: true })
  since?: string;

  @Day({ description: 'The last day, where there is one.', optional: true })
  until?: string;

  @Text({
    max: 2_000,
    lines: true,
    description: 'By what the organization showed that it authorizes them: a letter, a resolution, an extract.',
  })
  evidence!: string;
}

export class DelegateAuthority extends Command {
  @Id({ description: 'The organization.' })
  organizationId!: string;

  @Id({ description: 'The appointment that is delegated.' })
  appointmentId!: string;

  @Id({ owner: true, description: 'Who decides in their place: another contact person of the organization.' })
  person!: string;

  @OneOf(AUTHORITY_KINDS, {
    list: true,
    description: 'What they may decide about; what the appointment covers where it is left out.',
    optional: true,
  })
  kinds?: AuthorityKind[];

  @Day({ description: 'The first day. Today where it is left out.', optional: true })
  since?: string;

  @Day({ description: 'The last day. A delegation always has one.' })
  until!: string;
}

export class EndAuthority extends Command {
  @Id({ description: 'The organization.' })
  organizationId!: string;

  @Id({ description: 'The appointment or delegation.' })
  appointmentId!: string;

  @Day({ description: 'The last day. Yesterday where it is left out, so that it ends at once.', optional: true })
  until?: string;
}

// ── Decide ──

const notAContact = refusal.invalid(
  'not-a-contact-of-the-organization',
  'Only a contact person of the organization can decide for it. Let the person join it first.',
);
const appointmentBackwards = refusal.invalid('appointment-backwards', 'The last day is before the first.');
const appointmentOverlaps = refusal.conflict(
  'appointment-overlaps',
  'The person may decide about this already in that time; `appointment` is its id. End it first, or choose another time or other kinds.',
);
const appointmentNotFound = refusal.notFound('appointment-not-found', 'There is no such appointment.');
const appointmentOver = refusal.conflict('appointment-over', 'This appointment has ended. Appoint the person anew.');
const beyondAppointment = refusal.invalid(
  'delegation-beyond-appointment',
  'Nobody delegates more, or for longer, than they hold themselves.',
);
const delegationAgain = refusal.conflict(
  'delegation-delegated',
  'What was delegated is not delegated again. The person who was appointed can.',
);
const delegationToSelf = refusal.invalid('delegation-to-oneself', 'A delegation is to somebody else.');

/** Refused where the person holds one of these kinds already in that time. */
function overlap(state: Appointments, wanted: Appointment) {
  const found = Object.entries(state).find(
    ([, each]) =>
      each.person === wanted.person &&
      each.kinds.some((kind) => wanted.kinds.includes(kind)) &&
      (wanted.until === undefined || each.since <= wanted.until) &&
      (each.until === undefined || wanted.since <= each.until),
  );
  return found === undefined ? undefined : appointmentOverlaps({ field: 'since', more: { appointment: found[0] } });
}

function appoint(c: AppointAuthorizedPerson, state: Appointments, { now, newId, directory }: Context): Decision {
  if (directory.organization(c.organizationId) === undefined) return organizationUnknown({ field: 'organizationId' });
  if (!directory.organizationsOf(c.person).includes(c.organizationId)) return notAContact({ field: 'person' });
  const since = c.since ?? now.slice(0, 10);
  if (c.until !== undefined && c.until < since) return appointmentBackwards({ field: 'until' });
  const wanted = { person: c.person, kinds: c.kinds, since, until: c.until };
  return overlap(state, wanted) ?? [AuthorizedPersonAppointed({ appointmentId: newId('appointment'), ...wanted, evidence: c.evidence })];
}

function delegate(c: DelegateAuthority, state: Appointments, { now, newId, directory }: Context): Decision {
  const held = state[c.appointmentId];
  if (held === undefined) return appointmentNotFound({ field: 'appointmentId' });
  if (held.from !== undefined) return delegationAgain({ field: 'appointmentId' });
  if (held.person === c.person) return delegationToSelf({ field: 'person' });
  if (!directory.organizationsOf(c.person).includes(c.organizationId)) return notAContact({ field: 'person' });
  const kindsGiven = c.kinds ?? held.kinds;
  const since = c.since ?? now.slice(0, 10);
  if (c.until < since) return appointmentBackwards({ field: 'until' });
  if (since < held.since || (held.until !== undefined && held.until < c.until)) return beyondAppointment({ field: 'until' });
  if (kindsGiven.some((kind) => !held.kinds.includes(kind))) return beyondAppointment({ field: 'kinds' });
  const wanted = { person: c.person, kinds: kindsGiven, since, until: c.until };
  return overlap(state, wanted) ?? [AuthorityDelegated({ appointmentId: newId('appointment'), from: c.appointmentId, ...wanted })];
}

function endAuthority(c: EndAuthority, state: Appointments, { now }: Context): Decision {
  const held = state[c.appointmentId];
  if (held === undefined) return appointmentNotFound({ field: 'appointmentId' });
  const today = now.slice(0, 10);
  if (held.until !== undefined && held.until < today) return appointmentOver({ field: 'appointmentId' });
  const until = c.until ?? dayBefore(today);
  return held.until === until ? [] : [AuthorityEnded({ appointmentId: c.appointmentId, until })];
}

const DAY = 86_400_000;
const dayBefore = (day: string) => new Date(Date.parse(`${day}T00:00:00Z`) - DAY).toISOString().slice(0, 10);

/** How the actor stands to the appointment that a command is about. */
const ofAppointment = (c: { appointmentId: string }, state: Appointments, actor: { id: string }) => ({
  ownAppointment: state[c.appointmentId]?.person === actor.id,
});

/** It has the id of the organization. */
export const authorizedPersons = aggregate<Appointments, AuthorizationEvent>({
  name: 'authorizedPersons',
  events: [AuthorizedPersonAppointed, AuthorityDelegated, AuthorityEnded],
  initial: {},
  evolve: evolveAppointments,
  facts: (_, actor, id, directory) => ({ contact: directory.organizationsOf(actor.id).includes(id) }),
  commands: [
    command(AppointAuthorizedPerson, {
      id: (c) => c.organizationId,
      facts: (c, _, actor) => ({ appointsSelf: c.person === actor.id }),
      decide: appoint,
    }),
    command(DelegateAuthority, { id: (c: DelegateAuthority) => c.organizationId, facts: ofAppointment, decide: delegate }),
    command(EndAuthority, { id: (c: EndAuthority) => c.organizationId, facts: ofAppointment, decide: endAuthority }),
  ],
});
