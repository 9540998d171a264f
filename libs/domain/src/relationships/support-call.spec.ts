import * as fc from 'fast-check';
import type { CommandClass } from '@rapport/kernel';
import { given, newId, STREAM_ID, type GivenEvent } from '@rapport/kernel/testing';
import {
  AddCommunication,
  AssignCall,
  CallAssigned,
  CallCategorized,
  CallClosed,
  CallOpened,
  CallReopened,
  CallResolved,
  CallStatusChanged,
  CategorizeCall,
  ChangeCallStatus,
  CloseCall,
  CommunicationAdded,
  FeedbackGiven,
  GiveFeedback,
  OpenCall,
  ReopenCall,
  ResolveCall,
  supportCall,
  type OpenedCall,
} from './support-call';

const CALLER = 'ca000000-0000-4000-8000-000000000001';
const SAM = '5a111111-0000-4000-8000-000000000001';
const ACME = 'ac000000-0000-4000-8000-000000000001';
const callId = STREAM_ID;
const directory = { isStaff: (id: string) => id === SAM };
const opened = CallOpened({ caller: CALLER, medium: 'portal', urgency: 'medium', subject: 'It does not start' });
const resolved = CallResolved({ caller: CALLER, resolution: 'Turned it on' });
const call = given(supportCall, opened);
const resolvedCall = given(supportCall, opened, resolved);
const closedCall = given(supportCall, opened, resolved, CallClosed({}));
const nowhere = given(supportCall);

describe('opening a call', () => {
  const opening = { caller: CALLER, medium: 'portal', subject: 'It does not start' } as const;

  it('says who asks, how, about what and how pressing it is', () => {
    given(supportCall).when(OpenCall, opening).then(opened);
    given(supportCall)
      .when(OpenCall, { ...opening, urgency: 'high', description: 'Since today.', organization: ACME })
      .then(
        CallOpened({
          caller: CALLER,
          organization: ACME,
          medium: 'portal',
          urgency: 'high',
          subject: 'It does not start',
          description: 'Since today.',
        }),
      );
    expect(call.state).toMatchObject({ status: 'new', caller: CALLER, feedback: false, history: [] });
  });

  it('a person speaks for the organizations they belong to', () => {
    const actor = { kind: 'person', id: CALLER } as const;
    const belongs = { organizationsOf: (id: string) => (id === CALLER ? [ACME] : []) };
    given(supportCall)
      .when(OpenCall, { ...opening, organization: ACME }, { actor, directory: belongs })
      .then({ ...opened, data: { ...opened.data, organization: ACME } });
    const other = given(supportCall).when(OpenCall, { ...opening, organization: ACME }, { actor });
    expect(other.thenRefused('not-your-organization').field).toBe('organization');
  });

  it('tells the policies who calls, and who belongs to the organization', () => {
    const [caller, somebody] = [{ kind: 'person', id: CALLER } as const, { kind: 'person', id: ACME } as const];
    expect(given(supportCall).facts(OpenCall, opening, { actor: caller })).toEqual({ caller: true, contact: false });
    expect(given(supportCall).facts(OpenCall, opening, { actor: somebody })).toEqual({ caller: false, contact: false });
    const words = { callId, text: 'x' };
    expect(call.facts(AddCommunication, { ...words, direction: 'from-caller' }, { actor: caller })).toEqual({
      caller: true,
      contact: false,
      fromCaller: true,
    });
    expect(call.facts(AddCommunication, { ...words, direction: 'internal' }, { actor: somebody })).toMatchObject({
      caller: false,
      fromCaller: false,
    });
    const forAcme = given(supportCall, { ...opened, data: { ...opened.data, organization: ACME } });
    const belongs = { organizationsOf: () => [ACME] };
    expect(forAcme.facts(CloseCall, { callId }, { actor: somebody, directory: belongs })).toMatchObject({ contact: true });
  });
});

describe('working on a call', () => {
  it('categorizes it by the keys of the catalog, and no free text', () => {
    call.when(CategorizeCall, { callId, category: 'hardware' }).then(CallCategorized({ category: 'hardware' }));
    const categorized = given(supportCall, opened, CallCategorized({ category: 'hardware', subcategory: 'laptop' }));
    categorized.when(CategorizeCall, { callId, category: 'hardware', subcategory: 'laptop' }).thenNothing();
    categorized.when(CategorizeCall, { callId, category: 'hardware' }).then(CallCategorized({ category: 'hardware' }));
    expect(() => call.when(CategorizeCall, { callId, category: 'The laptop of Jan Jansen' })).toThrow(/cannot be sent/);
    expect(() => call.when(AssignCall, { callId, group: 'Jan Jansen' })).toThrow(/cannot be sent/);
  });

  it('assigns it to a team, a colleague, or both', () => {
    call.when(AssignCall, { callId, group: 'desk' }).then(CallAssigned({ group: 'desk' }));
    call.when(AssignCall, { callId, group: 'desk', assignee: SAM }, { directory }).then(CallAssigned({ group: 'desk', assignee: SAM }));
    const assigned = given(supportCall, opened, CallAssigned({ group: 'desk', assignee: SAM }));
    assigned.when(AssignCall, { callId, group: 'desk', assignee: SAM }, { directory }).thenNothing();
    assigned.when(AssignCall, { callId, assignee: SAM }, { directory }).then(CallAssigned({ assignee: SAM }));
    expect(call.when(AssignCall, { callId }).thenRefused('assigned-to-nobody').field).toBe('group');
    const customer = call.when(AssignCall, { callId, assignee: CALLER }, { directory });
    expect(customer.thenRefused('assignee-no-colleague').field).toBe('assignee');
  });

  it('changes its status from what it was', () => {
    call.when(ChangeCallStatus, { callId, status: 'active' }).then(CallStatusChanged({ from: 'new', to: 'active' }));
    const active = given(supportCall, opened, CallStatusChanged({ from: 'new', to: 'active' }));
    active.when(ChangeCallStatus, { callId, status: 'active' }).thenNothing();
    active.when(ChangeCallStatus, { callId, status: 'awaiting-caller' }).then(CallStatusChanged({ from: 'active', to: 'awaiting-caller' }));
    resolvedCall.when(ChangeCallStatus, { callId, status: 'active' }).thenRefused('call-resolved');
  });

  it('adds what was said, also where it was resolved', () => {
    for (const scenario of [call, resolvedCall]) {
      scenario.when(AddCommunication, { callId, direction: 'to-caller', text: 'Turn it on.' }).then(
        CommunicationAdded({
          caller: CALLER,
          communicationId: newId('communication'),
          direction: 'to-caller',
          text: 'Turn it on.',
        }),
      );
    }
    const said = CommunicationAdded({ caller: CALLER, communicationId: ACME, direction: 'internal', text: 'x' });
    expect(given(supportCall, opened, said).state).toEqual(call.state);
  });
});

