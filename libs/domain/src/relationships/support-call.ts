/** A support call: what somebody asked of us, how it was dealt with, what was said, and what they thought of it. */
import {
  aggregate,
  command,
  declareEvent,
  Id,
  never,
  OneOf,
  plain,
  type Recorded,
  refusal,
  sealed,
  Slug,
  Text,
  Whole,
  whose,
  type Context,
  type Decision,
} from '@rapport/kernel';
import { CHANNELS, type Channel, Command, PersonalDataCommand } from '../commands';
import {
  CallHistoryImported,
  callNumberIn,
  evolveHistory,
  importCallChange,
  ImportCallChange,
  type CallStatus,
  type History,
} from './support-call-history';

// ── Events ──

const WORKING_STATUSES = ['active', 'awaiting-caller', 'awaiting-vendor', 'awaiting-problem', 'awaiting-evidence'] as const;
type WorkingStatus = (typeof WORKING_STATUSES)[number];

export const URGENCIES = ['critical', 'high', 'medium', 'low'] as const;
export type Urgency = (typeof URGENCIES)[number];

const callersOwn = whose.soleSubject('caller');
const caller = plain<string | undefined>('id of a person, made here, random');
const catalog = 'a key of the service desk’s catalog, shared by many calls';

export const CallOpened = declareEvent('CallOpened', {
  title: 'A support call was opened',
  fields: {
    caller,
    organization: plain<string | undefined>('id of an organization, made here, random'),
    medium: plain<Channel>('one of a few words'),
    urgency: plain<Urgency>('one of four words'),
    subject: sealed<string>('support', callersOwn),
    description: sealed<string | undefined>('support', callersOwn),
  },
});

export const CallCategorized = declareEvent('CallCategorized', {
  title: 'A call was categorized',
  fields: { category: plain<string>(catalog), subcategory: plain<string | undefined>(catalog) },
});

export const CallAssigned = declareEvent('CallAssigned', {
  title: 'A call was assigned',
  fields: {
    group: plain<string | undefined>('the key of a team'),
    assignee: plain<string | undefined>('id of a colleague, made here, random'),
  },
});

export const CallStatusChanged = declareEvent('CallStatusChanged', {
  title: 'The status of a call changed',
  fields: { from: plain<CallStatus>('one of a few words'), to: plain<WorkingStatus>('one of a few words') },
});

