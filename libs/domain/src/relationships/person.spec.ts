import { DEFAULT_VISIBILITY } from './organization';
import { given, newId, sinceErased, STREAM_ID } from '@rapport/kernel/testing';
import { AffiliationBegan, AffiliationEnded, JoinOrganization, LeaveOrganization, MoveToOrganization } from './affiliation';
import { ContactPointAdded, ContactPointRemoved } from './contact-point';
import { AddPerson, ContactAdded, CorrectDetails, DetailsCorrected } from './details';
import {
  AddContactPoint,
  BindSignIn,
  person,
  PersonLeft,
  RecordPersonLeft,
  RemoveContactPoint,
  RevokeSignIn,
  SignInBound,
  SignInRevoked,
} from './person';

const ISSUER = 'https://id.example.org/';
const ACME = 'ac000000-0000-4000-8000-000000000001';
const BAKERY = 'ba000000-0000-4000-8000-000000000001';
const SIGN_IN_ID = '51000000-0000-4000-8000-000000000001';
const account = { issuer: ISSUER, subject: 'alice' };
const alice = ContactAdded({ relationship: 'customer', name: 'Alice Arden', email: 'alice@example.org' });
const bound = SignInBound({ signInId: SIGN_IN_ID, account });
const joined = AffiliationBegan({ organization: ACME, since: '2026-01-01', role: 'Buyer' });
const known = given(person, alice);
const left = given(person, alice, PersonLeft({}));
const personId = STREAM_ID;

describe('a person', () => {
  it('is added with the details that are known', () => {
    given(person)
      .when(AddPerson, { relationship: 'colleague', name: 'Sam Sato', jobTitle: 'Support agent' })
      .then(ContactAdded({ relationship: 'colleague', name: 'Sam Sato', jobTitle: 'Support agent' }));
  });

  it('may be known by another system’s number alone, which is then nobody else’s', () => {
    const fields = { relationship: 'customer', externalSystem: 'crm', externalNumber: 'C-17' } as const;
    given(person)
      .when(AddPerson, fields)
      .then(ContactAdded({ relationship: 'customer', externalNumber: { system: 'crm', number: 'C-17' } }));
    expect(given(person).claims(AddPerson, fields)).toEqual([{ namespace: 'person-number:crm', value: 'C-17', field: 'externalNumber' }]);
    expect(given(person).claims(AddPerson, { relationship: 'customer', name: 'Alice' })).toEqual([]);
  });

  it.each([
    ['external-number-incomplete', { name: 'A', externalSystem: 'crm' }, 'externalNumber'],
    ['external-number-incomplete', { name: 'A', externalNumber: 'C-17' }, 'externalSystem'],
    ['nameless', { email: 'a@example.org' }, 'name'],
  ])('is refused: %s', (code, fields, field) => {
    expect(
      given(person)
        .when(AddPerson, { relationship: 'customer', ...fields })
        .thenRefused(code).field,
    ).toBe(field);
  });

  it('is who they are', () => {
    const fields = { personId, email: 'a@example.org' };
    expect(known.facts(CorrectDetails, fields, { actor: { kind: 'person', id: personId } })).toEqual({ self: true });
    expect(known.facts(CorrectDetails, fields, { actor: { kind: 'person', id: ACME } })).toEqual({ self: false });
  });
});

