import { ContactAdded, NoteTaken, PersonLeft, RoleGranted, SignInBound, SignInRevoked, TrainingAttested } from '@rapport/domain';
import type { Actor } from '@rapport/kernel';
import { nothingKnown } from '@rapport/kernel/testing';
import { given, happened, type Happened } from '@rapport/read-model/testing';
import { readTimeline, timeline } from './timeline';

const SAM = '5a000000-0000-4000-8000-000000000001';
const ALICE = '0a000000-0000-4000-8000-000000000001';
const actor: Actor = { kind: 'staff', id: SAM };

async function find(person: string, ...events: readonly Happened[]) {
  const model = given(...events).readModel(timeline);
  const found = await readTimeline.find(
    model.db,
    { personId: person, purpose: 'customer-service' },
    actor,
    nothingKnown,
    '2026-03-31T10:00:00.000Z',
  );
  await model.close();
  return found;
}
const whatIn = async (person: string, ...events: readonly Happened[]) =>
  ((await find(person, ...events))?.answer as { entries: { type: string }[] } | undefined)?.entries.map(({ type }) => type);

describe('the timeline of a person', () => {
  const added = happened(ContactAdded, `person-${ALICE}`, { relationship: 'customer', name: 'Alice' });
  const note = happened(NoteTaken, 'conversation-0c000000-0000-4000-8000-000000000001', {
    participants: [ALICE, SAM],
    noteId: 'n',
    text: 'x',
  });
  const left = happened(PersonLeft, `person-${ALICE}`, {});

  it('has everything that names them, newest first', async () => {
    expect(await whatIn(ALICE, added, note, left)).toEqual(['PersonLeft', 'NoteTaken', 'ContactAdded']);
    expect(await whatIn(SAM, added, note, left)).toEqual(['NoteTaken']);
  });

  it('says nothing of how somebody signs in, nor of a colleague’s roles and trainings', async () => {
    const account = { issuer: 'https://id.example.org/', subject: 'sam' };
    const others = [
      happened(SignInBound, `person-${SAM}`, { signInId: 's', account }),
      happened(SignInRevoked, `person-${SAM}`, { signInId: 's' }),
      happened(RoleGranted, `staffMember-${SAM}`, { role: 'support' }),
      happened(TrainingAttested, `staffMember-${SAM}`, { completedOn: '2026-03-01', validUntil: '2027-03-01' }),
    ];
    expect(await whatIn(SAM, ...others)).toBeUndefined();
  });

  it('tells whom it is about, and whether that is who asks', async () => {
    expect(await find(ALICE, added)).toMatchObject({ of: `person-${ALICE}`, about: [ALICE], facts: { self: false } });
    expect(await find(SAM, note)).toMatchObject({ about: [SAM], facts: { self: true } });
  });
});