describe('the end of a call', () => {
  it('is that it is resolved, and closed; before that it may be opened again', () => {
    call.when(ResolveCall, { callId, resolution: 'Turned it on' }).then(resolved);
    resolvedCall.when(ReopenCall, { callId, reason: 'It went off.' }).then(CallReopened({ caller: CALLER, reason: 'It went off.' }));
    resolvedCall.when(CloseCall, { callId }).then(CallClosed({}));
    const again = given(supportCall, opened, resolved, CallReopened({ caller: CALLER, reason: 'It went off.' }));
    expect(again.state).toMatchObject({ status: 'active' });
  });

  it('has its order', () => {
    resolvedCall.when(ResolveCall, { callId, resolution: 'x' }).thenRefused('call-resolved');
    call.when(ReopenCall, { callId, reason: 'x' }).thenRefused('call-not-resolved');
    call.when(CloseCall, { callId }).thenRefused('call-not-resolved');
  });

  it('is followed by feedback, once', () => {
    const feedback = { callId, score: 4, comment: 'Quick.' };
    const given5 = FeedbackGiven({ caller: CALLER, score: 4, comment: 'Quick.' });
    for (const scenario of [resolvedCall, closedCall]) scenario.when(GiveFeedback, feedback).then(given5);
    call.when(GiveFeedback, feedback).thenRefused('call-not-resolved');
    given(supportCall, opened, resolved, given5).when(GiveFeedback, feedback).thenRefused('feedback-given');
    const reopened = [given5, CallReopened({ caller: CALLER, reason: 'x' }), resolved];
    given(supportCall, opened, resolved, ...reopened)
      .when(GiveFeedback, feedback)
      .thenRefused('feedback-given');
  });
});

const commands: [CommandClass, object][] = [
  [CategorizeCall, { callId, category: 'hardware' }],
  [CategorizeCall, { callId, category: 'software' }],
  [AssignCall, { callId, assignee: SAM }],
  [ChangeCallStatus, { callId, status: 'awaiting-caller' }],
  [ChangeCallStatus, { callId, status: 'active' }],
  [AddCommunication, { callId, direction: 'internal', text: 'x' }],
  [ResolveCall, { callId, resolution: 'x' }],
  [ReopenCall, { callId, reason: 'x' }],
  [CloseCall, { callId }],
  [GiveFeedback, { callId, score: 5 }],
];

describe('a call that is not there, or closed', () => {
  it.each(commands)('takes nothing: %p %p', (type, fields) => {
    expect(nowhere.when(type, fields, { directory }).thenRefused('call-not-found').status).toBe(404);
    if (type !== GiveFeedback) expect(closedCall.when(type, fields, { directory }).thenRefused('call-closed').status).toBe(409);
  });

  it('has no state', () => {
    const events = [CallCategorized({ category: 'a' }), CallAssigned({ group: 'a' }), CallStatusChanged({ from: 'new', to: 'active' })];
    for (const event of [...events, resolved, CallClosed({}), CallReopened({ caller: CALLER, reason: 'x' })]) {
      expect(given(supportCall, event).state).toEqual({ status: 'none' });
    }
  });
});

it('whatever is done to a call, in whatever order: it is closed for good, has one feedback, and a command done twice does nothing more', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...commands), { maxLength: 20 }), (sequence) => {
      const events: GivenEvent[] = [opened];
      for (const [type, fields] of sequence) {
        const before = given(supportCall, ...events);
        const decided = before.decide(type, fields, { directory });
        if (!Array.isArray(decided)) {
          // Nothing was decided, so nothing happened.
          continue;
        }
        if ((before.state as OpenedCall).status === 'closed')
          expect(decided.map(({ type: of }: GivenEvent) => of)).toEqual(['FeedbackGiven']);
        events.push(...(decided as GivenEvent[]));
        const again = given(supportCall, ...events).decide(type, fields, { directory });
        if (type !== AddCommunication && Array.isArray(again)) expect(again).toEqual([]);
      }
      expect(events.filter(({ type }) => type === 'FeedbackGiven').length).toBeLessThanOrEqual(1);
      expect(events.filter(({ type }) => type === 'CallClosed').length).toBeLessThanOrEqual(1);
    }),
  );
});
