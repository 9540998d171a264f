import { join } from 'node:path';
import type { Facts } from '@rapport/kernel/aggregate';
import type { ActorKind } from '@rapport/kernel/events';
import { decide, evaluate } from './decide';
import { loadPolicies, parsePolicySet } from './policies';

const set = loadPolicies(join(__dirname, '../policies'));
const KINDS: ActorKind[] = ['person', 'staff', 'service', 'auditor', 'system'];

/** An actor about whom nothing is known, before a record that exists. */
const nothing: Facts = {
  roles: [],
  trained: false,
  self: false,
  exists: true,
  purpose: '',
  engaged: false,
  purposeKnown: false,
  purposeAllowed: false,
  categoriesCovered: false,
};
/** As above, for a declared purpose that covers the data. */
const purposeful: Facts = { ...nothing, purpose: 'customer-relations', purposeKnown: true, purposeAllowed: true, categoriesCovered: true };
/** A trained member of staff with that purpose. */
const staff = (...roles: string[]): Facts => ({ ...purposeful, roles, trained: true });

/** What each kind may do in all is reviewed in docs/authorization.md; here is why. */
const ask = (kind: ActorKind, action: string, facts: Facts) => decide(set, { kind, action, facts });
const allowedTo = (kind: ActorKind, facts: Facts) => [...set.actions].filter((action) => ask(kind, action, facts).allowed).sort();

const PERSONAL = [
  ...['AddPerson', 'CorrectDetails', 'BindSignIn', 'RecordConversation', 'TakeNote', 'CorrectNote', 'OpenCall', 'AddCommunication'],
  ...['ResolveCall', 'ReopenCall', 'GiveFeedback', 'ImportCallChange'],
];
const PEOPLE = ['AddPerson', 'CorrectDetails', 'RecordPersonLeft', 'FindPerson', 'ReadTimeline'];
const CONVERSATIONS = ['RecordConversation', 'TakeNote', 'CorrectNote', 'CompleteFollowUp'];
const CALLS = [
  ...['OpenCall', 'CategorizeCall', 'AssignCall', 'ChangeCallStatus', 'AddCommunication'],
  ...['ResolveCall', 'ReopenCall', 'CloseCall', 'ReadCall'],
];
const OWN = [
  ...['AddCommunication', 'AddContactPoint', 'CorrectDetails', 'GiveFeedback', 'OpenCall', 'RemoveContactPoint'],
  ...['ReadCall', 'ReadMyCalls', 'ReadMyData', 'ReadWhoLooked'],
  ...['EndInterest', 'ObjectToMarketing', 'ReadPreferences', 'SetPreference', 'ShowInterest', 'Unsubscribe', 'WithdrawObjection'],
];
const SYSTEM = ['PublishPolicySet', 'RecordSoftwareStart', 'RecordRefusals'];
/** What needs no fact: an objection is never refused (R24), and a count over many shows nobody (R9, R24). */
const ALWAYS: { readonly [kind in ActorKind]?: readonly string[] } = {
  system: SYSTEM,
  service: ['ObjectToMarketing'],
  staff: ['CountAudience', 'ObjectToMarketing', 'ReadGoals'],
};
const sorted = (...lists: string[][]) => lists.flat().sort();

describe('nothing without a policy', () => {
  const cases = KINDS.flatMap((kind) => [...set.actions].map((action) => [kind, action] as const));

  it.each(cases)('%s without facts: %s', (kind, action) => {
    const decision = ask(kind, action, nothing);
    expect(decision.errors).toEqual([]);
    expect(decision.allowed).toBe(ALWAYS[kind]?.includes(action) ?? false);
  });

  it('even with every fact in favor, nobody but the system does what the system does, and the system nothing else', () => {
    const favor: Facts = {
      ...staff('support', 'sales', 'consultancy', 'privacy-officer', 'administrator'),
      ...{ self: true, caller: true, fromCaller: true, engaged: true, bootstrap: true },
      ...{ grantsToSelf: false, attestsSelf: false },
    };
    for (const kind of KINDS.filter((each) => each !== 'system')) {
      expect(allowedTo(kind, favor).filter((action) => [...SYSTEM, 'AppointFirstPrivacyOfficer'].includes(action))).toEqual([]);
    }
    expect(allowedTo('system', favor)).toEqual(sorted(SYSTEM, ['AppointFirstPrivacyOfficer']));
    expect(ask('system', 'AppointFirstPrivacyOfficer', { ...favor, bootstrap: false }).allowed).toBe(false);
  });
});

