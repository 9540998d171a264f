import { eventId, given, newId, STREAM_ID } from '@rapport/kernel/testing';
import {
  CompleteFollowUp,
  conversation,
  ConversationRecorded,
  CorrectNote,
  FollowUpDone,
  FollowUpPlanned,
  NoteCorrected,
  NoteTaken,
  RecordConversation,
  TakeNote,
} from './conversation';

const ALICE = 'a1000000-0000-4000-8000-000000000001';
const BOB = 'b0000000-0000-4000-8000-000000000001';
const ACME = 'ac000000-0000-4000-8000-000000000001';
const [NOTE, FOLLOW_UP, OTHER] = [1, 2, 3].map((n) => `d0000000-0000-4000-8000-00000000000${n}`) as [string, string, string];
const participants = [ALICE, BOB];
const recorded = ConversationRecorded({ participants, medium: 'telephone', subject: 'Visit' });
const noted = NoteTaken({ participants, noteId: NOTE, text: 'They move in May.' });
const planned = FollowUpPlanned({ participants, followUpId: FOLLOW_UP, due: '2026-04-07', what: 'Send the offer' });
const talk = given(conversation, recorded);
const conversationId = STREAM_ID;

describe('a conversation', () => {
  const fields = { participants, medium: 'telephone', subject: 'Visit' } as const;

  it('is recorded with whom it was, how and about what', () => {
    given(conversation)
      .when(RecordConversation, { ...fields, participants: [ALICE, BOB], organization: ACME })
      .then(ConversationRecorded({ participants, organization: ACME, medium: 'telephone', subject: 'Visit' }));
  });

  it('may bring a note and a follow-up', () => {
    given(conversation)
      .when(RecordConversation, { ...fields, participants: [ALICE], note: 'They move.', followUpDue: '2026-03-31', followUp: 'Call back' })
      .then(
        ConversationRecorded({ participants: [ALICE], medium: 'telephone', subject: 'Visit' }),
        NoteTaken({ participants: [ALICE], noteId: newId('note'), text: 'They move.' }),
        FollowUpPlanned({ participants: [ALICE], followUpId: newId('follow-up'), due: '2026-03-31', what: 'Call back' }),
      );
  });

  it.each([
    ['follow-up-incomplete', { followUpDue: '2026-04-01' }, 'followUp'],
    ['follow-up-incomplete', { followUp: 'Call back' }, 'followUpDue'],
    ['follow-up-past', { followUpDue: '2026-03-30', followUp: 'Call back' }, 'followUpDue'],
  ])('is refused, nothing of it kept: %s', (code, followUp, field) => {
    const recording = { ...fields, participants: [ALICE], note: 'x', ...followUp };
    expect(given(conversation).when(RecordConversation, recording).thenRefused(code).field).toBe(field);
    expect(talk.when(TakeNote, { conversationId, text: 'x', ...followUp }).thenRefused(code).field).toBe(field);
  });
});

describe('a note', () => {
  it('is taken of a conversation, about whoever took part', () => {
    talk
      .when(TakeNote, { conversationId, text: 'They move in May.', followUpDue: '2026-04-07', followUp: 'Send the offer' })
      .then(
        NoteTaken({ participants, noteId: newId('note'), text: 'They move in May.' }),
        FollowUpPlanned({ participants, followUpId: newId('follow-up'), due: '2026-04-07', what: 'Send the offer' }),
      );
    expect(given(conversation).when(TakeNote, { conversationId, text: 'x' }).thenRefused('conversation-not-found').status).toBe(404);
  });

  it('is superseded by its correction, and that by the next one', () => {
    const correcting = { conversationId, noteId: NOTE, text: 'They move in June.' };
    const corrected = (supersedes: string) => NoteCorrected({ participants, noteId: NOTE, supersedes, text: 'They move in June.' });
    given(conversation, recorded, noted)
      .when(CorrectNote, correcting)
      .then(corrected(eventId(2)));
    given(conversation, recorded, noted, corrected(eventId(2)))
      .when(CorrectNote, correcting)
      .then(corrected(eventId(3)));
  });

  it('is not corrected where there is none', () => {
    const correcting = { conversationId, noteId: OTHER, text: 'x' };
    expect(talk.when(CorrectNote, correcting).thenRefused('note-not-found')).toMatchObject({ status: 404, field: 'noteId' });
    given(conversation).when(CorrectNote, correcting).thenRefused('conversation-not-found');
  });
});

describe('a follow-up', () => {
  const completing = { conversationId, followUpId: FOLLOW_UP };

  it('is done once', () => {
    given(conversation, recorded, planned)
      .when(CompleteFollowUp, completing)
      .then(FollowUpDone({ participants, followUpId: FOLLOW_UP }));
    given(conversation, recorded, planned, FollowUpDone({ participants, followUpId: FOLLOW_UP }))
      .when(CompleteFollowUp, completing)
      .thenNothing();
  });

  it('is not done where none was planned', () => {
    const refusal = talk.when(CompleteFollowUp, completing).thenRefused('follow-up-not-found');
    expect(refusal).toMatchObject({ status: 404, field: 'followUpId' });
    given(conversation).when(CompleteFollowUp, completing).thenRefused('conversation-not-found');
  });
});

it('nothing is said of a conversation that was not recorded', () => {
  for (const event of [noted, planned, FollowUpDone({ participants, followUpId: FOLLOW_UP })]) {
    expect(given(conversation, event).state).toEqual({ status: 'none' });
  }
});
