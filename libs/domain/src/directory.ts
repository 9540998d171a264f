/**
 * What events of many streams say together, as far as a decision must know it: who signs in by which account, what
 * they may do, to which organization they belong, for which purposes data is kept. A fold over `DIRECTORY_EVENTS` in
 * the order of the store: `libs/access` keeps one up to date; an auditor folds the same events up to the position
 * that a decision recorded, and so derives the same facts.
 */
import { isErased, type ActorKind, type Directory as Questions, type Erased, type RecordedEvent, type Sealed } from '@rapport/kernel';
import { accountOf, type Account } from './commands';
import { engagement, evolveEngagement, isEngaged, type Engagement } from './oversight/engagement';
import { evolveService, service, type Service } from './oversight/service';
import { evolveStaff, isTrained, staffMember, type Role, type StaffMember } from './oversight/staff-member';
import { evolvePurposes, purposeOf, purposeRegister, type Purpose, type PurposeRegister } from './privacy/purpose-register';
import { authorityOf, authorizedPersons, evolveAppointments, type Appointments } from './relationships/authorized-persons';
import {
  ContactVisibilitySet,
  DEFAULT_VISIBILITY,
  OrganizationAdded,
  OrganizationArchived,
  ParentSet,
  RelationshipBegan,
  type Visibility,
} from './relationships/organization';
import { AffiliationBegan, AffiliationEnded } from './relationships/affiliation';
import { MergedInto, Unmerged } from './relationships/merge';
import { PersonLeft, SignInBound, SignInRevoked } from './relationships/person';

/** Somebody who may be allowed something, as far as events say. */
export interface Principal {
  readonly kind: ActorKind;
  readonly id: string;
  readonly roles: readonly string[];
  /** Has a current confidentiality training. */
  readonly trained: boolean;
  /** Of a service: the purposes it may act for. */
  readonly purposes: readonly string[];
  /** Of an auditor: an engagement holds today. */
  readonly engaged: boolean;
}

/** The event types the directory is made of. */
export const DIRECTORY_EVENTS: readonly string[] = [
  ...staffMember.events,
  ...service.events,
  ...engagement.events,
  ...purposeRegister.events,
  SignInBound,
  SignInRevoked,
  PersonLeft,
  MergedInto,
  Unmerged,
  AffiliationBegan,
  AffiliationEnded,
  OrganizationAdded,
  OrganizationArchived,
  RelationshipBegan,
  ParentSet,
  ContactVisibilitySet,
  ...authorizedPersons.events,
].map((event) => event.type);

interface KnownOrganization {
  readonly parent?: string;
  readonly archived: boolean;
  readonly visibility: Visibility;
}

export class Directory implements Questions {
  private readonly staff = new Map<string, StaffMember>();
  private readonly services = new Map<string, Service>();
  private readonly engagements = new Map<string, Engagement>();
  private register: PurposeRegister = {};
  /** Account → who signs in by it. */
  private readonly accounts = new Map<string, { readonly id: string; readonly kind: 'person' | 'service'; readonly signInId?: string }>();
  private readonly accountOfSignIn = new Map<string, string>();
  private readonly left = new Set<string>();
  /** Who was merged → into whom; and the other way round. */
  private readonly survivors = new Map<string, string>();
  private readonly duplicates = new Map<string, readonly string[]>();
  private readonly affiliations = new Map<string, readonly string[]>();
  private readonly organizations = new Map<string, KnownOrganization>();
  private readonly appointments = new Map<string, Appointments>();

  /** @param open opens a sealed account; an auditor has no keys and answers `ERASED` */
  constructor(private readonly open: <T>(value: Sealed<T>) => T | Erased) {}

  /** Who signs in by this account, with what they may do at `now` (ISO 8601, UTC); undefined for nobody we know. */
  principal(account: Account, now: string): Principal | undefined {
    const bound = this.accounts.get(accountOf(account));
    if (bound === undefined || this.hasLeft(this.survivorOf(bound.id))) return undefined;
    return bound.kind === 'service' ? this.serviceOf(bound.id) : this.personOf(bound.id, now);
  }