export const DIRECTIONS = ['to-caller', 'from-caller', 'internal'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export const CommunicationAdded = declareEvent('CommunicationAdded', {
  title: 'Something was said or written about a call',
  fields: {
    caller,
    communicationId: plain<string>('made here, random'),
    direction: plain<Direction>('one of three words'),
    text: sealed<string>('support', callersOwn),
  },
});

export const CallResolved = declareEvent('CallResolved', {
  title: 'A call was resolved',
  fields: { caller, resolution: sealed<string>('support', callersOwn) },
});

export const CallReopened = declareEvent('CallReopened', {
  title: 'A resolved call was opened again',
  fields: { caller, reason: sealed<string>('support', callersOwn) },
});

export const CallClosed = declareEvent('CallClosed', { title: 'A call was closed', fields: {} });

export const FeedbackGiven = declareEvent('FeedbackGiven', {
  title: 'The caller said what they thought of it',
  fields: {
    caller,
    score: plain<number>('a number from 1 to 5'),
    comment: sealed<string | undefined>('feedback', callersOwn),
  },
});

type CallEvent =
  | Recorded<typeof CallOpened>
  | Recorded<typeof CallCategorized>
  | Recorded<typeof CallAssigned>
  | Recorded<typeof CallStatusChanged>
  | Recorded<typeof CommunicationAdded>
  | Recorded<typeof CallResolved>
  | Recorded<typeof CallReopened>
  | Recorded<typeof CallClosed>
  | Recorded<typeof FeedbackGiven>
  | Recorded<typeof CallHistoryImported>;

// ── State ──

export interface OpenedCall {
  readonly caller: string | undefined;
  readonly organization?: string;
  readonly status: CallStatus;
  readonly category?: string;
  readonly subcategory?: string;
  readonly group?: string;
  readonly assignee?: string;
  readonly feedback: boolean;
  /** What an import brought in, in its own order of time; empty for a call that was opened here. */
  readonly history: History;
}
export type SupportCall = { readonly status: 'none' } | OpenedCall;

const isNone = (state: SupportCall): state is { readonly status: 'none' } => state.status === 'none';

function evolve(state: SupportCall, event: CallEvent): SupportCall {
  if (event.type === 'CallOpened') {
    return { status: 'new', caller: event.data.caller, organization: event.data.organization, feedback: false, history: [] };
  }
  if (event.type === 'CallHistoryImported') {
    const { caller, status, assignee, latest } = event.data;
    const before = isNone(state) ? { caller, status, feedback: false, history: [] } : state;
    return { ...before, ...(latest ? { status, assignee } : {}), history: evolveHistory(before.history, event) };
  }
  if (isNone(state)) return state;
  switch (event.type) {
    case 'CallCategorized':
      return { ...state, category: event.data.category, subcategory: event.data.subcategory };
    case 'CallAssigned':
      return { ...state, group: event.data.group, assignee: event.data.assignee };
    case 'CallStatusChanged':
      return { ...state, status: event.data.to };
    case 'CallResolved':
      return { ...state, status: 'resolved' };
    case 'CallReopened':
      return { ...state, status: 'active' };
    case 'CallClosed':
      return { ...state, status: 'closed' };
    case 'FeedbackGiven':
      return { ...state, feedback: true };
    case 'CommunicationAdded':
      return state;
    default:
      return never(event);
  }
}

// ── Commands ──

export class OpenCall extends PersonalDataCommand {
  @Id({ owner: true, description: 'The person who asks.' })
  caller!: string;

  @Id({ owner: true, description: 'The organization they ask for.', optional: true })
  organization?: string;

  @OneOf(CHANNELS, { description: 'How they asked.' })
  medium!: Channel;

  @OneOf(URGENCIES, { description: 'How pressing it is for them. Medium where it is left out.', optional: true })
  urgency?: Urgency;

  @Text({ max: 200, description: 'What it is about.' })
  subject!: string;

  @Text({ max: 20_000, lines: true, description: 'What they said.', optional: true })
  description?: string;
}

abstract class CallCommand extends Command {
  @Id({ description: 'The call.' })
  callId!: string;
}

abstract class PersonalCallCommand extends PersonalDataCommand {
  @Id({ description: 'The call.' })
  callId!: string;
}

export class CategorizeCall extends CallCommand {
  @Slug({ description: 'Category: a key of the service desk’s catalog.' })
  category!: string;

  @Slug({ description: 'Subcategory: a key of that catalog.', optional: true })
  subcategory?: string;
}

export class AssignCall extends CallCommand {
  @Slug({ description: 'The key of the team.', optional: true })
  group?: string;

  @Id({ owner: true, description: 'The colleague.', optional: true })
  assignee?: string;
}

export class ChangeCallStatus extends CallCommand {
  @OneOf(WORKING_STATUSES, { description: 'What the call is in now. Resolving, reopening and closing are commands of their own.' })
  status!: WorkingStatus;
}

export class AddCommunication extends PersonalCallCommand {
  @OneOf(DIRECTIONS, { description: 'Who said it to whom. The caller does not see what is internal while the call is worked on.' })
  direction!: Direction;

  @Text({ max: 20_000, lines: true, description: 'What was said or written.' })
  text!: string;
}

export class ResolveCall extends PersonalCallCommand {
  @Text({ max: 20_000, lines: true, description: 'How it was solved.' })
  resolution!: string;
}

export class ReopenCall extends PersonalCallCommand {
  @Text({ max: 2_000, lines: true, description: 'Why it is not solved.' })
  reason!: string;
}

export class CloseCall extends CallCommand {}

export class GiveFeedback extends PersonalCallCommand {
  @Whole({ min: 1, max: 5, description: 'From 1, poor, to 5, excellent.' })
  score!: number;

  @Text({ max: 2_000, lines: true, description: 'In their own words.', optional: true })
  comment?: string;
}

// ── Decide ──

const callNotFound = refusal.notFound('call-not-found', 'There is no such call. Open it first, or check the id.');
const callClosed = refusal.conflict('call-closed', 'The call is closed. Open a new call.');
const callResolved = refusal.conflict('call-resolved', 'The call is resolved. Reopen it, with a reason, or close it.');
const callNotResolved = refusal.conflict('call-not-resolved', 'The call is not resolved. Resolve it first, and say how.');
const assignedToNobody = refusal.invalid('assigned-to-nobody', 'Name a group, an assignee, or both.');
const assigneeNoColleague = refusal.invalid('assignee-no-colleague', 'A call is assigned to a colleague: somebody with a role here.');
const feedbackGiven = refusal.conflict('feedback-given', 'Feedback was already given on this call.');

const notYourOrganization = refusal.invalid(
  'not-your-organization',
  'You do not belong to this organization. Leave it out, or choose one of yours.',
);

function openCall(c: OpenCall, _: SupportCall, { actor, directory }: Context): Decision {
  // A person speaks for the organizations they belong to; staff may know better than the record.
  if (c.organization !== undefined && actor.kind === 'person' && !directory.organizationsOf(c.caller).includes(c.organization)) {
    return notYourOrganization({ field: 'organization' });
  }
  return [
    CallOpened({
      caller: c.caller,
      organization: c.organization,
      medium: c.medium,
      urgency: c.urgency ?? 'medium',
      subject: c.subject,
      description: c.description,
    }),
  ];
}

/** Decides about a call that is not closed. */
function whileOpen<C>(decide: (command: C, call: OpenedCall, context: Context) => Decision) {
  return (c: C, state: SupportCall, context: Context): Decision => {
    if (isNone(state)) return callNotFound();
    if (state.status === 'closed') return callClosed();
    return decide(c, state, context);
  };
}

const categorizeCall = whileOpen<CategorizeCall>((c, call) =>
  call.category === c.category && call.subcategory === c.subcategory
    ? []
    : [CallCategorized({ category: c.category, subcategory: c.subcategory })],
);

const assignCall = whileOpen<AssignCall>((c, call, { directory }) => {
  if (c.group === undefined && c.assignee === undefined) {
    return assignedToNobody({ field: 'group' });
  }
  if (c.assignee !== undefined && !directory.isStaff(c.assignee)) return assigneeNoColleague({ field: 'assignee' });
  return call.group === c.group && call.assignee === c.assignee ? [] : [CallAssigned({ group: c.group, assignee: c.assignee })];
});

const changeCallStatus = whileOpen<ChangeCallStatus>((c, call) => {
  if (call.status === 'resolved') return callResolved();
  return call.status === c.status ? [] : [CallStatusChanged({ from: call.status, to: c.status })];
});

const addCommunication = whileOpen<AddCommunication>((c, call, { newId }) => [
  CommunicationAdded({ caller: call.caller, communicationId: newId('communication'), direction: c.direction, text: c.text }),
]);

const resolveCall = whileOpen<ResolveCall>((c, call) =>
  call.status === 'resolved' ? callResolved() : [CallResolved({ caller: call.caller, resolution: c.resolution })],
);

const reopenCall = whileOpen<ReopenCall>((c, call) =>
  call.status === 'resolved'
    ? [CallReopened({ caller: call.caller, reason: c.reason })]
    : callNotResolved({ detail: 'Only what was resolved can be reopened.' }),
);

const closeCall = whileOpen<CloseCall>((_, call) => (call.status === 'resolved' ? [CallClosed({})] : callNotResolved()));

function giveFeedback(c: GiveFeedback, state: SupportCall): Decision {
  if (isNone(state)) return callNotFound();
  if (state.status !== 'resolved' && state.status !== 'closed')
    return callNotResolved({ detail: 'Feedback is about how the call was resolved: give it then.' });
  if (state.feedback) return feedbackGiven();
  return [FeedbackGiven({ caller: state.caller, score: c.score, comment: c.comment })];
}

export const supportCall = aggregate<SupportCall, CallEvent>({
  name: 'supportCall',
  events: [
    CallOpened,
    CallCategorized,
    CallAssigned,
    CallStatusChanged,
    CommunicationAdded,
    CallResolved,
    CallReopened,
    CallClosed,
    FeedbackGiven,
    CallHistoryImported,
  ],
  initial: { status: 'none' },
  evolve,
  facts: (state, actor, _, directory) => ({
    contact: !isNone(state) && state.organization !== undefined && directory.organizationsOf(actor.id).includes(state.organization),
    caller: !isNone(state) && state.caller !== undefined && directory.groupOf(actor.id).includes(state.caller),
  }),
  commands: [
    command(OpenCall, {
      facts: (c, _, actor, directory) => ({ caller: directory.groupOf(actor.id).includes(c.caller) }),
      decide: openCall,
    }),
    command(CategorizeCall, { target: 'callId', decide: categorizeCall }),
    command(AssignCall, { target: 'callId', decide: assignCall }),
    command(ChangeCallStatus, { target: 'callId', decide: changeCallStatus }),
    command(AddCommunication, {
      target: 'callId',
      facts: (c) => ({ fromCaller: c.direction === 'from-caller' }),
      decide: addCommunication,
    }),
    command(ResolveCall, { target: 'callId', decide: resolveCall }),
    command(ReopenCall, { target: 'callId', decide: reopenCall }),
    command(CloseCall, { target: 'callId', decide: closeCall }),
    command(GiveFeedback, { target: 'callId', decide: giveFeedback }),
    command(ImportCallChange, {
      identifiedBy: (c) => ({ namespace: callNumberIn(c.system), value: c.number, field: 'number' }),
      decide: (c, state: SupportCall, context) => importCallChange(c, isNone(state) ? undefined : state, context),
    }),
  ],
});
