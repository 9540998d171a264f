import { given, newId, STREAM_ID } from '@rapport/kernel/testing';
import {
  AppointAuthorizedPerson,
  AuthorityDelegated,
  AuthorityEnded,
  authorityOf,
  AuthorizedPersonAppointed,
  authorizedPersons,
  DelegateAuthority,
  EndAuthority,
  type AuthorityKind,
} from './authorized-persons';

const ALICE = 'a11ce000-0000-4000-8000-000000000001';
const BOB = 'b0b00000-0000-4000-8000-000000000001';
const APPOINTMENT = 'a9000000-0000-4000-8000-000000000001';
const DELEGATION = 'de000000-0000-4000-8000-000000000001';
const TODAY = '2026-03-31';

const members = {
  organization: () => ({ archived: false, visibility: { contactPersons: true, services: true, calls: false } }),
  organizationsOf: (person: string) => ([ALICE, BOB].includes(person) ? [STREAM_ID] : []),
};
const about = { directory: members };
const appointed = (more: object = {}) =>
  AuthorizedPersonAppointed({
    appointmentId: APPOINTMENT,
    person: ALICE,
    kinds: ['services', 'organization-data'],
    since: '2026-01-01',
    until: '2026-12-31',
    evidence: 'Letter',
    ...more,
  });
const delegated = AuthorityDelegated({
  appointmentId: DELEGATION,
  from: APPOINTMENT,
  person: BOB,
  kinds: ['services'],
  since: '2026-03-01',
  until: '2026-04-30',
});
const appoint = { organizationId: STREAM_ID, person: ALICE, kinds: ['services'] as AuthorityKind[], evidence: 'Letter of the board' };

describe('Appointing', () => {
  it('is recorded with its kinds, period and evidence; from today where no day is given', () => {
    given(authorizedPersons)
      .when(AppointAuthorizedPerson, appoint, about)
      .then(
        AuthorizedPersonAppointed({
          appointmentId: newId('appointment'),
          person: ALICE,
          kinds: ['services'],
          since: TODAY,
          evidence: 'Letter of the board',
        }),
      );
  });

  it('is of a contact person of the organization', () => {
    const outsider = { ...about, directory: { ...members, organizationsOf: () => [] } };
    expect(
      given(authorizedPersons).when(AppointAuthorizedPerson, appoint, outsider).thenRefused('not-a-contact-of-the-organization').field,
    ).toBe('person');
    given(authorizedPersons).when(AppointAuthorizedPerson, appoint).thenRefused('organization-unknown');
  });

  it('does not overlap another of the same person and kind, and names it', () => {
    const refused = given(authorizedPersons, appointed()).when(AppointAuthorizedPerson, { ...appoint, since: '2026-12-31' }, about);
    expect(refused.thenRefused('appointment-overlaps').more).toEqual({ appointment: APPOINTMENT });
    given(authorizedPersons, appointed({ until: undefined }))
      .when(AppointAuthorizedPerson, { ...appoint, since: '2099-01-01' }, about)
      .thenRefused('appointment-overlaps');
  });

  it.each([
    ['another kind', { kinds: ['access-to-information'] as AuthorityKind[] }],
    ['a later time', { since: '2027-01-01' }],
    ['another person', { person: BOB }],
  ])('may be beside it for %s', (_, more) => {
    expect(given(authorizedPersons, appointed()).decide(AppointAuthorizedPerson, { ...appoint, ...more }, about)).toHaveLength(1);
  });

  it('ends no earlier than it begins', () => {
    given(authorizedPersons)
      .when(AppointAuthorizedPerson, { ...appoint, since: '2026-05-01', until: '2026-04-30' }, about)
      .thenRefused('appointment-backwards');
  });

  it('of oneself is a fact for the policies', () => {
    const self = { actor: { kind: 'staff', id: ALICE } as const };
    expect(given(authorizedPersons).facts(AppointAuthorizedPerson, appoint, self)).toMatchObject({ appointsSelf: true });
    expect(given(authorizedPersons).facts(AppointAuthorizedPerson, appoint)).toMatchObject({ appointsSelf: false });
  });
});