  /** The same one, with what they may do by now: it may have changed while a command waited. */
  renewed(principal: Principal, now: string): Principal {
    if (principal.kind === 'system') return principal;
    return principal.kind === 'service' ? this.serviceOf(principal.id) : this.personOf(principal.id, now);
  }

  private serviceOf(id: string): Principal {
    const state = this.services.get(id);
    const purposes = state?.status === 'registered' ? state.purposes : [];
    return { kind: 'service', id, roles: [], trained: false, purposes, engaged: false };
  }

  /** Whoever signs in as somebody who was merged acts as the one they were merged into. */
  private personOf(merged: string, now: string): Principal {
    const id = this.survivorOf(merged);
    const roles = this.rolesOf(id);
    const group = this.groupOf(id);
    const isTheirs = (e: Engagement) => e.status !== 'none' && group.includes(e.auditor) && isEngaged(e, now);
    const engaged = !this.left.has(id) && [...this.engagements.values()].some(isTheirs);
    const kind = roles.length > 0 ? 'staff' : engaged ? 'auditor' : 'person';
    return { kind, id, roles: [...roles].sort(), trained: isTrained(this.staff.get(id), now), purposes: [], engaged };
  }

  /** Whoever left has no role any more: the roles went with them. */
  private rolesOf(person: string): readonly Role[] {
    return this.left.has(person) ? [] : (this.staff.get(person)?.roles ?? []);
  }

  purpose(slug: string): Purpose | undefined {
    return purposeOf(this.register, slug);
  }

  get purposes(): readonly Purpose[] {
    return Object.values(this.register);
  }

  /** Whether anybody has this role. */
  hasRole(role: Role): boolean {
    return [...this.staff.keys()].some((person) => this.rolesOf(person).includes(role));
  }

  isStaff(person: string): boolean {
    return this.rolesOf(person).length > 0;
  }

  hasLeft(person: string): boolean {
    return this.left.has(person);
  }

  survivorOf(person: string): string {
    let survivor = person;
    for (let next = this.survivors.get(survivor); next !== undefined; next = this.survivors.get(next)) survivor = next;
    return survivor;
  }

  groupOf(person: string): readonly string[] {
    const group = [this.survivorOf(person)];
    for (const member of group) group.push(...(this.duplicates.get(member) ?? []));
    return group;
  }

  signsIn(person: string): boolean {
    const group = this.groupOf(person);
    return [...this.accounts.values()].some(({ id, kind }) => kind === 'person' && group.includes(id));
  }

  organizationsOf(person: string): readonly string[] {
    const group = this.groupOf(person);
    if (group.length === 1) return this.affiliations.get(person) ?? [];
    return [...new Set(group.flatMap((member) => this.affiliations.get(member) ?? []))];
  }

  organization(id: string): KnownOrganization | undefined {
    return this.organizations.get(id);
  }

  authorityOf(person: string, organization: string, at: string): readonly string[] {
    const appointments = this.appointments.get(organization);
    // Who no longer belongs to the organization decides nothing for it, whatever was appointed.
    if (appointments === undefined || !this.organizationsOf(person).includes(organization)) return [];
    return [...new Set(this.groupOf(person).flatMap((id) => authorityOf(appointments, id, at.slice(0, 10))))];
  }

  ancestorsOf(organization: string): readonly string[] {
    const ancestors: string[] = [];
    for (let at = this.organizations.get(organization)?.parent; at !== undefined; at = this.organizations.get(at)?.parent) {
      // Two commands at once may have closed a circle, each in a stream of its own: it ends where it began.
      if (ancestors.includes(at)) break;
      ancestors.push(at);
    }
    return ancestors;
  }

