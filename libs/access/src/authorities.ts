/**
 * Who may do what, from events alone: sign-ins, roles, trainings, engagements, services and purposes.
 * A view in memory of the whole store, kept by a subscription of its own; a command waits for nothing but
 * its freshness. The identity provider says who somebody is (issuer and subject), nothing else.
 */
import {
  accountOf,
  type Account,
  type Engagement,
  engagement,
  evolveEngagement,
  evolvePurposes,
  evolveService,
  evolveStaff,
  isEngaged,
  isTrained,
  purposeOf,
  purposeRegister,
  type Purpose,
  type PurposeRegister,
  type Service,
  service,
  SignInBound,
  SignInRevoked,
  staffMember,
  type StaffMember,
} from '@rapport/domain';
import type { EventStore, Position, StoredEvent } from '@rapport/event-store';
import { type ActorKind, type Erased, isErased, type Recorded, type RecordedEvent, type Sealed } from '@rapport/kernel';

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

export const SYSTEM: Principal = { kind: 'system', id: 'rapport', roles: [], trained: false, purposes: [], engaged: false };

const AUTHORITY_EVENTS = [
  ...staffMember.events,
  ...service.events,
  ...engagement.events,
  ...purposeRegister.events,
  SignInBound,
  SignInRevoked,
].map((event) => event.type);

export interface AuthoritiesOptions {
  readonly store: EventStore;
  /** Reads an event of the store as it was declared. */
  readonly recorded: (stored: StoredEvent) => RecordedEvent;
  readonly open: <T>(value: Sealed<T>) => T | Erased;
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number;
  /** How long the view may be without news of the store, in milliseconds, before nothing is decided on it. */
  readonly maxStaleness: number;
}

export class Authorities {
  private readonly staff = new Map<string, StaffMember>();
  private readonly services = new Map<string, Service>();
  private readonly engagements = new Map<string, Engagement>();
  private purposeRegister: PurposeRegister = {};
  /** Account → who signs in by it. */
  private readonly accounts = new Map<string, { readonly id: string; readonly kind: 'person' | 'service' }>();
  private readonly accountOfSignIn = new Map<string, string>();
  private applied: Position = '';
  private heardAt = -Infinity;
  private headBefore: Position = '';
  private failure: unknown;
  private waiting: { readonly position: Position; readonly resolve: () => void }[] = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: AuthoritiesOptions) {}

  /** Reads what there is, then follows. Resolves when it has caught up; rejects where the history cannot be read. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.running = this.follow(resolve).catch((error: unknown) => {
        this.failure = error;
        reject(error instanceof Error ? error : new Error('The view of authorities stopped.'));
      });
    });
    this.keepInTouch();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** The position of the last event the view has applied; empty where there is none. */
  get position(): Position {
    return this.applied;
  }

  /** Whether decisions may be based on the view: it runs, and it heard from the store lately. */
  get isFresh(): boolean {
    return this.failure === undefined && this.options.monotonic() - this.heardAt <= this.options.maxStaleness;
  }

  /** Resolves when the view has applied everything up to `position`, so that a role counts for the very next command. */
  async reached(position: Position): Promise<void> {
    if (this.applied >= position || this.failure !== undefined) return;
    await new Promise<void>((resolve) => this.waiting.push({ position, resolve }));
  }

  /** True for the events this view is made of. */
  concerns(types: readonly string[]): boolean {
    return types.some((type) => AUTHORITY_EVENTS.includes(type));
  }

  /** Who signs in by this account, with what they may do at `now` (ISO 8601, UTC); undefined for nobody we know. */
  principal(account: Account, now: string): Principal | undefined {
    const bound = this.accounts.get(accountOf(account));
    if (bound === undefined) return undefined;
    if (bound.kind === 'service') {
      const state = this.services.get(bound.id);
      const purposes = state?.status === 'registered' ? state.purposes : [];
      return { kind: 'service', id: bound.id, roles: [], trained: false, purposes, engaged: false };
    }
    const member = this.staff.get(bound.id);
    const roles = member?.roles ?? [];
    const engaged = [...this.engagements.values()].some((e) => e.status !== 'none' && e.auditor === bound.id && isEngaged(e, now));
    const kind = roles.length > 0 ? 'staff' : engaged ? 'auditor' : 'person';
    return { kind, id: bound.id, roles: [...roles].sort(), trained: isTrained(member, now), purposes: [], engaged };
  }

  purpose(slug: string): Purpose | undefined {
    return purposeOf(this.purposeRegister, slug);
  }

  get purposes(): readonly Purpose[] {
    return Object.values(this.purposeRegister);
  }

  /** Whether anybody has this role. */
  hasRole(role: string): boolean {
    return [...this.staff.values()].some((member) => (member.roles as readonly string[]).includes(role));
  }

  private async follow(caughtUp: () => void): Promise<void> {
    const batches = this.options.store.subscribe({ filter: { types: AUTHORITY_EVENTS } }, this.stopping.signal);
    for await (const batch of batches) {
      for (const stored of batch.events) this.apply(this.options.recorded(stored));
      if (batch.position !== undefined && batch.position > this.applied) this.applied = batch.position;
      this.heardAt = this.options.monotonic();
      this.wake();
      if (batch.caughtUp) caughtUp();
    }
  }

  /** Asks the store now and then: a subscription that hears nothing cannot tell silence from a broken line. */
  private keepInTouch(): void {
    const timer = setInterval(() => {
      this.options.store.head().then(
        (head) => {
          // Where the view has not come as far as the last look found the store to be, it is not fresh.
          if (this.applied >= this.headBefore) this.heardAt = this.options.monotonic();
          this.headBefore = head ?? '';
        },
        () => undefined, // The view grows stale and says so; the store's own client reconnects.
      );
    }, this.options.maxStaleness / 4);
    timer.unref();
    this.stopping.signal.addEventListener('abort', () => clearInterval(timer));
  }

  private wake(): void {
    const reached = this.waiting.filter(({ position }) => position <= this.applied);
    this.waiting = this.waiting.filter(({ position }) => position > this.applied);
    for (const { resolve } of reached) resolve();
  }

  private apply(event: RecordedEvent): void {
    const id = event.streamId;
    switch (event.stream.slice(0, event.stream.indexOf('-'))) {
      case staffMember.name:
        this.staff.set(
          id,
          evolveStaff(this.staff.get(id) ?? (staffMember.initial as StaffMember), event as Parameters<typeof evolveStaff>[1]),
        );
        return;
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
      case purposeRegister.name:
        this.purposeRegister = evolvePurposes(this.purposeRegister, event as Parameters<typeof evolvePurposes>[1]);
        return;
      default:
        this.applySignIn(event as Parameters<typeof this.applySignIn>[0]);
    }
  }

  private applySignIn(event: Recorded<typeof SignInBound> | Recorded<typeof SignInRevoked>): void {
    if (event.type === 'SignInRevoked') {
      const account = this.accountOfSignIn.get(event.data.signInId);
      if (account !== undefined) this.accounts.delete(account);
      return;
    }
    const account = this.options.open(event.data.account);
    if (isErased(account)) return;
    this.accounts.set(accountOf(account), { id: event.streamId, kind: 'person' });
    this.accountOfSignIn.set(event.data.signInId, accountOf(account));
  }
}
