import * as fc from 'fast-check';
import { given, sinceErased, stating, type GivenEvent } from '@rapport/kernel/testing';
import { CallHistoryImported, ImportCallChange, STATUSES, type CallStatus, type Terms } from './support-call-history';
import { ResolveCall, supportCall, type OpenedCall } from './support-call';

const CALLER = 'ca000000-0000-4000-8000-000000000001';
const SAM = '5a111111-0000-4000-8000-000000000001';
const people: { readonly [number: string]: string } = { 'Caller 1': CALLER, 'Resolver 7': SAM };
const holder = (namespace: string, value: string) => (namespace === 'person-number:servicenow' ? people[value] : undefined);
const history = { holder, actor: { kind: 'service', id: 'import' } } as const;

const AT = '2026-02-01T09:00:00.000Z';
const LATER = '2026-02-02T09:00:00.000Z';
const row = (changes: Partial<ImportCallChange> = {}): Partial<ImportCallChange> => ({
  occurredAt: AT,
  system: 'servicenow',
  number: 'INC0000045',
  counter: 0,
  status: 'new',
  caller: 'Caller 1',
  ...changes,
});
const imported = (
  { at = AT, counter = 0, latest = true }: { at?: string; counter?: number; latest?: boolean },
  data: { status?: CallStatus; terms?: Terms; assignee?: string; openedBy?: string } = {},
): GivenEvent =>
  stating(
    CallHistoryImported({
      caller: CALLER,
      openedAt: undefined,
      openedBy: data.openedBy,
      updatedBy: undefined,
      counter,
      latest,
      status: data.status ?? 'new',
      assignee: data.assignee,
      changed: ['status'],
      number: undefined,
      terms: data.terms,
    }),
    { occurredAt: at },
  );
const nothing = {
  openedAt: undefined,
  openedBy: undefined,
  updatedBy: undefined,
  assignee: undefined,
  number: undefined,
  terms: undefined,
};

describe('the first row of a call', () => {
  it('brings in its number, when it was opened, its people by their ids, and the other desk’s own words', () => {
    given(supportCall)
      .when(
        ImportCallChange,
        row({ openedAt: AT, openedBy: 'Resolver 7', updatedBy: 'Resolver 7', assignee: 'Resolver 7', category: 'Category 55', counter: 2 }),
        history,
      )
      .then(
        CallHistoryImported({
          caller: CALLER,
          openedAt: AT,
          openedBy: SAM,
          updatedBy: SAM,
          assignee: SAM,
          counter: 2,
          latest: true,
          status: 'new',
          changed: ['status', 'assignee', 'openedBy', 'category'],
          number: 'INC0000045',
          terms: { category: 'Category 55' },
        }),
      );
  });

  it('may be of any status and of nobody', () => {
    given(supportCall)
      .when(ImportCallChange, row({ caller: undefined, status: 'closed' }), history)
      .then(
        CallHistoryImported({
          ...nothing,
          caller: undefined,
          counter: 0,
          latest: true,
          status: 'closed',
          changed: ['status'],
          number: 'INC0000045',
        }),
      );
  });

  it('identifies the call by its number in that system', () => {
    expect(given(supportCall).claims(ImportCallChange, row())).toEqual([
      { namespace: 'call-number:servicenow', value: 'INC0000045', field: 'number' },
    ]);
  });

  it.each(['caller', 'openedBy', 'updatedBy', 'assignee'] as const)('is refused where nobody has the number of the %s', (field) => {
    const refusal = given(supportCall)
      .when(ImportCallChange, row({ [field]: 'Caller 2' }), history)
      .thenRefused('person-unknown');
    expect(refusal.field).toBe(field);
    expect(refusal.detail).not.toContain('Caller 2');
  });
});