  /** Applies the next of `DIRECTORY_EVENTS`. */
  apply(event: RecordedEvent): void {
    const id = event.streamId;
    switch (event.stream.slice(0, event.stream.indexOf('-'))) {
      case staffMember.name: {
        const before = this.staff.get(id) ?? (staffMember.initial as StaffMember);
        this.staff.set(id, evolveStaff(before, event as Parameters<typeof evolveStaff>[1]));
        return;
      }
      case service.name: {
        const state = evolveService(this.services.get(id) ?? (service.initial as Service), event as Parameters<typeof evolveService>[1]);
        this.services.set(id, state);
        if (state.status === 'registered')
          this.accounts.set(accountOf({ issuer: state.issuer, subject: state.client }), { id, kind: 'service' });
        return;
      }
      case engagement.name: {
        const before = this.engagements.get(id) ?? (engagement.initial as Engagement);
        this.engagements.set(id, evolveEngagement(before, event as Parameters<typeof evolveEngagement>[1]));
        return;
      }
      case authorizedPersons.name:
        this.appointments.set(id, evolveAppointments(this.appointments.get(id) ?? {}, event as Parameters<typeof evolveAppointments>[1]));
        return;
      case purposeRegister.name:
        this.register = evolvePurposes(this.register, event as Parameters<typeof evolvePurposes>[1]);
        return;
      default:
        this.applyRelationship(event);
    }
  }

  private applyRelationship(event: RecordedEvent): void {
    const id = event.streamId;
    if (is(event, SignInBound)) {
      const account = this.open(event.data.account);
      if (isErased(account)) return;
      const { signInId } = event.data;
      this.accounts.set(accountOf(account), { id, kind: 'person', signInId });
      this.accountOfSignIn.set(signInId, accountOf(account));
    } else if (is(event, SignInRevoked)) {
      const { signInId } = event.data;
      const account = this.accountOfSignIn.get(signInId);
      this.accountOfSignIn.delete(signInId);
      // It may be bound anew by now, to whomever.
      if (account !== undefined && this.accounts.get(account)?.signInId === signInId) this.accounts.delete(account);
    } else if (is(event, PersonLeft)) {
      this.left.add(id);
    } else if (is(event, MergedInto)) {
      const { survivor } = event.data;
      // Two processes at once may have closed a circle, each in a stream of its own: who came second is not merged.
      if (this.survivorOf(survivor) !== id) this.merge(id, survivor);
    } else if (is(event, Unmerged)) {
      this.unmerge(id);
    } else if (is(event, AffiliationBegan)) {
      // Begun anew, with another role, it is still one.
      this.affiliations.set(id, [...new Set([...(this.affiliations.get(id) ?? []), event.data.organization])]);
    } else if (is(event, AffiliationEnded)) {
      const left = (this.affiliations.get(id) ?? []).filter((organization) => organization !== event.data.organization);
      if (left.length > 0) this.affiliations.set(id, left);
      else this.affiliations.delete(id);
    } else if (is(event, OrganizationAdded)) {
      this.organizations.set(id, { parent: event.data.parent, archived: false, visibility: DEFAULT_VISIBILITY });
    } else if (is(event, OrganizationArchived)) {
      this.changeOrganization(id, { archived: true });
    } else if (is(event, RelationshipBegan)) {
      this.changeOrganization(id, { archived: false });
    } else if (is(event, ParentSet)) {
      this.changeOrganization(id, { parent: event.data.parent });
    } else if (is(event, ContactVisibilitySet)) {
      this.changeOrganization(id, { visibility: event.data.visibility });
    }
  }

  private changeOrganization(id: string, change: Partial<KnownOrganization>): void {
    const known = this.organizations.get(id);
    if (known !== undefined) this.organizations.set(id, { ...known, ...change });
  }

  private merge(duplicate: string, survivor: string): void {
    this.unmerge(duplicate);
    this.survivors.set(duplicate, survivor);
    this.duplicates.set(survivor, [...(this.duplicates.get(survivor) ?? []), duplicate]);
  }

  private unmerge(duplicate: string): void {
    const survivor = this.survivors.get(duplicate);
    if (survivor === undefined) return;
    this.survivors.delete(duplicate);
    const left = this.duplicates.get(survivor)!.filter((other) => other !== duplicate);
    if (left.length > 0) this.duplicates.set(survivor, left);
    else this.duplicates.delete(survivor);
  }
}

/** Narrows an event to a declared type. */
function is<E extends { readonly type: string }>(event: RecordedEvent, type: E): event is RecordedOf<E> {
  return event.type === type.type;
}
type RecordedOf<E> = import('@rapport/kernel').Recorded<E> & RecordedEvent;
