import { given, newId, STREAM_ID } from '@rapport/kernel/testing';
import {
  MarketingObjected,
  ObjectionWithdrawn,
  ObjectToMarketing,
  PreferenceChanged,
  PreferenceEnded,
  preferences,
  SetPreference,
  Unsubscribe,
  WithdrawObjection,
} from './preferences';

const PREFERENCE = '0f000000-0000-4000-8000-000000000001';
const personId = STREAM_ID;
const self = { actor: { kind: 'person', id: personId } as const };
const news = { personId, topic: 'news', toldBy: 'e-mail', wanted: true } as const;
const wanted = PreferenceChanged({ preferenceId: PREFERENCE, channel: 'e-mail', wanted: true, permission: 'consent', topic: 'news' });
const objected = MarketingObjected({ by: 'telephone' });

describe('A preference', () => {
  it('that a person sets is their consent', () => {
    given(preferences)
      .when(SetPreference, news, self)
      .then(
        PreferenceChanged({ preferenceId: newId('preference'), channel: 'e-mail', wanted: true, permission: 'consent', topic: 'news' }),
      );
  });

  it('that staff note down says on what it rests, where it is electronic', () => {
    expect(given(preferences).when(SetPreference, news).thenRefused('permission-missing').field).toBe('permission');
    expect(given(preferences).decide(SetPreference, { ...news, permission: 'soft-opt-in' })).toHaveLength(1);
    expect(given(preferences).decide(SetPreference, { ...news, toldBy: 'post' })).toHaveLength(1);
    expect(given(preferences).decide(SetPreference, { ...news, wanted: false })).toHaveLength(1);
  });

  it('is one for each topic and channel; the same again changes nothing', () => {
    given(preferences, wanted).when(SetPreference, news, self).thenNothing();
    given(preferences, wanted)
      .when(SetPreference, { ...news, wanted: false }, self)
      .then(PreferenceChanged({ preferenceId: PREFERENCE, channel: 'e-mail', wanted: false, topic: 'news' }));
    given(preferences, wanted)
      .when(SetPreference, { ...news, topic: 'events' }, self)
      .then(
        PreferenceChanged({ preferenceId: newId('preference'), channel: 'e-mail', wanted: true, permission: 'consent', topic: 'events' }),
      );
  });

  it('cannot ask for anything while there is an objection; saying no goes on', () => {
    given(preferences, wanted, objected)
      .when(SetPreference, { ...news, topic: 'events' }, self)
      .thenRefused('objected-to-marketing');
    expect(given(preferences, wanted, objected).decide(SetPreference, { ...news, wanted: false })).toHaveLength(1);
  });
});

describe('An objection to direct marketing', () => {
  it.each([
    ['nothing was ever said', given(preferences)],
    ['much was wanted', given(preferences, wanted)],
    ['it was taken back before', given(preferences, objected, ObjectionWithdrawn({}))],
  ])('is never refused: %s', (_, scenario) => {
    scenario.when(ObjectToMarketing, { personId, by: 'telephone' }).then(objected);
  });

  it('needs neither purpose nor source, and holds once', () => {
    given(preferences)
      .when(ObjectToMarketing, { personId })
      .then(MarketingObjected({ by: 'portal' }));
    given(preferences, objected).when(ObjectToMarketing, { personId }).thenNothing();
  });

  it('is taken back, and what was wanted before holds again', () => {
    given(preferences, wanted, objected).when(WithdrawObjection, { personId }, self).then(ObjectionWithdrawn({}));
    given(preferences, wanted).when(WithdrawObjection, { personId }, self).thenNothing();
    expect(given(preferences, wanted, objected, ObjectionWithdrawn({})).state).toMatchObject({ objected: false });
  });
});

describe('One click on the link of a message', () => {
  it('ends what the message was sent for, once', () => {
    const off = PreferenceEnded({ preferenceId: PREFERENCE });
    given(preferences, wanted).when(Unsubscribe, { personId, preferenceId: PREFERENCE }).then(off);
    given(preferences, wanted, off).when(Unsubscribe, { personId, preferenceId: PREFERENCE }).thenNothing();
  });

  it('ends everything where it cannot be told what it was sent for', () => {
    given(preferences)
      .when(Unsubscribe, { personId })
      .then(MarketingObjected({ by: 'unsubscribe' }));
    given(preferences)
      .when(Unsubscribe, { personId, preferenceId: PREFERENCE })
      .then(MarketingObjected({ by: 'unsubscribe' }));
    given(preferences, objected).when(Unsubscribe, { personId }).thenNothing();
  });
});