describe('Delegating', () => {
  const delegate = { organizationId: STREAM_ID, appointmentId: APPOINTMENT, person: BOB, until: '2026-04-30' };

  it('hands on what the appointment covers, until a day', () => {
    given(authorizedPersons, appointed())
      .when(DelegateAuthority, { ...delegate, kinds: ['services'] }, about)
      .then(
        AuthorityDelegated({
          appointmentId: newId('appointment'),
          from: APPOINTMENT,
          person: BOB,
          kinds: ['services'],
          since: TODAY,
          until: '2026-04-30',
        }),
      );
  });

  it.each([
    ['more kinds', { kinds: ['access-to-information'] as AuthorityKind[] }, 'delegation-beyond-appointment'],
    ['a longer time', { until: '2027-01-01' }, 'delegation-beyond-appointment'],
    ['an earlier time', { since: '2025-12-31' }, 'delegation-beyond-appointment'],
    ['a time that ends before it begins', { since: '2026-05-01' }, 'appointment-backwards'],
    ['oneself', { person: ALICE }, 'delegation-to-oneself'],
    ['an appointment that is not there', { appointmentId: DELEGATION }, 'appointment-not-found'],
  ])('is refused for %s', (_, more, code) => {
    given(authorizedPersons, appointed())
      .when(DelegateAuthority, { ...delegate, ...more }, about)
      .thenRefused(code);
  });

  it('does not go on from hand to hand', () => {
    given(authorizedPersons, appointed(), delegated)
      .when(DelegateAuthority, { ...delegate, appointmentId: DELEGATION, person: ALICE }, about)
      .thenRefused('delegation-delegated');
  });
});

describe('Ending', () => {
  it('takes effect at once where no day is given', () => {
    given(authorizedPersons, appointed())
      .when(EndAuthority, { organizationId: STREAM_ID, appointmentId: APPOINTMENT })
      .then(AuthorityEnded({ appointmentId: APPOINTMENT, until: '2026-03-30' }));
  });

  it('changes nothing twice, and nothing that is over', () => {
    const ended = AuthorityEnded({ appointmentId: APPOINTMENT, until: '2026-06-30' });
    const end = { organizationId: STREAM_ID, appointmentId: APPOINTMENT, until: '2026-06-30' };
    given(authorizedPersons, appointed(), ended).when(EndAuthority, end).thenNothing();
    given(authorizedPersons, appointed({ until: '2026-03-30' }))
      .when(EndAuthority, end)
      .thenRefused('appointment-over');
    given(authorizedPersons).when(EndAuthority, end).thenRefused('appointment-not-found');
  });
});

describe('What somebody may decide about', () => {
  const { state } = given(authorizedPersons, appointed(), delegated);
  const ended = given(authorizedPersons, appointed(), delegated, AuthorityEnded({ appointmentId: APPOINTMENT, until: '2026-03-15' })).state;

  it.each([
    ['the appointed on the first day', state, ALICE, '2026-01-01', ['services', 'organization-data']],
    ['the appointed on the last day', state, ALICE, '2026-12-31', ['services', 'organization-data']],
    ['the appointed the day before', state, ALICE, '2025-12-31', []],
    ['the appointed the day after', state, ALICE, '2027-01-01', []],
    ['the delegate within the time', state, BOB, '2026-03-31', ['services']],
    ['the delegate after it', state, BOB, '2026-05-01', []],
    ['the delegate, once the appointment it comes from has ended', ended, BOB, '2026-03-31', []],
    ['a stranger', state, DELEGATION, '2026-03-31', []],
  ])('%s', (_, appointments, person, day, kinds) => {
    expect(authorityOf(appointments, person, day)).toEqual(kinds);
  });
});
