import { given, newId, STREAM_ID } from '@rapport/kernel/testing';
import { EndInterest, InterestEnded, interests, InterestShown, ShowInterest } from './interests';

const INTEREST = '01000000-0000-4000-8000-000000000001';
const shown = InterestShown({ interestId: INTEREST, medium: 'meeting', topic: 'energy' });

it('keeps an interest once', () => {
  const show = { subjectId: STREAM_ID, topic: 'energy', medium: 'meeting' as const };
  given(interests)
    .when(ShowInterest, show)
    .then(InterestShown({ interestId: newId('interest'), medium: 'meeting', topic: 'energy' }));
  given(interests, shown).when(ShowInterest, show).thenNothing();
});

it('ends an interest that is there, and it can be shown again', () => {
  const end = { subjectId: STREAM_ID, interestId: INTEREST };
  given(interests, shown)
    .when(EndInterest, end)
    .then(InterestEnded({ interestId: INTEREST }));
  const over = given(interests, shown, InterestEnded({ interestId: INTEREST }));
  over.when(EndInterest, end).thenRefused('interest-not-found');
  expect(over.decide(ShowInterest, { subjectId: STREAM_ID, topic: 'energy', medium: 'meeting' })).toHaveLength(1);
});