describe('details', () => {
  it('are corrected where they differ, and only those', () => {
    known
      .when(CorrectDetails, { personId, name: 'Alice Arden', email: 'a.arden@example.org', telephone: '+31 20 555 0100' })
      .then(DetailsCorrected({ email: 'a.arden@example.org', telephone: '+31 20 555 0100', removed: [] }));
    known.when(CorrectDetails, { personId, name: 'Alice Arden' }).thenNothing();
    known.when(CorrectDetails, { personId }).thenNothing();
  });

  it('are taken away where they are there', () => {
    known.when(CorrectDetails, { personId, remove: ['email', 'address'] }).then(DetailsCorrected({ removed: ['email'] }));
    known.when(CorrectDetails, { personId, remove: ['address'] }).thenNothing();
  });

  it('are not given and taken away at once', () => {
    const both = { personId, email: 'x@example.org', remove: ['email'] as 'email'[] };
    expect(known.when(CorrectDetails, both).thenRefused('changed-and-removed').field).toBe('email');
  });

  it('are what they were last', () => {
    const corrected = given(person, alice, DetailsCorrected({ email: 'new@example.org', telephone: '+31 20 555 0100', removed: [] }));
    corrected.when(CorrectDetails, { personId, email: 'new@example.org' }).thenNothing();
    const removed = given(person, alice, DetailsCorrected({ removed: ['email'] }));
    removed.when(CorrectDetails, { personId, remove: ['email'] }).thenNothing();
    removed
      .when(CorrectDetails, { personId, email: 'alice@example.org' })
      .then(DetailsCorrected({ email: 'alice@example.org', removed: [] }));
  });

  it('say how they want to be reached, in which language, in its canonical spelling', () => {
    known
      .when(CorrectDetails, { personId, preferredChannel: 'telephone', language: 'pt-br' })
      .then(DetailsCorrected({ preferredChannel: 'telephone', language: 'pt-BR', removed: [] }));
    const wishes = given(person, alice, DetailsCorrected({ language: 'nl', removed: [] }));
    wishes.when(CorrectDetails, { personId, language: 'NL' }).thenNothing();
    wishes.when(CorrectDetails, { personId, remove: ['language'] }).then(DetailsCorrected({ removed: ['language'] }));
  });

  it('that were erased are given anew', () => {
    given(person, sinceErased(alice))
      .when(CorrectDetails, { personId, name: 'Alice Arden' })
      .then(DetailsCorrected({ name: 'Alice Arden', removed: [] }));
  });
});

describe('a sign-in', () => {
  const binding = { personId, issuer: ISSUER, subject: 'alice' };

  it('is bound once, and is nobody else’s', () => {
    known.when(BindSignIn, binding).then(SignInBound({ signInId: newId('sign-in'), account }));
    given(person, alice, bound).when(BindSignIn, binding).thenNothing();
    expect(known.claims(BindSignIn, binding)).toEqual([
      { namespace: 'sign-in', value: JSON.stringify([ISSUER, 'alice']), field: 'subject' },
    ]);
  });

  it('beside another is a second one; an erased one says nothing', () => {
    given(person, alice, bound)
      .when(BindSignIn, { ...binding, subject: 'alice2' })
      .then(SignInBound({ signInId: newId('sign-in'), account: { issuer: ISSUER, subject: 'alice2' } }));
    given(person, alice, sinceErased(bound))
      .when(BindSignIn, binding)
      .then(SignInBound({ signInId: newId('sign-in'), account }));
  });

  it('is revoked, and its account is free for whoever it is bound to next', () => {
    const revoking = { personId, signInId: SIGN_IN_ID };
    const withSignIn = given(person, alice, bound);
    withSignIn.when(RevokeSignIn, revoking).then(SignInRevoked({ signInId: SIGN_IN_ID }));
    expect(withSignIn.releases(RevokeSignIn, revoking)).toMatchObject([{ namespace: 'sign-in', value: JSON.stringify([ISSUER, 'alice']) }]);
    const revoked = given(person, alice, bound, SignInRevoked({ signInId: SIGN_IN_ID }));
    expect(revoked.when(RevokeSignIn, revoking).thenRefused('sign-in-not-found')).toMatchObject({ status: 404, field: 'signInId' });
    revoked.when(BindSignIn, binding).then(SignInBound({ signInId: newId('sign-in'), account }));
    expect(given(person, alice, sinceErased(bound)).releases(RevokeSignIn, revoking)).toEqual([]);
    expect(given(person).releases(RevokeSignIn, revoking)).toEqual([]);
  });
});

