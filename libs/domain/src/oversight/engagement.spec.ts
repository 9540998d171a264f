import { given, STREAM_ID } from '@rapport/kernel/testing';
import { EndEngagement, engagement, EngagementEnded, EngagementOpened, isEngaged, OpenEngagement } from './engagement';

const AUDREY = '5a333333-0000-4000-8000-000000000001';
const terms = { auditor: AUDREY, from: '2026-03-01', until: '2026-04-30', scope: ['access', 'disclosures'] } as const;
const open = given(engagement, EngagementOpened(terms));
const ended = given(engagement, EngagementOpened(terms), EngagementEnded({ auditor: AUDREY }));
const fields = { ...terms, scope: [...terms.scope] };

describe('an engagement', () => {
  it('is opened for an auditor, a scope and some days', () => {
    given(engagement).when(OpenEngagement, fields).then(EngagementOpened(terms));
    given(engagement)
      .when(OpenEngagement, { ...fields, until: fields.from })
      .then(EngagementOpened({ ...terms, until: terms.from }));
  });

  it('is refused where it ends before it begins', () => {
    const refusal = given(engagement)
      .when(OpenEngagement, { ...fields, until: '2026-02-28' })
      .thenRefused('engagement-backwards');
    expect(refusal.field).toBe('until');
  });

  it('is refused for somebody who works here: an auditor is impartial', () => {
    const directory = { isStaff: (id: string) => id === AUDREY };
    expect(given(engagement).when(OpenEngagement, fields, { directory }).thenRefused('auditor-works-here').field).toBe('auditor');
  });

  it('tells the policies whether it is opened for oneself', () => {
    expect(given(engagement).facts(OpenEngagement, fields, { actor: { kind: 'staff', id: AUDREY } })).toEqual({ self: true });
    expect(given(engagement).facts(OpenEngagement, fields)).toEqual({ self: false });
  });

  it('is ended once', () => {
    open.when(EndEngagement, { engagementId: STREAM_ID }).then(EngagementEnded({ auditor: AUDREY }));
    ended.when(EndEngagement, { engagementId: STREAM_ID }).thenNothing();
    expect(given(engagement).when(EndEngagement, { engagementId: STREAM_ID }).thenRefused('engagement-not-found').status).toBe(404);
  });

  it('holds from its first day to its last, both included, unless it was ended', () => {
    const days: [string, boolean][] = [
      ['2026-02-28T23:59:59.999Z', false],
      ['2026-03-01T00:00:00.000Z', true],
      ['2026-04-30T23:59:59.999Z', true],
      ['2026-05-01T00:00:00.000Z', false],
    ];
    for (const [at, engaged] of days) {
      expect([at, isEngaged(open.state, at)]).toEqual([at, engaged]);
      expect(isEngaged(ended.state, at)).toBe(false);
      expect(isEngaged(engagement.initial as typeof open.state, at)).toBe(false);
    }
  });

  it('is nothing before it was opened', () => {
    expect(given(engagement, EngagementEnded({ auditor: AUDREY })).state).toEqual({ status: 'none' });
  });
});
