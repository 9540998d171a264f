import { ConversationRecorded, NoteTaken, PersonalDataDisclosed, type DisclosedRecord } from '@rapport/domain';
import { nothingKnown } from '@rapport/kernel/testing';
import { given, happened, type Happened } from '@rapport/read-model/testing';
import { readWhoLooked, whoLooked } from './who-looked';

const [ALICE, BOB, CARL] = [1, 2, 3].map((n) => `0a000000-0000-4000-8000-00000000000${n}`) as [string, string, string];
const SAM = '5a000000-0000-4000-8000-000000000001';
const TALK = '0c000000-0000-4000-8000-000000000001';

const looked = (...records: readonly DisclosedRecord[]) =>
  happened(
    PersonalDataDisclosed,
    'disclosure-0e000000-0000-4000-8000-000000000001',
    { recipient: SAM, query: 'ReadTimeline', records },
    {
      actor: { kind: 'staff', id: SAM },
      purpose: 'customer-service',
      basis: 'contract',
      decision: {
        action: 'ReadTimeline',
        facts: { roles: ['support'] },
        policies: [],
        policySet: '',
        at: '',
        sources: { stream: '', authorities: '' },
      },
    },
  );

/** What a person is told of who looked. */
async function told(person: string, ...events: readonly Happened[]): Promise<readonly object[]> {
  const model = given(...events).readModel(whoLooked);
  const found = await readWhoLooked.find(
    model.db,
    { personId: person },
    { kind: 'person', id: person },
    nothingKnown,
    '2026-03-31T10:00:00.000Z',
  );
  await model.close();
  return (found!.answer as { looks: readonly object[] }).looks;
}

describe('who looked', () => {
  it('tells when, in which role, for what, and what was shown; not who', async () => {
    const [look] = await told(ALICE, looked({ owner: ALICE, categories: ['identity'] }, { owner: BOB, categories: ['contact'] }));
    expect(look).toMatchObject({
      by: 'staff',
      roles: ['support'],
      question: 'ReadTimeline',
      purpose: 'customer-service',
      legalBasis: 'contract',
      categories: ['identity'],
      shared: false,
    });
    expect(JSON.stringify(look)).not.toContain(SAM);
  });

  it('tells each of those that a record is about who looked at it', async () => {
    const shared = happened(ConversationRecorded, `conversation-${TALK}`, {
      participants: [ALICE, BOB],
      medium: 'meeting',
      subject: 'Visit',
    });
    const look = looked({ owner: TALK, categories: ['conversation'] });
    for (const person of [ALICE, BOB]) {
      expect(await told(person, shared, look)).toMatchObject([{ categories: ['conversation'], shared: true }]);
    }
    expect(await told(CARL, shared, look)).toEqual([]);
  });

  it('does not take somebody’s own record for one of several', async () => {
    const own = happened(NoteTaken, `conversation-${TALK}`, { participants: [ALICE], noteId: 'n', text: 'x' });
    expect(await told(ALICE, own, looked({ owner: TALK, categories: ['conversation'] }))).toEqual([]);
    expect(await told(ALICE, own, looked({ owner: ALICE, categories: ['conversation'] }))).toMatchObject([{ shared: false }]);
  });

  it('tells also that somebody learned there is something, and the newest first', async () => {
    const looks = await told(ALICE, looked({ owner: ALICE, categories: [] }), looked({ owner: ALICE, categories: ['support'] }));
    expect(looks).toMatchObject([{ categories: ['support'] }, { categories: [] }]);
  });
});
