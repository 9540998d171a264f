import {
  CallHistoryImported,
  CommunicationAdded,
  ContactAdded,
  ContactPointAdded,
  ContactPointRemoved,
  DetailsCorrected,
  NoteCorrected,
  NoteTaken,
  SignInBound,
  SignInRevoked,
} from '@rapport/domain';
import { eventId, given, happened, readable, type Happened } from '@rapport/read-model/testing';
import { isSealed, type ActorKind, type Sealed } from '@rapport/kernel';
import { nothingKnown } from '@rapport/kernel/testing';
import { myData, readMyData } from './my-data';

const ALICE = '0a000000-0000-4000-8000-000000000001';
const BOB = '0a000000-0000-4000-8000-000000000002';
const PERSON = `person-${ALICE}`;
const CALL = 'supportCall-0d000000-0000-4000-8000-000000000001';
const CONVERSATION = 'conversation-0c000000-0000-4000-8000-000000000001';

interface Shown {
  readonly field: string;
  readonly value: Sealed;
  readonly current: boolean;
}

/** What Alice sees of it: field, value, and whether it is current. */
const shown = (...events: readonly Happened[]) => shownTo('person', ...events);
async function shownTo(kind: ActorKind, ...events: readonly Happened[]): Promise<[string, unknown, boolean][]> {
  const model = given(...events).readModel(myData);
  const found = await readMyData.find(model.db, { personId: ALICE }, { kind, id: ALICE }, nothingKnown, '2026-03-31T10:00:00.000Z');
  await model.close();
  const { values } = found!.answer as { values: readonly Shown[] };
  return values.map(({ field, value, current }) => [field, isSealed(value) ? readable(value) : value, current]);
}

const added = happened(ContactAdded, PERSON, { relationship: 'customer', name: 'Alice', email: 'alice@example.org' });
const note = happened(NoteTaken, CONVERSATION, { participants: [ALICE, BOB], noteId: 'n', text: 'At noon' });

describe('my data', () => {
  it('shows each value once, in the order they came', async () => {
    expect(await shown(added, note)).toEqual([
      ['email', 'alice@example.org', true],
      ['name', 'Alice', true],
      ['text', 'At noon', true],
    ]);
  });

  it('keeps a detail that was corrected or taken away, no longer as current, until it comes anew', async () => {
    const corrected = happened(DetailsCorrected, PERSON, { name: 'Alice Arden', removed: ['email'] });
    const again = happened(DetailsCorrected, PERSON, { email: 'arden@example.org', removed: [] });
    expect(await shown(added, corrected, again)).toEqual([
      ['email', 'alice@example.org', false],
      ['name', 'Alice', false],
      ['name', 'Alice Arden', true],
      ['email', 'arden@example.org', true],
    ]);
  });

  it('knows a corrected note from the others of the same conversation', async () => {
    const other = happened(NoteTaken, CONVERSATION, { participants: [ALICE, BOB], noteId: 'm', text: 'By train' });
    const corrected = happened(NoteCorrected, CONVERSATION, {
      participants: [ALICE, BOB],
      noteId: 'n',
      supersedes: eventId(1),
      text: 'At one',
    });
    expect(await shown(note, other, corrected)).toEqual([
      ['text', 'At noon', false],
      ['text', 'By train', true],
      ['text', 'At one', true],
    ]);
  });

  it('knows that a sign-in was revoked, and a way to reach them removed', async () => {
    const account = { issuer: 'https://id.example.org/', subject: 'alice' };
    const events = [
      happened(SignInBound, PERSON, { signInId: 's1', account }),
      happened(SignInBound, PERSON, { signInId: 's2', account: { ...account, subject: 'alice2' } }),
      happened(SignInRevoked, PERSON, { signInId: 's1' }),
      happened(ContactPointAdded, PERSON, { contactPointId: 'c1', kind: 'mobile', value: '+31 6 1', label: 'private' }),
      happened(ContactPointRemoved, PERSON, { contactPointId: 'c1' }),
    ];
    expect(await shown(...events)).toEqual([
      ['account', account, false],
      ['account', { ...account, subject: 'alice2' }, true],
      ['label', 'private', false],
      ['value', '+31 6 1', false],
    ]);
  });

  it('knows the words of an imported call that hold, whatever order its rows came in', async () => {
    const row = (category: string, latest: boolean) =>
      happened(CallHistoryImported, CALL, { caller: ALICE, counter: 1, latest, status: 'new', changed: [], terms: { category } });
    expect(await shown(row('A', true), row('B', true), row('C', false))).toEqual([
      ['terms', { category: 'A' }, false],
      ['terms', { category: 'B' }, true],
      ['terms', { category: 'C' }, false],
    ]);
  });

  it('says that colleagues noted something internally, and does not show it', async () => {
    const said = (direction: 'internal' | 'to-caller') =>
      happened(CommunicationAdded, CALL, { caller: ALICE, communicationId: direction, direction, text: 'He sounds tired.' });
    expect(await shown(said('internal'), said('to-caller'))).toEqual([
      ['text', { withheld: true, category: 'support' }, true],
      ['text', 'He sounds tired.', true],
    ]);
  });

  it('shows what is about others too to whoever took part, but for those who work here', async () => {
    const own = happened(NoteTaken, CONVERSATION, { participants: [ALICE], noteId: 'm', text: 'By train' });
    for (const kind of ['staff', 'auditor'] as const) {
      expect(await shownTo(kind, note, own)).toEqual([
        ['text', { withheld: true, category: 'conversation' }, true],
        ['text', 'By train', true],
      ]);
    }
  });

  it('leaves the details of others alone', async () => {
    const bob = happened(ContactAdded, `person-${BOB}`, { relationship: 'customer', name: 'Bob' });
    const corrected = happened(DetailsCorrected, `person-${BOB}`, { name: 'Robert', removed: [] });
    expect(await shown(added, bob, corrected)).toEqual([
      ['email', 'alice@example.org', true],
      ['name', 'Alice', true],
    ]);
  });
});
