/**
 * The one way every command takes: load → facts → authorize → decide → seal → append. Read once.
 *
 * The pieces are handed in; what each of them does is told where it lives. Nothing here knows an aggregate by name.
 */
import canonicalize from 'canonicalize';
import { LRUCache } from 'lru-cache';
import type { Authorities, PolicyDecision, PolicySet, Principal } from '@rapport/access';
import { notCovered, type Purpose } from '@rapport/domain';
import { AppendTooLarge, OutcomeUnknown, WrongExpectedRevision, type Appended, type EventStore, type NewEvent } from '@rapport/event-store';
import type { Vault } from '@rapport/vault';
import type { Aggregate, Claim, CommandDeclaration, Context, Facts } from './aggregate';
import { Forbidden, IdempotencyMismatch, Refused, RevisionConflict, Unavailable } from './errors';
import type { DomainEvent, EventDeclaration, EventMetadata, RecordedDecision, RecordedEvent } from './events';
import { ownerFields } from './fields';
import { Locks } from './locks';
import { recorder, type Recorder } from './recorded';
import { isRefusal, refuse } from './refusal';
import { sealEvent } from './sealing';

/** Who sends a command and how: handed over beside it, never in it. */
export interface Envelope {
  readonly principal: Principal;
  /** HMAC of principal, method, path and Idempotency-Key: what makes the command the same command when it is sent again. */
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId?: string;
  /** The revision the sender saw (If-Match); undefined where any will do. */
  readonly ifRevision?: number;
}

export interface Outcome {
  /** The aggregate's id. */
  readonly id: string;
  readonly revision: number;
  /** Where the command's last event stands; undefined where nothing had to change. A query given it shows the effect. */
  readonly position?: string;
  /** False where nothing had to change. */
  readonly changed: boolean;
  readonly created: boolean;
}

export interface FunnelDependencies {
  readonly store: EventStore;
  readonly vault: Vault;
  readonly policies: PolicySet;
  readonly authorities: Authorities;
  readonly clock: () => Date;
  /** Told of each refusal by policy; counts and records them. */
  readonly refused: (principal: Principal, action: string, reason: string) => void;
}

/** The fields of `PersonalDataCommand` and `Command` the funnel reads itself. */
interface CommonFields {
  readonly occurredAt?: string;
  readonly purpose?: string;
  readonly source?: string;
  readonly channel?: string;
}

interface Route {
  readonly aggregate: Aggregate;
  readonly command: CommandDeclaration;
}

interface Effect {
  readonly digest: string;
  readonly revision: number;
  readonly position: string;
  readonly created: boolean;
}

/** An aggregate as the funnel keeps it between commands: its values stay sealed. */
interface Loaded {
  readonly state: unknown;
  readonly revision: number;
  /** What each command did that is in the stream, by its id. */
  readonly effects: ReadonlyMap<string, Effect>;
}

const MAX_ATTEMPTS = 10;
const MAX_APPENDS = 5;

export class Funnel {
  private readonly routes = new Map<unknown, Route>();
  private readonly declarations = new Map<string, EventDeclaration>();
  private readonly recorded: Recorder;
  private readonly locks = new Locks();
  private readonly loaded = new LRUCache<string, Loaded>({ max: 20_000 });
  private readonly inFlight = new Map<string, Promise<unknown>>();

  constructor(
    aggregates: readonly Aggregate[],
    private readonly deps: FunnelDependencies,
  ) {
    for (const aggregate of aggregates) {
      for (const event of aggregate.events) this.declarations.set(event.type, event);
      for (const command of aggregate.commands) this.routes.set(command.type, { aggregate, command });
    }
    this.recorded = recorder([...this.declarations.values()]);
  }

  /**
   * Runs one command.
   *
   * @param command a validated instance of a command's class
   * @throws Refused, Forbidden, RevisionConflict, IdempotencyMismatch, Unavailable; see `errors.ts`
   */
  async execute(command: object, envelope: Envelope): Promise<Outcome> {
    const route = this.routes.get(command.constructor);
    if (route === undefined) throw new Error(`No aggregate handles ${command.constructor.name}: declare it in its aggregate's commands.`);
    const work = this.enter(route, command, envelope);
    this.inFlight.set(envelope.commandId, work);
    try {
      return await work;
    } finally {
      if (this.inFlight.get(envelope.commandId) === work) this.inFlight.delete(envelope.commandId);
    }
  }