describe('whoever leaves', () => {
  it('is let in no more and speaks for no organization', () => {
    const leaving = given(person, alice, bound, joined);
    leaving
      .when(RecordPersonLeft, { personId })
      .then(PersonLeft({}), SignInRevoked({ signInId: SIGN_IN_ID }), AffiliationEnded({ organization: ACME, until: '2026-03-31' }));
    expect(leaving.releases(RecordPersonLeft, { personId })).toHaveLength(1);
    expect(given(person).releases(RecordPersonLeft, { personId })).toEqual([]);
    left.when(RecordPersonLeft, { personId }).thenNothing();
  });

  it('has left: nothing more is changed', () => {
    for (const outcome of [
      left.when(CorrectDetails, { personId, name: 'A' }),
      left.when(BindSignIn, { personId, issuer: ISSUER, subject: 'alice' }),
      left.when(AddContactPoint, { personId, kind: 'mobile', value: '+31 6 1' }),
      left.when(RemoveContactPoint, { personId, contactPointId: ACME }),
      left.when(JoinOrganization, { personId, organization: ACME }),
      left.when(LeaveOrganization, { personId, organization: ACME }),
    ]) {
      expect(outcome.thenRefused('person-left').status).toBe(409);
    }
  });
});

describe('nobody', () => {
  it('has details, sign-ins, organizations, nor leaves', () => {
    const nobody = given(person);
    for (const outcome of [
      nobody.when(CorrectDetails, { personId, name: 'A' }),
      nobody.when(BindSignIn, { personId, issuer: ISSUER, subject: 'alice' }),
      nobody.when(RevokeSignIn, { personId, signInId: SIGN_IN_ID }),
      nobody.when(AddContactPoint, { personId, kind: 'mobile', value: '+31 6 1' }),
      nobody.when(JoinOrganization, { personId, organization: ACME }),
      nobody.when(RecordPersonLeft, { personId }),
    ]) {
      expect(outcome.thenRefused('person-not-found').status).toBe(404);
    }
    for (const event of [DetailsCorrected({ removed: [] }), PersonLeft({}), bound, joined]) {
      expect(given(person, event).state).toEqual({ status: 'unknown' });
    }
  });
});

describe('an organization of theirs', () => {
  const directory = { organization: (id: string) => (id === ACME ? { archived: false, visibility: DEFAULT_VISIBILITY } : undefined) };
  const joining = { personId, organization: ACME, role: 'Buyer', since: '2026-01-01' };

  it('is joined, and joined anew with another role', () => {
    known.when(JoinOrganization, joining, { directory }).then(joined);
    given(person, alice, joined).when(JoinOrganization, joining, { directory }).thenNothing();
    given(person, alice, joined)
      .when(JoinOrganization, { ...joining, role: 'Director' }, { directory })
      .then(AffiliationBegan({ organization: ACME, since: '2026-01-01', role: 'Director' }));
    const roleless = AffiliationBegan({ organization: ACME });
    given(person, alice, roleless).when(JoinOrganization, { personId, organization: ACME }, { directory }).thenNothing();
  });

  it('has to be there, and not archived', () => {
    const unknown = known.when(JoinOrganization, { ...joining, organization: SIGN_IN_ID }, { directory });
    expect(unknown.thenRefused('organization-unknown').field).toBe('organization');
    const archived = { organization: () => ({ archived: true, visibility: DEFAULT_VISIBILITY }) };
    expect(known.when(JoinOrganization, joining, { directory: archived }).thenRefused('organization-archived').status).toBe(409);
  });

  it('is left, today where no day is given, not before it was joined', () => {
    const member = given(person, alice, joined);
    const leaving = { personId, organization: ACME };
    member.when(LeaveOrganization, leaving).then(AffiliationEnded({ organization: ACME, until: '2026-03-31' }));
    member.when(LeaveOrganization, { ...leaving, until: '2026-01-01' }).then(AffiliationEnded({ organization: ACME, until: '2026-01-01' }));
    expect(member.when(LeaveOrganization, { ...leaving, until: '2025-12-31' }).thenRefused('affiliation-backwards').field).toBe('until');
    expect(known.when(LeaveOrganization, leaving).thenRefused('affiliation-not-found').status).toBe(404);
    const gone = given(person, alice, joined, AffiliationEnded({ organization: ACME, until: '2026-02-01' }));
    gone.when(LeaveOrganization, leaving).thenRefused('affiliation-not-found');
  });
});

