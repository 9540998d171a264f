/** A conversation with one or more people: about what, the notes of it, and what was agreed to follow. */
import {
  aggregate,
  command,
  Day,
  declareEvent,
  Dictionary,
  Id,
  Ids,
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
import { CHANNELS, type Channel, Command, PersonalDataCommand } from '../commands';

// ── Events ──

/** One participant: sealed with their key, so that it goes with them. Several: with the conversation's own. */
const aboutParticipants = whose.soleSubject('participants');
const participants = plain<readonly string[]>('ids of people, made here, random');
const organization = plain<string | undefined>('id of an organization, made here, random');

export const ConversationRecorded = declareEvent('ConversationRecorded', {
  title: 'A conversation took place',
  fields: {
    participants,
    organization,
    medium: plain<Channel>('one of a few words'),
    subject: sealed<string>('conversation', aboutParticipants),
  },
});

export const NoteTaken = declareEvent('NoteTaken', {
  title: 'A note was taken of a conversation',
  fields: {
    participants,
    noteId: plain<string>('made here, random'),
    text: sealed<string>('conversation', aboutParticipants),
  },
});

export const NoteCorrected = declareEvent('NoteCorrected', {
  title: 'A note was corrected; the correction supersedes it',
  fields: {
    participants,
    noteId: plain<string>('made here, random'),
    supersedes: plain<string>('id of the event that held the text until now'),
    text: sealed<string>('conversation', aboutParticipants),
  },
});

export const FollowUpPlanned = declareEvent('FollowUpPlanned', {
  title: 'It was agreed to come back to somebody',
  fields: {
    participants,
    followUpId: plain<string>('made here, random'),
    due: plain<string>('a day, no more'),
    what: sealed<string>('conversation', aboutParticipants),
  },
});

export const FollowUpDone = declareEvent('FollowUpDone', {
  title: 'What was agreed was done',
  fields: { participants, followUpId: plain<string>('made here, random') },
});

type ConversationEvent =
  | Recorded<typeof ConversationRecorded>
  | Recorded<typeof NoteTaken>
  | Recorded<typeof NoteCorrected>
  | Recorded<typeof FollowUpPlanned>
  | Recorded<typeof FollowUpDone>;

// ── State ──

export type Conversation =
  | { readonly status: 'none' }
  | {
      readonly status: 'recorded';
      readonly participants: readonly string[];
      /** Note id → id of the event that holds its current text. */
      readonly notes: Dictionary<string>;
      /** By the follow-up's id. */
      readonly followUps: Dictionary<'planned' | 'done'>;
    };

function evolve(state: Conversation, event: ConversationEvent): Conversation {
  if (event.type === 'ConversationRecorded') {
    return { status: 'recorded', participants: event.data.participants, notes: Dictionary.empty(), followUps: Dictionary.empty() };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'NoteTaken':
    case 'NoteCorrected':
      return { ...state, notes: state.notes.with(event.data.noteId, event.id) };
    case 'FollowUpPlanned':
      return { ...state, followUps: state.followUps.with(event.data.followUpId, 'planned') };
    case 'FollowUpDone':
      return { ...state, followUps: state.followUps.with(event.data.followUpId, 'done') };
    default:
      return never(event);
  }
}

// ── Commands ──

export class RecordConversation extends PersonalDataCommand {
  @Ids({ min: 1, max: 50, owner: true, description: 'The people it was with.' })
  participants!: string[];

  @Id({ owner: true, description: 'The organization it was about, where it was about one.', optional: true })
  organization?: string;

  @OneOf(CHANNELS, { description: 'How it was held.' })
  medium!: Channel;

  @Text({ max: 200, description: 'What it was about.' })
  subject!: string;

  @Text({ max: 20_000, lines: true, description: 'A first note of it.', optional: true })
  note?: string;

  @Day({ description: 'The day by which to come back to them.', optional: true })
  followUpDue?: string;

  @Text({ max: 500, description: 'What to come back with.', optional: true })
  followUp?: string;
}

export class TakeNote extends PersonalDataCommand {
  @Id({ description: 'The conversation.' })
  conversationId!: string;

  @Text({ max: 20_000, lines: true, description: 'What was said.' })
  text!: string;

  @Day({ description: 'The day by which to come back to them.', optional: true })
  followUpDue?: string;

  @Text({ max: 500, description: 'What to come back with.', optional: true })
  followUp?: string;
}

export class CorrectNote extends PersonalDataCommand {
  @Id({ description: 'The conversation.' })
  conversationId!: string;

  @Id({ description: 'The note.' })
  noteId!: string;

  @Text({ max: 20_000, lines: true, description: 'The whole text as it should be.' })
  text!: string;
}

export class CompleteFollowUp extends Command {
  @Id({ description: 'The conversation.' })
  conversationId!: string;

  @Id({ description: 'The follow-up.' })
  followUpId!: string;
}

// ── Decide ──

const conversationNotFound = refusal.notFound('conversation-not-found', 'There is no such conversation. Record it first, or check the id.');
const noteNotFound = refusal.notFound('note-not-found', 'This conversation has no such note.');
const followUpNotFound = refusal.notFound('follow-up-not-found', 'This conversation has no such follow-up.');
const followUpIncomplete = refusal.invalid(
  'follow-up-incomplete',
  'A follow-up has a day and what it is about: give followUpDue and followUp, or neither.',
);
const followUpPast = refusal.invalid('follow-up-past', 'The day of a follow-up is today or later.');

interface FollowUp {
  readonly followUpDue?: string;
  readonly followUp?: string;
}

/** The follow-up of a command: an event, none, or a refusal where a half of it is missing. */
function planFollowUp({ followUpDue, followUp }: FollowUp, about: readonly string[], { newId, now }: Context): Decision {
  if (followUpDue === undefined && followUp === undefined) return [];
  if (followUpDue === undefined || followUp === undefined) {
    return followUpIncomplete({ field: followUp === undefined ? 'followUp' : 'followUpDue' });
  }
  if (followUpDue < now.slice(0, 10)) return followUpPast({ field: 'followUpDue' });
  return [FollowUpPlanned({ participants: about, followUpId: newId('follow-up'), due: followUpDue, what: followUp })];
}

function recordConversation(c: RecordConversation, _: Conversation, context: Context): Decision {
  const { participants: about } = c;
  const followUp = planFollowUp(c, about, context);
  if ('refusal' in followUp) return followUp;
  const note = c.note === undefined ? [] : [NoteTaken({ participants: about, noteId: context.newId('note'), text: c.note })];
  return [
    ConversationRecorded({ participants: about, organization: c.organization, medium: c.medium, subject: c.subject }),
    ...note,
    ...followUp,
  ];
}

function takeNote(c: TakeNote, state: Conversation, context: Context): Decision {
  if (state.status === 'none') return conversationNotFound();
  const { participants: about } = state;
  const followUp = planFollowUp(c, about, context);
  if ('refusal' in followUp) return followUp;
  return [NoteTaken({ participants: about, noteId: context.newId('note'), text: c.text }), ...followUp];
}

function correctNote(c: CorrectNote, state: Conversation): Decision {
  if (state.status === 'none') return conversationNotFound();
  const supersedes = state.notes.get(c.noteId);
  if (supersedes === undefined) return noteNotFound({ field: 'noteId' });
  return [NoteCorrected({ participants: state.participants, noteId: c.noteId, supersedes, text: c.text })];
}

function completeFollowUp(c: CompleteFollowUp, state: Conversation): Decision {
  if (state.status === 'none') return conversationNotFound();
  const followUp = state.followUps.get(c.followUpId);
  if (followUp === undefined) return followUpNotFound({ field: 'followUpId' });
  return followUp === 'done' ? [] : [FollowUpDone({ participants: state.participants, followUpId: c.followUpId })];
}

export const conversation = aggregate<Conversation, ConversationEvent>({
  name: 'conversation',
  events: [ConversationRecorded, NoteTaken, NoteCorrected, FollowUpPlanned, FollowUpDone],
  initial: { status: 'none' },
  evolve,
  commands: [
    command(RecordConversation, { decide: recordConversation }),
    command(TakeNote, { target: 'conversationId', decide: takeNote }),
    command(CorrectNote, { target: 'conversationId', decide: correctNote }),
    command(CompleteFollowUp, { target: 'conversationId', decide: completeFollowUp }),
  ],
});