describe('staff', () => {
  it.each([...PEOPLE, ...CONVERSATIONS, ...CALLS])('without training: not %s, and the decision says why', (action) => {
    const decision = ask('staff', action, { ...staff('support', 'sales'), trained: false });
    expect(decision).toEqual({ allowed: false, policies: ['no-untrained-staff'], errors: [] });
  });

  it('opens engagements for others only', () => {
    const officer = staff('privacy-officer');
    expect(ask('staff', 'OpenEngagement', officer).policies).toEqual(['privacy-officer-keeps-engagements']);
    expect(ask('staff', 'OpenEngagement', { ...officer, self: true }).policies).toEqual(['no-engagement-for-oneself']);
  });

  it('is refused by name of the rule where the purpose is unknown or does not cover the data', () => {
    const sales = staff('sales');
    expect(ask('staff', 'TakeNote', { ...sales, purposeKnown: false }).policies).toEqual(['no-storing-without-purpose']);
    expect(ask('staff', 'TakeNote', { ...sales, categoriesCovered: false }).policies).toEqual(['no-storing-beyond-purpose']);
    expect(ask('staff', 'ReadTimeline', { ...sales, purposeKnown: false }).policies).toEqual(['no-reading-beyond-purpose']);
    expect(ask('staff', 'ReadTimeline', { ...sales, categoriesCovered: false }).policies).toEqual(['no-reading-beyond-purpose']);
    expect(ask('staff', 'TakeNote', sales)).toEqual({ allowed: true, policies: ['staff-record-conversations'], errors: [] });
  });

  it('grants roles to others only', () => {
    for (const role of ['privacy-officer', 'administrator']) {
      expect(ask('staff', 'GrantRole', { ...staff(role), grantsToSelf: false }).policies).toEqual(['officers-grant-roles']);
      const toSelf = ask('staff', 'GrantRole', { ...staff(role), grantsToSelf: true });
      expect(toSelf).toEqual({ allowed: false, policies: ['no-role-for-oneself'], errors: [] });
      expect(ask('staff', 'GrantRole', staff(role)).allowed).toBe(false);
    }
    expect(ask('staff', 'GrantRole', { ...staff('support'), grantsToSelf: false }).allowed).toBe(false);
  });

  it('attests the training of others only', () => {
    const officer = staff('privacy-officer');
    expect(ask('staff', 'AttestTraining', { ...officer, attestsSelf: false }).policies).toEqual(['privacy-officer-attests-training']);
    expect(ask('staff', 'AttestTraining', { ...officer, attestsSelf: true })).toMatchObject({
      allowed: false,
      policies: ['no-training-for-oneself'],
    });
    expect(ask('staff', 'AttestTraining', officer).allowed).toBe(false);
    expect(ask('staff', 'AttestTraining', { ...staff('administrator'), attestsSelf: false }).allowed).toBe(false);
  });
});

describe('people and their own record', () => {
  it('reading one’s own needs no purpose, storing does', () => {
    expect(ask('person', 'ReadMyData', { ...nothing, self: true }).allowed).toBe(true);
    expect(ask('person', 'ReadCall', { ...nothing, caller: true }).allowed).toBe(true);
    expect(ask('person', 'CorrectDetails', { ...nothing, self: true }).policies).toContain('no-storing-without-purpose');
  });

  it('a caller writes on their own call in their own name', () => {
    expect(ask('person', 'AddCommunication', { ...purposeful, caller: true, fromCaller: true }).allowed).toBe(true);
    expect(ask('person', 'AddCommunication', { ...purposeful, caller: true, fromCaller: false }).allowed).toBe(false);
    expect(ask('person', 'AddCommunication', { ...purposeful, caller: false, fromCaller: true }).allowed).toBe(false);
  });
});