describe('a further row', () => {
  const known = given(supportCall, imported({ counter: 1 }, { terms: { category: 'Category 55', location: 'Location 1' } }));
  const further = (changes: Partial<ImportCallChange>) =>
    row({ occurredAt: LATER, counter: 2, category: 'Category 55', location: 'Location 1', ...changes });

  it('that changes a counter, the time or who wrote it changes nothing', () => {
    known.when(ImportCallChange, further({ updatedBy: 'Resolver 7' }), history).thenNothing();
  });

  it('that changes the status says only that', () => {
    known
      .when(ImportCallChange, further({ status: 'active' }), history)
      .then(CallHistoryImported({ ...nothing, caller: CALLER, counter: 2, latest: true, status: 'active', changed: ['status'] }));
  });

  it('that changes a word brings all of them, so that one that went is gone', () => {
    known.when(ImportCallChange, further({ category: 'Category 9', location: undefined }), history).then(
      CallHistoryImported({
        ...nothing,
        caller: CALLER,
        counter: 2,
        latest: true,
        status: 'new',
        changed: ['category', 'location'],
        terms: { category: 'Category 9' },
      }),
    );
  });

  it('that came late takes its place in time and leaves what the call is now', () => {
    const late = row({ occurredAt: '2026-01-01T00:00:00.000Z', status: 'active' });
    known
      .when(ImportCallChange, late, history)
      .then(CallHistoryImported({ ...nothing, caller: CALLER, counter: 0, latest: false, status: 'active', changed: ['status'] }));
    const { state } = given(
      supportCall,
      imported({ at: LATER, counter: 2 }, { status: 'closed' }),
      imported({ at: AT, latest: false }, { status: 'active', assignee: SAM }),
    );
    expect(state).toMatchObject({ status: 'closed', assignee: undefined, history: [{ status: 'active' }, { status: 'closed' }] });
  });

  it('of the same moment is told apart by what it says, and known again', () => {
    const twice = given(supportCall, imported({}, { status: 'new' }), imported({}, { status: 'active' }));
    twice.when(ImportCallChange, row({ status: 'new' }), history).thenNothing();
    twice.when(ImportCallChange, row({ status: 'active' }), history).thenNothing();
  });

  it('of another caller is refused', () => {
    expect(known.when(ImportCallChange, further({ caller: 'Resolver 7' }), history).thenRefused('caller-differs')).toMatchObject({
      status: 409,
      field: 'caller',
    });
  });

  it('does not bring back words that were erased', () => {
    const erased = given(supportCall, sinceErased(imported({ counter: 1 }, { terms: { category: 'Category 55' } })));
    erased.when(ImportCallChange, further({}), history).thenNothing();
    erased
      .when(ImportCallChange, further({ status: 'active' }), history)
      .then(CallHistoryImported({ ...nothing, caller: CALLER, counter: 2, latest: true, status: 'active', changed: ['status'] }));
  });
});

describe('an imported call', () => {
  it('is worked on like any other, and a late row does not undo that', () => {
    const call = given(supportCall, imported({ at: LATER }, { status: 'active' }));
    expect(call.state).toMatchObject({ status: 'active', caller: CALLER, feedback: false });
    const resolved = given(supportCall, imported({ at: LATER }, { status: 'active' }), {
      type: 'CallResolved',
      data: { caller: CALLER, resolution: 'Done' },
    });
    expect(resolved.when(ResolveCall, { callId: CALLER, resolution: 'x' }).thenRefused('call-resolved').status).toBe(409);
    const late = given(
      supportCall,
      imported({ at: LATER }, { status: 'active' }),
      { type: 'CallResolved', data: { caller: CALLER, resolution: 'Done' } },
      imported({ at: AT, latest: false }, { status: 'new' }),
    );
    expect(late.state).toMatchObject({ status: 'resolved' });
  });

  it('is at the end what its last row says, and the same rows again, in any order, change nothing', () => {
    const rows = fc.uniqueArray(
      fc.record({
        minute: fc.integer({ min: 0, max: 59 }),
        counter: fc.integer({ min: 0, max: 2 }),
        status: fc.constantFrom(...STATUSES),
        category: fc.option(fc.constantFrom('A', 'B'), { nil: undefined }),
        assignee: fc.option(fc.constant('Resolver 7'), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 8, selector: ({ minute, counter }) => `${minute} ${counter}` },
    );
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat()), (generated, order) => {
        const inTime = generated
          .map(({ minute, ...rest }) => row({ occurredAt: `2026-02-01T09:${String(minute).padStart(2, '0')}:00.000Z`, ...rest }))
          .sort((a, b) => (a.occurredAt! < b.occurredAt! || (a.occurredAt === b.occurredAt && a.counter! < b.counter!) ? -1 : 1));
        const events: GivenEvent[] = [];
        for (const each of inTime) {
          const decided = given(supportCall, ...events).decide(ImportCallChange, each, history);
          if (!Array.isArray(decided)) throw new Error('No row is refused.');
          events.push(...(decided as GivenEvent[]).map((event) => stating(event, { occurredAt: each.occurredAt! })));
        }
        const call = given(supportCall, ...events);
        const last = inTime[inTime.length - 1]!;
        expect((call.state as OpenedCall).status).toBe(last.status);
        const shuffled = inTime.map((each) => ({ each, at: order.next().value as number })).sort((a, b) => a.at - b.at);
        for (const { each } of shuffled) call.when(ImportCallChange, each, history).thenNothing();
      }),
    );
  });
});
