import { given, STREAM_ID } from '@rapport/kernel/testing';
import { MergedInto, MergePeople, Unmerged, UnmergePerson } from './merge';
import { ContactAdded } from './details';
import { person, PersonLeft } from './person';

const BOB = '0b000000-0000-4000-8000-000000000001';
const SAM = '5a111111-0000-4000-8000-000000000001';
const added = ContactAdded({ relationship: 'customer', name: 'Alice Arden' });
const known = given(person, added);
const merge = { personId: STREAM_ID, survivor: BOB };
const bob = { other: known.state };

describe('merging', () => {
  it('is an event of the duplicate’s, also where the relationship with the duplicate has ended', () => {
    known.when(MergePeople, merge, bob).then(MergedInto({ survivor: BOB }));
    given(person, added, PersonLeft({}))
      .when(MergePeople, merge, bob)
      .then(MergedInto({ survivor: BOB }));
  });

  it.each([
    ['merged-with-itself', { ...merge, survivor: STREAM_ID }, bob, 'survivor'],
    ['survivor-unknown', merge, { other: given(person).state }, 'survivor'],
    ['survivor-left', merge, { other: given(person, added, PersonLeft({})).state }, 'survivor'],
    ['colleague-merged', merge, { ...bob, directory: { isStaff: (id: string) => id === STREAM_ID } }, 'personId'],
  ])('is refused: %s', (code, fields, about, field) => {
    expect(known.when(MergePeople, fields, about).thenRefused(code).field).toBe(field);
  });

  it('is refused of whom nobody knows', () => {
    given(person).when(MergePeople, merge, bob).thenRefused('person-not-found');
    given(person).when(UnmergePerson, { personId: STREAM_ID }).thenRefused('person-not-found');
  });

  it('tells the policies whether somebody signs in as either, and whether it is about who asks', () => {
    const facts = (signing: string, actor: string) =>
      known.facts(MergePeople, merge, {
        ...bob,
        actor: { kind: 'staff', id: actor },
        directory: { signsIn: (id: string) => id === signing },
      });
    expect(facts(SAM, SAM)).toEqual({ self: false, signsIn: false });
    for (const either of [BOB, STREAM_ID]) expect(facts(either, either)).toEqual({ self: true, signsIn: true });
  });
});

describe('undoing a merge', () => {
  const merged = given(person, added, MergedInto({ survivor: BOB }));

  it('says with whom they were merged, and leaves the person as they were', () => {
    merged.when(UnmergePerson, { personId: STREAM_ID }).then(Unmerged({ survivor: BOB }));
    expect(given(person, added, MergedInto({ survivor: BOB }), Unmerged({ survivor: BOB })).state).toEqual(known.state);
  });

  it('is refused where there is none', () => {
    known.when(UnmergePerson, { personId: STREAM_ID }).thenRefused('not-merged');
  });
});