describe('moving', () => {
  const directory = {
    organization: (id: string) => (id === ACME || id === BAKERY ? { archived: false, visibility: DEFAULT_VISIBILITY } : undefined),
  };
  const member = given(person, alice, joined);
  const moving = { personId, organization: ACME, to: BAKERY, role: 'Director' };
  const left = AffiliationEnded({ organization: ACME, until: '2026-03-31' });
  const anew = AffiliationBegan({ organization: BAKERY, role: 'Director' });

  it('is leaving one and joining another at once', () => {
    member.when(MoveToOrganization, moving, { directory }).then(left, anew);
    const dated = { ...moving, until: '2026-02-28', since: '2026-03-01' };
    member
      .when(MoveToOrganization, dated, { directory })
      .then(AffiliationEnded({ organization: ACME, until: '2026-02-28' }), AffiliationBegan({ ...anew.data, since: '2026-03-01' }));
    given(person, alice, joined, anew).when(MoveToOrganization, moving, { directory }).then(left);
  });

  it.each([
    ['moved-nowhere', { to: ACME }, 'to'],
    ['organization-unknown', { to: SIGN_IN_ID }, 'to'],
    ['affiliation-not-found', { organization: BAKERY, to: ACME }, 'organization'],
    ['affiliation-backwards', { until: '2025-12-31' }, 'until'],
  ])('is refused: %s', (code, fields, field) => {
    expect(member.when(MoveToOrganization, { ...moving, ...fields }, { directory }).thenRefused(code).field).toBe(field);
  });
});

describe('a way to reach them', () => {
  const POINT = 'c0000000-0000-4000-8000-000000000001';
  const mobile = ContactPointAdded({ contactPointId: POINT, kind: 'mobile', value: '+31 6 12345678' });

  it('is added once', () => {
    known
      .when(AddContactPoint, { personId, kind: 'mobile', value: '+31 6 12345678', label: 'private' })
      .then(ContactPointAdded({ contactPointId: newId('contact-point'), kind: 'mobile', value: '+31 6 12345678', label: 'private' }));
    const reachable = given(person, alice, mobile);
    reachable.when(AddContactPoint, { personId, kind: 'mobile', value: '+31 6 12345678' }).thenNothing();
    reachable
      .when(AddContactPoint, { personId, kind: 'fax', value: '+31 6 12345678' })
      .then(ContactPointAdded({ contactPointId: newId('contact-point'), kind: 'fax', value: '+31 6 12345678' }));
  });

  it('is removed', () => {
    const removing = { personId, contactPointId: POINT };
    given(person, alice, mobile)
      .when(RemoveContactPoint, removing)
      .then(ContactPointRemoved({ contactPointId: POINT }));
    const refusal = known.when(RemoveContactPoint, removing).thenRefused('contact-point-not-found');
    expect(refusal).toMatchObject({ status: 404, field: 'contactPointId' });
    const removed = given(person, alice, mobile, ContactPointRemoved({ contactPointId: POINT }));
    removed.when(RemoveContactPoint, removing).thenRefused('contact-point-not-found');
  });

  it('is one of fifty at most', () => {
    const fifty = Array.from({ length: 50 }, (_, n) => ContactPointAdded({ contactPointId: `${n}`, kind: 'mobile', value: `+31 6 ${n}` }));
    const adding = { personId, kind: 'mobile', value: '+31 6 99' } as const;
    expect(
      given(person, alice, ...fifty)
        .when(AddContactPoint, adding)
        .thenRefused('too-many-contact-points').status,
    ).toBe(409);
  });
});
