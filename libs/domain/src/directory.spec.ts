import * as fc from 'fast-check';
import { eventId, openShown, recordedFrom, STREAM_ID, type GivenEvent } from '@rapport/kernel/testing';
import type { Aggregate } from '@rapport/kernel';
import { Directory, DIRECTORY_EVENTS } from './directory';
import { engagement, EngagementEnded, EngagementOpened } from './oversight/engagement';
import { PurposesAllowed, service, ServiceRegistered } from './oversight/service';
import { RoleGranted, RoleWithdrawn, staffMember, TrainingAttested } from './oversight/staff-member';
import { PurposeDeclared, purposeRegister, PurposeWithdrawn, type Purpose } from './privacy/purpose-register';
import { AffiliationBegan } from './relationships/affiliation';
import { MergedInto, Unmerged } from './relationships/merge';
import { person, PersonLeft, SignInBound, SignInRevoked } from './relationships/person';

const [SAM, PETRA, CRM] = [1, 2, 3].map((n) => `5a000000-0000-4000-8000-00000000000${n}`) as [string, string, string];
const NOW = '2026-03-31T10:00:00.000Z';
const account = { issuer: 'https://id.example.org/', subject: 'sam' };

/** An event in somebody's stream. */
const of = (aggregate: Pick<Aggregate, 'name' | 'events'>, id: string, event: GivenEvent) => ({ aggregate, id, event });
function directoryOf(...happened: readonly ReturnType<typeof of>[]): Directory {
  const directory = new Directory(openShown);
  for (const { aggregate, id, event } of happened) {
    const [recorded] = recordedFrom(aggregate, [event]);
    if (DIRECTORY_EVENTS.includes(event.type)) {
      directory.apply({ ...recorded!, streamId: id, stream: recorded!.stream.replace(STREAM_ID, id) });
    }
  }
  return directory;
}
const bound = (id: string, signInId: string) => of(person, id, SignInBound({ signInId, account }));
const revoked = (id: string, signInId: string) => of(person, id, SignInRevoked({ signInId }));
const left = (id: string) => of(person, id, PersonLeft({}));
const granted = (id: string) => of(staffMember, id, RoleGranted({ role: 'support' }));
const trained = (id: string, validUntil = '2027-03-01') => of(staffMember, id, TrainingAttested({ completedOn: '2026-03-01', validUntil }));

describe('who signs in', () => {
  it('is nobody, a person, staff with a role, an auditor while engaged, a service', () => {
    const terms = { auditor: SAM, from: '2026-03-01', until: '2026-03-31', scope: ['access'] as const };
    const opened = of(engagement, eventId(1), EngagementOpened(terms));
    const kindAfter = (...events: ReturnType<typeof of>[]) => directoryOf(...events).principal(account, NOW)?.kind;
    expect(kindAfter()).toBeUndefined();
    expect(kindAfter(bound(SAM, 'a'))).toBe('person');
    expect(kindAfter(bound(SAM, 'a'), granted(SAM))).toBe('staff');
    expect(kindAfter(bound(SAM, 'a'), opened)).toBe('auditor');
    expect(kindAfter(bound(SAM, 'a'), opened, granted(SAM))).toBe('staff');
    expect(kindAfter(bound(SAM, 'a'), opened, of(engagement, eventId(1), EngagementEnded({ auditor: SAM })))).toBe('person');
    expect(kindAfter(of(service, CRM, ServiceRegistered({ name: 'crm', issuer: account.issuer, client: account.subject })))).toBe(
      'service',
    );
  });

  it('has the roles, training and engagement of the moment, also where they were asked before', () => {
    const withdrawn = of(staffMember, SAM, RoleWithdrawn({ role: 'support' }));
    const before = directoryOf(bound(SAM, 'a'), granted(SAM), trained(SAM)).principal(account, NOW)!;
    expect(before).toMatchObject({ kind: 'staff', roles: ['support'], trained: true });
    const after = directoryOf(bound(SAM, 'a'), granted(SAM), trained(SAM), withdrawn);
    expect(after.renewed(before, NOW)).toMatchObject({ kind: 'person', roles: [], trained: true });
    expect(after.renewed(before, '2027-03-02T00:00:00.000Z')).toMatchObject({ trained: false });
    expect(after.isStaff(SAM)).toBe(false);
    const system = { ...before, kind: 'system' } as const;
    expect(after.renewed(system, NOW)).toBe(system);
  });

  it('by an account that was revoked and bound anew is the one it is bound to now', () => {
    const anew = [bound(SAM, 'a'), revoked(SAM, 'a'), bound(PETRA, 'b')];
    expect(directoryOf(...anew).principal(account, NOW)?.id).toBe(PETRA);
    // The revocation seen once more takes nothing from the new one.
    expect(directoryOf(...anew, revoked(SAM, 'a')).principal(account, NOW)?.id).toBe(PETRA);
    expect(directoryOf(...anew, revoked(PETRA, 'b')).principal(account, NOW)).toBeUndefined();
  });

  it('by an account that was erased is nobody', () => {
    expect(
      directoryOf(of(person, SAM, { ...SignInBound({ signInId: 'a', account }), erased: true })).principal(account, NOW),
    ).toBeUndefined();
  });

  it('a service acts for the purposes it was allowed last', () => {
    const registered = of(service, CRM, ServiceRegistered({ name: 'crm', issuer: account.issuer, client: account.subject }));
    const allowed = (...purposes: string[]) => of(service, CRM, PurposesAllowed({ purposes }));
    expect(directoryOf(registered).principal(account, NOW)).toMatchObject({ kind: 'service', id: CRM, purposes: [] });
    const directory = directoryOf(registered, allowed('a', 'b'), allowed('b'));
    expect(directory.renewed(directory.principal(account, NOW)!, NOW)).toMatchObject({ purposes: ['b'] });
  });
});