describe('services, auditors', () => {
  it('a service acts for its allowed purposes only', () => {
    expect(allowedTo('service', { ...purposeful, purposeAllowed: false })).toEqual(ALWAYS.service);
    expect(ask('service', 'AddPerson', { ...purposeful, purposeAllowed: false }).policies).toEqual(['no-service-beyond-its-purposes']);
    expect(ask('service', 'AddPerson', { ...purposeful, categoriesCovered: false }).policies).toEqual(['no-storing-beyond-purpose']);
  });

  it('an auditor reads the history while engaged, and never a personal value', () => {
    expect(allowedTo('auditor', { ...nothing, engaged: true })).toEqual(['ReadAuditTrail', 'ReadEvents']);
    expect(allowedTo('auditor', { ...nothing, engaged: false })).toEqual([]);
    for (const action of [...PERSONAL, 'ReadCall', 'ReadTimeline', 'FindPerson', 'ReadStaff']) {
      expect(ask('auditor', action, { ...purposeful, engaged: true }).policies).toContain('no-personal-data-for-auditors');
    }
  });

  it('an auditor is somebody the record is about as well: what is their own is theirs', () => {
    for (const engaged of [true, false]) {
      expect(allowedTo('auditor', { ...purposeful, self: true, caller: true, fromCaller: true, engaged })).toEqual(
        sorted(OWN, engaged ? ['ReadAuditTrail', 'ReadEvents'] : []),
      );
    }
    expect(allowedTo('person', { ...purposeful, self: true, caller: true, fromCaller: true })).toEqual(sorted(OWN));
  });

  it('staff read their own record as everybody does, not as they read those of others', () => {
    expect(ask('staff', 'ReadTimeline', staff('support')).allowed).toBe(true);
    expect(ask('staff', 'ReadTimeline', { ...staff('support'), self: true }).allowed).toBe(false);
    expect(ask('staff', 'ReadMyData', { ...staff('support'), self: true }).allowed).toBe(true);
  });
});

describe('the engine', () => {
  it.each([
    ['an action nobody declared', { kind: 'system', action: 'Nothing', facts: nothing }, /Nothing/],
    ['a fact nobody declared', { kind: 'person', action: 'ReadMyData', facts: { ...nothing, mood: 'good' } }, /mood/],
    ['a fact of another type', { kind: 'person', action: 'ReadMyData', facts: { ...nothing, trained: 'yes' } }, /./],
    ['a missing fact', { kind: 'person', action: 'ReadMyData', facts: {} }, /attribute/],
    ['a fact that Cedar has no type for', { kind: 'person', action: 'ReadMyData', facts: { ...nothing, purpose: 0.5 } }, /./],
    ['a kind nobody declared', { kind: 'robot', action: 'ReadMyData', facts: nothing }, /./],
  ] as const)('denies %s, and says so', (_, request, error) => {
    const decision = decide(set, request as Parameters<typeof decide>[1]);
    expect(decision).toMatchObject({ allowed: false, policies: [] });
    expect(decision.errors.join()).toMatch(error);
  });

  it('denies where a policy fails, even though another permits', () => {
    const failing = parsePolicySet(
      set.text.replace(
        '// ==== schema.cedarschema ====',
        '// R1\n@id("overflow")\nforbid (principal, action, resource) when { 9223372036854775807 + 1 > 0 };\n$&',
      ),
    );
    const decision = decide(failing, { kind: 'person', action: 'ReadMyData', facts: { ...nothing, self: true } });
    expect(decision).toMatchObject({ allowed: false, policies: [] });
    expect(decision.errors[0]).toMatch(/^overflow: /);
  });

  it('remembers decisions by equal facts, whatever their order', () => {
    const first = ask('staff', 'TakeNote', staff('sales', 'support'));
    const reversed = Object.fromEntries(Object.entries(staff('support', 'sales')).reverse());
    expect(ask('staff', 'TakeNote', reversed)).toBe(first);
    expect(ask('staff', 'TakeNote', staff('sales'))).not.toBe(first);
    expect(ask('staff', 'CorrectNote', staff('sales', 'support'))).not.toBe(first);
    expect(ask('staff', 'TakeNote', { ...staff('sales', 'support'), purpose: 'x purposeAllowed=true' })).not.toBe(first);
    expect(Object.isFrozen(first) && Object.isFrozen(first.policies)).toBe(true);
  });

  it('does not take the decision of another policy set', () => {
    const facts = { ...nothing, self: true };
    expect(ask('person', 'ReadMyData', facts).allowed).toBe(true);
    const other = parsePolicySet(set.text.replace(/(?<=@id\("people-read-own-data"\)[^;]*when \{ )context\.self/, '!context.self'));
    expect(decide(other, { kind: 'person', action: 'ReadMyData', facts }).allowed).toBe(false);
    expect(ask('person', 'ReadMyData', facts).allowed).toBe(true);
  });

  it('evaluates published text to the same decision, and remembers nothing', () => {
    const request = { kind: 'staff', action: 'TakeNote', facts: staff('sales') } as const;
    expect(evaluate(set.text, request)).toEqual(decide(set, request));
    expect(evaluate(set.text, request)).not.toBe(decide(set, request));
  });
});
