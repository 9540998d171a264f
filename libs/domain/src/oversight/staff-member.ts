/** What a colleague may do here: roles given by another, and confidentiality training attested by another. */
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
  type Context,
  type Decision,
} from '@rapport/kernel';
import { Command } from '../commands';

export const ROLES = ['support', 'sales', 'consultancy', 'administrator', 'privacy-officer'] as const;
export type Role = (typeof ROLES)[number];

const role = plain<Role>('one of a few words; a role at work');

/** Roles and training serve security and accountability, and nothing else (promise R25). */
const notShown = 'it serves security and accountability only: in the audit trail';

export const RoleGranted = declareEvent('RoleGranted', { title: 'A colleague was given a role', fields: { role } });
export const RoleWithdrawn = declareEvent('RoleWithdrawn', { title: 'A role was taken from a colleague', notShown, fields: { role } });
export const TrainingAttested = declareEvent('TrainingAttested', {
  title: 'Somebody attested that a colleague completed the confidentiality training',
  notShown,
  fields: {
    completedOn: plain<string>('a day'),
    validUntil: plain<string>('a day'),
  },
});

export type StaffEvent = Recorded<typeof RoleGranted> | Recorded<typeof RoleWithdrawn> | Recorded<typeof TrainingAttested>;

export interface StaffMember {
  readonly roles: readonly Role[];
  /** The last day on which the training counts; a day. */
  readonly trainedUntil?: string;
}

export function evolveStaff(state: StaffMember, event: StaffEvent): StaffMember {
  switch (event.type) {
    case 'RoleGranted':
      return { ...state, roles: [...state.roles, event.data.role] };
    case 'RoleWithdrawn':
      return { ...state, roles: state.roles.filter((role) => role !== event.data.role) };
    case 'TrainingAttested': {
      // An earlier training that is attested later takes nothing away.
      const { trainedUntil = '' } = state;
      return { ...state, trainedUntil: event.data.validUntil > trainedUntil ? event.data.validUntil : trainedUntil };
    }
    default:
      return never(event);
  }
}

/** Whether somebody is trained at an instant (ISO 8601, UTC): the training counts until the end of its last day. */
export const isTrained = (member: StaffMember | undefined, at: string): boolean =>
  member?.trainedUntil !== undefined && at.slice(0, 10) <= member.trainedUntil;

abstract class StaffCommand extends Command {
  @Id({ owner: true, description: 'The colleague, as a person of the record.' })
  personId!: string;
}

export class GrantRole extends StaffCommand {
  @OneOf(ROLES, { description: 'The role.' })
  role!: Role;
}

export class WithdrawRole extends StaffCommand {
  @OneOf(ROLES, { description: 'The role.' })
  role!: Role;
}

export class AttestTraining extends StaffCommand {
  @Day({ description: 'When the training was completed.' })
  completedOn!: string;

  @Day({ description: 'The last day on which it counts; at most two years later.' })
  validUntil!: string;
}

const trainingInFuture = refusal.invalid('training-in-future', 'A training is attested after it was completed.');
const trainingNeverValid = refusal.invalid('training-never-valid', 'The training must count beyond the day it was completed.');
const trainingTooLong = refusal.invalid('training-too-long', 'A training counts for two years at most; then it is repeated.');

const colleagueLeft = refusal.conflict('colleague-left', 'This person works here no longer.');

function grantRole(c: GrantRole, state: StaffMember, { directory }: Context): Decision {
  if (directory.hasLeft(c.personId)) return colleagueLeft({ field: 'personId' });
  return state.roles.includes(c.role) ? [] : [RoleGranted({ role: c.role })];
}

function withdrawRole(c: WithdrawRole, state: StaffMember): Decision {
  return state.roles.includes(c.role) ? [RoleWithdrawn({ role: c.role })] : [];
}

function attestTraining(c: AttestTraining, _: StaffMember, { now, directory }: Context): Decision {
  if (directory.hasLeft(c.personId)) return colleagueLeft({ field: 'personId' });
  if (c.completedOn > now.slice(0, 10)) return trainingInFuture({ field: 'completedOn' });
  if (c.validUntil <= c.completedOn) return trainingNeverValid({ field: 'validUntil' });
  const latest = `${Number(c.completedOn.slice(0, 4)) + 2}${c.completedOn.slice(4)}`;
  if (c.validUntil > latest) return trainingTooLong({ field: 'validUntil' });
  return [TrainingAttested({ completedOn: c.completedOn, validUntil: c.validUntil })];
}

/** Nobody grants a role to themselves or attests their own training. */
const isOwn = (c: StaffCommand, actor: { id: string }) => c.personId === actor.id;

/** A staff member has the id of the person they are. */
export const staffMember = aggregate<StaffMember, StaffEvent>({
  name: 'staffMember',
  events: [RoleGranted, RoleWithdrawn, TrainingAttested],
  initial: { roles: [] },
  evolve: evolveStaff,
  commands: [
    command(GrantRole, { id: (c) => c.personId, facts: (c, _, actor) => ({ grantsToSelf: isOwn(c, actor) }), decide: grantRole }),
    command(WithdrawRole, { id: (c) => c.personId, decide: withdrawRole }),
    command(AttestTraining, { id: (c) => c.personId, facts: (c, _, actor) => ({ attestsSelf: isOwn(c, actor) }), decide: attestTraining }),
  ],
});
