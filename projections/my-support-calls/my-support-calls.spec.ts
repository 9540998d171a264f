import {
  CallAssigned,
  CallCategorized,
  CallClosed,
  CallHistoryImported,
  CallOpened,
  CallReopened,
  CallResolved,
  CallStatusChanged,
  CommunicationAdded,
  FeedbackGiven,
  type CallStatus,
} from '@rapport/domain';
import { isSealed, type Actor } from '@rapport/kernel';
import { nothingKnown } from '@rapport/kernel/testing';
import { given, happened, readable, type Happened } from '@rapport/read-model/testing';
import { mySupportCalls, readCall, readMyCalls } from './my-support-calls';

const ALICE = '0a000000-0000-4000-8000-000000000001';
const SAM = '5a000000-0000-4000-8000-000000000001';
const ID = '0d000000-0000-4000-8000-000000000001';
const CALL = `supportCall-${ID}`;
const alice: Actor = { kind: 'person', id: ALICE };
const sam: Actor = { kind: 'staff', id: SAM };

const opened = happened(CallOpened, CALL, { caller: ALICE, medium: 'portal', urgency: 'medium', subject: 'No light' });
const said = (direction: 'internal' | 'to-caller', text: string) =>
  happened(CommunicationAdded, CALL, { caller: ALICE, communicationId: text, direction, text });

async function call(actor: Actor, ...events: readonly Happened[]) {
  const model = given(...events).readModel(mySupportCalls);
  const found = await readCall.find(model.db, { callId: ID }, actor, nothingKnown, '2026-03-31T10:00:00.000Z');
  await model.close();
  return found;
}
interface Step {
  readonly type: string;
  readonly status?: string | null;
  readonly details: { readonly [field: string]: unknown };
}
const stepsOf = (found: Awaited<ReturnType<typeof call>>) => (found!.answer as { process: readonly Step[] }).process;

describe('a support call', () => {
  it('has its process from the beginning, and what it is now', async () => {
    const found = await call(
      alice,
      opened,
      happened(CallCategorized, CALL, { category: 'hardware' }),
      happened(CallAssigned, CALL, { group: 'desk', assignee: SAM }),
      happened(CallStatusChanged, CALL, { from: 'new', to: 'active' }),
      said('to-caller', 'Turn it on.'),
      happened(CallResolved, CALL, { caller: ALICE, resolution: 'It was off' }),
      happened(CallReopened, CALL, { caller: ALICE, reason: 'Off again' }),
      happened(CallResolved, CALL, { caller: ALICE, resolution: 'A new bulb' }),
      happened(CallClosed, CALL, {}),
      happened(FeedbackGiven, CALL, { caller: ALICE, score: 5 }),
    );
    expect(stepsOf(found).map(({ type, status }) => [type, status])).toEqual([
      ['CallOpened', 'new'],
      ['CallCategorized', null],
      ['CallAssigned', null],
      ['CallStatusChanged', 'active'],
      ['CommunicationAdded', null],
      ['CallResolved', 'resolved'],
      ['CallReopened', 'active'],
      ['CallResolved', 'resolved'],
      ['CallClosed', 'closed'],
      ['FeedbackGiven', null],
    ]);
    expect(found).toMatchObject({ of: CALL, about: [ALICE], facts: { caller: true } });
    expect(found!.answer).toMatchObject({ id: ID, status: 'closed', category: 'hardware', team: 'desk' });
  });

  it('never shows the caller what is internal, a colleague who calls included', async () => {
    const events = [opened, said('internal', 'Again!'), said('to-caller', 'Turn it on.')];
    const texts = async (actor: Actor) =>
      stepsOf(await call(actor, ...events)).flatMap(({ details: { text } }) => (isSealed(text) ? [readable(text)] : []));
    expect(await texts(sam)).toEqual(['Again!', 'Turn it on.']);
    expect(await texts(alice)).toEqual(['Turn it on.']);
    expect(await texts({ kind: 'staff', id: ALICE })).toEqual(['Turn it on.']);
    expect(await texts({ kind: 'person', id: SAM })).toEqual(['Turn it on.']);
  });

  it('that was imported is what its latest row says, though a late one came after it', async () => {
    const row = (status: CallStatus, at: string, latest: boolean) =>
      happened(
        CallHistoryImported,
        CALL,
        { caller: ALICE, counter: 1, latest, status, changed: ['status'], terms: { category: status } },
        { occurredAt: at },
      );
    const rows = [row('new', '2026-01-02T00:00:00.000Z', true), row('closed', '2026-01-03T00:00:00.000Z', true)];
    const found = await call(alice, ...rows, row('active', '2026-01-01T00:00:00.000Z', false));
    expect(found!.answer).toMatchObject({ status: 'closed', openedAt: '2026-01-02T00:00:00.000Z' });
    expect(readable((found!.answer as { terms: never }).terms)).toEqual({ category: 'closed' });
    expect(stepsOf(found).map(({ status }) => status)).toEqual(['active', 'new', 'closed']);
  });

  it('is in the list of who made it, and of nobody else', async () => {
    const model = given(opened).readModel(mySupportCalls);
    const listOf = async (personId: string) => {
      const found = await readMyCalls.find(model.db, { personId }, alice, nothingKnown, '2026-03-31T10:00:00.000Z');
      return (found!.answer as { calls: { id: string }[] }).calls.map(({ id }) => id);
    };
    expect(await listOf(ALICE)).toEqual([ID]);
    expect(await listOf(SAM)).toEqual([]);
    await model.close();
  });

  it('that is not there is not found', async () => {
    expect(await call(sam, happened(CallClosed, 'supportCall-0d000000-0000-4000-8000-000000000002', {}))).toBeUndefined();
  });
});
