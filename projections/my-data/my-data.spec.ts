import { ContactAdded, DetailsCorrected, NoteCorrected, NoteTaken } from '@rapport/domain';
import { eventId, given, happened, readable, type Happened } from '@rapport/read-model/testing';
import type { Sealed } from '@rapport/kernel';
import { nothingKnown } from '@rapport/kernel/testing';
import { myData, readMyData } from './my-data';

const ALICE = '0a000000-0000-4000-8000-000000000001';
const BOB = '0a000000-0000-4000-8000-000000000002';
const PERSON = `person-${ALICE}`;
const CONVERSATION = 'conversation-0c000000-0000-4000-8000-000000000001';

interface Shown {
  readonly field: string;
  readonly value: Sealed;
  readonly current: boolean;
}

/** What Alice sees of it: field, value, and whether it is current. */
async function shown(...events: readonly Happened[]): Promise<[string, unknown, boolean][]> {
  const model = given(...events).readModel(myData);
  const found = await readMyData.find(
    model.db,
    { personId: ALICE },
    { kind: 'person', id: ALICE },
    nothingKnown,
    '2026-03-31T10:00:00.000Z',
  );
  await model.close();
  const { values } = found!.answer as { values: readonly Shown[] };
  return values.map(({ field, value, current }) => [field, readable(value), current]);
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

  it('leaves the details of others alone', async () => {
    const bob = happened(ContactAdded, `person-${BOB}`, { relationship: 'customer', name: 'Bob' });
    const corrected = happened(DetailsCorrected, `person-${BOB}`, { name: 'Robert', removed: [] });
    expect(await shown(added, bob, corrected)).toEqual([
      ['email', 'alice@example.org', true],
      ['name', 'Alice', true],
    ]);
  });
});