  /** Finds the stream, and lets one command at a time into it: two at once would only make each other try again. */
  private enter(route: Route, command: object, envelope: Envelope): Promise<Outcome> {
    const identifiedBy = route.command.identifiedBy?.(command);
    if (identifiedBy === undefined) {
      const id = this.targetId(route, command) ?? this.deps.vault.uuid(envelope.commandId, 'stream');
      return this.locks.run(id, () => this.attempt(route, command, envelope, id, []));
    }
    return this.locks.run(`${identifiedBy.namespace} ${identifiedBy.value}`, () => {
      const holder = this.holder(identifiedBy.namespace, identifiedBy.value);
      const id = holder ?? this.deps.vault.uuid(envelope.commandId, 'stream');
      return this.locks.run(id, () => this.attempt(route, command, envelope, id, holder === undefined ? [identifiedBy] : []));
    });
  }

  private targetId({ command: { target, id } }: Route, command: object): string | undefined {
    return target === undefined ? id?.(command) : (command as { [field: string]: string })[target];
  }

  private async attempt(route: Route, command: object, envelope: Envelope, id: string, claims: readonly Claim[]): Promise<Outcome> {
    this.checkOwners(command);
    const digest = this.deps.vault.digest(`${command.constructor.name}${canonicalize(command) ?? ''}`);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(route, command, envelope, id, digest, claims);
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision) || attempt === MAX_ATTEMPTS) throw error;
        this.loaded.delete(`${route.aggregate.name}-${id}`); // Another process wrote: load it again and decide anew.
      }
    }
  }

  private async once(
    route: Route,
    command: object,
    envelope: Envelope,
    id: string,
    digest: string,
    moreClaims: readonly Claim[],
  ): Promise<Outcome> {
    const { aggregate, command: declaration } = route;
    const { principal } = envelope;
    const { vault } = this.deps;
    const stream = `${aggregate.name}-${id}`;
    const now = this.deps.clock().toISOString();

    const loaded = await this.load(aggregate, stream);
    const before = loaded.effects.get(envelope.commandId);
    if (before !== undefined) {
      if (before.digest !== digest) throw new IdempotencyMismatch();
      return { id, revision: before.revision, position: before.position, changed: true, created: before.created };
    }

    const { purpose, decision, facts } = this.authorize(route, command, principal, loaded, id, now);
    if (envelope.ifRevision !== undefined && envelope.ifRevision !== loaded.revision) {
      throw new RevisionConflict(envelope.ifRevision, loaded.revision);
    }

    const common = command as CommonFields;
    if (common.occurredAt !== undefined && common.occurredAt > now) {
      throw new Refused(refuse.invalid('in-future', 'This has not happened yet: give a time that is not in the future.', { field: 'occurredAt' }));
    }
    const context: Context = {
      now,
      actor: { kind: principal.kind, id: principal.id },
      id,
      newId: (label) => vault.uuid(envelope.commandId, label),
      open: (value) => vault.open(value),
      holder: (namespace, value) => this.holder(namespace, value),
    };
    const decided = declaration.decide(command, loaded.state, context);
    if (isRefusal(decided)) throw new Refused(decided);
    if (decided.length === 0) return { id, revision: loaded.revision, changed: false, created: false };
    this.checkPurpose(decided, common.purpose, purpose, principal, command.constructor.name);

    const claims = [...moreClaims, ...(declaration.claims?.(command) ?? [])];
    const released = declaration.releases?.(command, loaded.state, context) ?? [];
    await this.claim(claims, stream, id, envelope.commandId);
    const metadata: Omit<EventMetadata, 'version'> = {
      commandId: envelope.commandId,
      commandDigest: digest,
      correlationId: envelope.correlationId,
      causationId: envelope.causationId,
      actor: context.actor,
      purpose: purpose?.slug,
      basis: purpose?.basis,
      source: common.source,
      channel: common.channel,
      occurredAt: common.occurredAt ?? now,
      recordedAt: now,
      decision: {
        action: command.constructor.name,
        facts,
        policies: decision.policies,
        policySet: this.deps.policies.digest,
        at: now,
        sources: { stream, revision: loaded.revision, authorities: this.deps.authorities.position },
      },
    };
    const events = this.seal(stream, id, decided, metadata, (index) => vault.uuid(envelope.commandId, `${digest} ${index}`));
    let appended: Appended;
    try {
      appended = await this.append(stream, loaded.revision, events);
    } catch (error) {
      if (!(error instanceof Unavailable)) vault.release(envelope.commandId);
      throw error;
    }
    vault.confirm(envelope.commandId);
    for (const { namespace, value } of released) vault.free(namespace, value);

    const effect = { digest, revision: appended.revision, position: appended.position, created: loaded.revision < 0 };
    const state = this.evolve(aggregate, loaded, stream, events, appended.position);
    const effects = new Map(loaded.effects).set(envelope.commandId, effect);
    this.loaded.set(stream, { state, revision: appended.revision, effects });
    if (this.deps.authorities.concerns(events.map((event) => event.type))) await this.deps.authorities.reached(appended.position);
    return { id, revision: effect.revision, position: effect.position, changed: true, created: effect.created };
  }
}