describe('whoever left', () => {
  it('has no role any more, whatever comes after', () => {
    const role = of(staffMember, SAM, RoleGranted({ role: 'privacy-officer' }));
    fc.assert(
      fc.property(fc.shuffledSubarray([role, granted(SAM), trained(SAM), bound(SAM, 'b')]), (later) => {
        const directory = directoryOf(bound(SAM, 'a'), role, revoked(SAM, 'a'), left(SAM), ...later);
        expect([directory.hasLeft(SAM), directory.isStaff(SAM), directory.hasRole('privacy-officer')]).toEqual([true, false, false]);
        expect(directory.principal(account, NOW)?.roles ?? []).toEqual([]);
      }),
    );
    expect(directoryOf(role).hasRole('privacy-officer')).toBe(true);
    expect(directoryOf(role).hasLeft(SAM)).toBe(false);
  });
});

describe('people who were merged', () => {
  const ACME = 'ac000000-0000-4000-8000-000000000001';
  const merged = (id: string, survivor: string) => of(person, id, MergedInto({ survivor }));
  const unmerged = (id: string, survivor: string) => of(person, id, Unmerged({ survivor }));
  const joined = of(person, CRM, AffiliationBegan({ organization: ACME }));

  it('are one group, whichever of them is asked about, however they came to it', () => {
    for (const events of [
      [merged(CRM, SAM), merged(SAM, PETRA)],
      [merged(SAM, PETRA), merged(CRM, SAM)],
    ]) {
      const directory = directoryOf(...events, joined, bound(CRM, 'a'));
      for (const id of [SAM, PETRA, CRM]) {
        expect(directory.survivorOf(id)).toBe(PETRA);
        expect(directory.groupOf(id)).toEqual([PETRA, SAM, CRM]);
        expect(directory.organizationsOf(id)).toEqual([ACME]);
        expect(directory.signsIn(id)).toBe(true);
      }
    }
  });

  it('sign in as the survivor, with the roles of the survivor, and not at all once that one has left', () => {
    const signedIn = [bound(SAM, 'a'), granted(PETRA), merged(SAM, PETRA)];
    const principal = directoryOf(...signedIn).principal(account, NOW)!;
    expect(principal).toMatchObject({ id: PETRA, kind: 'staff', roles: ['support'] });
    expect(directoryOf(...signedIn, left(PETRA)).principal(account, NOW)).toBeUndefined();
    const separated = directoryOf(...signedIn, unmerged(SAM, PETRA));
    expect(separated.principal(account, NOW)).toMatchObject({ id: SAM, kind: 'person' });
    expect(separated.signsIn(PETRA)).toBe(false);
  });

  it('never close a circle: where two processes merged both ways at once, the first holds', () => {
    const directory = directoryOf(merged(SAM, PETRA), merged(PETRA, CRM), merged(CRM, SAM));
    expect(directory.survivorOf(SAM)).toBe(CRM);
    expect(directory.groupOf(CRM)).toEqual([CRM, PETRA, SAM]);
  });

  it('are as before once every merge is undone, in whatever order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([SAM, CRM], { minLength: 2 }), (order) => {
        const undone = order.map((id) => unmerged(id, PETRA));
        const directory = directoryOf(merged(CRM, SAM), merged(SAM, PETRA), ...undone);
        for (const id of [SAM, PETRA, CRM]) expect(directory.groupOf(id)).toEqual([id]);
      }),
    );
  });
});

describe('purposes', () => {
  const purpose = { slug: 'constructor', categories: ['contact'] } as unknown as Purpose;
  const declared = of(purposeRegister, eventId(1), PurposeDeclared({ purpose }));

  it('are those declared and not withdrawn', () => {
    expect(directoryOf().purpose('constructor')).toBeUndefined();
    expect(directoryOf(declared).purpose('constructor')).toEqual(purpose);
    expect(directoryOf(declared, of(purposeRegister, eventId(1), PurposeWithdrawn({ slug: 'constructor' }))).purposes).toEqual([]);
  });
});
