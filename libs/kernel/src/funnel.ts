/**
 * The one way every command takes: load → facts → authorize → decide → seal → append. Read once.
 *
 * The pieces are handed in; what each of them does is told where it lives. Nothing here knows an aggregate by name.
 */
import canonicalize from 'canonicalize';
import { LRUCache } from 'lru-cache';
import type { AccessDecision, Principal } from '@rapport/access';
import { notCovered, type Purpose, type Source } from '@rapport/domain';
import { AppendTooLarge, OutcomeUnknown, WrongExpectedRevision, type Appended, type EventStore, type NewEvent } from '@rapport/event-store';
import { OwnerFenced, type Vault } from '@rapport/vault';
import type { Aggregate, Claim, CommandDeclaration, Context, Facts } from './aggregate';
import { authorize, principalFacts, type AuthorizationDependencies, type Request } from './authorization';
import { Holders, type Claiming } from './claiming';
import { Forbidden, IdempotencyMismatch, Refused, RevisionConflict, Unavailable } from './errors';
import type { DomainEvent, EventDeclaration, EventMetadata, RecordedDecision } from './events';
import { Locks } from './locks';
import { checkNamed } from './named';
import { recorder, type Recorder } from './recorded';
import { isRefusal, refusal } from './refusal';
import { sealEvent } from './sealing';

/** Who sends a command and how: handed over beside it, never in it. */
export interface Envelope {
  readonly principal: Principal;
  /** HMAC of principal, method, path and Idempotency-Key: what makes the command the same command when it is sent again. */
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId?: string;
  /** It came by a link that was made for this person and this: `Vault.links`. */
  readonly byLink?: true;
  /** The revision the sender saw (If-Match); `*` where any will do as long as there is one; undefined where it does not matter. */
  readonly ifRevision?: number | '*';
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

export interface FunnelDependencies extends AuthorizationDependencies {
  readonly store: EventStore;
  readonly vault: Vault;
  readonly clock: () => Date;
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

/** An aggregate as the funnel keeps it between commands: its values stay sealed. */
interface Loaded {
  readonly state: unknown;
  readonly revision: number;
  /** Every command that is in the stream, by its id: the revision of its last event. Handed on from one state to the next, and added to. */
  readonly effects: Map<string, number>;
}

const inFuture = refusal.invalid('in-future', 'This has not happened yet: give a time that is not in the future.');
const appendTooLarge = refusal.invalid('append-too-large', 'What this would record is larger than one append may be. Split it.');
const subjectErased = refusal.conflict('subject-erased', 'The data of somebody this is about was erased: nothing more is kept about them.');

/** Answers kept in memory, for those who send a command again because they missed the answer. */
const MAX_ANSWERED = 20_000;
/** What is kept between commands, counted in aggregates and their commands: 50 MB or so, whatever the aggregates are like. */
const MAX_LOADED = 100_000;
const sizeOf = ({ effects }: Loaded) => Math.min(1 + effects.size, MAX_LOADED / 4);
const MAX_ATTEMPTS = 10;
const MAX_APPENDS = 5;

/** The stream a command goes into, and what goes with it. */
interface Into {
  readonly id: string;
  readonly stream: string;
  /** Of the command's body. */
  readonly digest: string;
  readonly claims: readonly Claim[];
}

/** Refused for what was found in the stream, as against for a failure. */
const isAnswer = (error: unknown) => error instanceof Refused || error instanceof Forbidden || error instanceof RevisionConflict;

export class Funnel {
  private readonly routes = new Map<unknown, Route>();
  private readonly declarations = new Map<string, EventDeclaration>();
  private readonly recorded: Recorder;
  private readonly locks = new Locks();
  private readonly loaded = new LRUCache<string, Loaded>({ maxSize: MAX_LOADED, sizeCalculation: sizeOf });
  private readonly inFlight = new Map<string, Promise<unknown>>();
  /** A command that changed nothing is in no stream; that it was answered so is remembered here, until a restart. */
  private readonly answered = new LRUCache<string, { readonly digest: string; readonly outcome: Outcome }>({ max: MAX_ANSWERED });
  private readonly holders: Holders;

  /** @throws Error where two aggregates decide one command */
  constructor(
    aggregates: readonly Aggregate[],
    private readonly deps: FunnelDependencies,
  ) {
    for (const aggregate of aggregates) {
      for (const event of aggregate.events) this.declarations.set(event.type, event);
      for (const command of aggregate.commands) {
        const other = this.routes.get(command.type)?.aggregate;
        if (other !== undefined)
          throw new Error(`${command.type.name} is decided by ${other.name} and by ${aggregate.name}: one of them must go.`);
        this.routes.set(command.type, { aggregate, command });
      }
    }
    this.recorded = recorder([...this.declarations.values()]);
    this.holders = new Holders(deps, (commandId) => this.inFlight.get(commandId));
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
    const digest = this.deps.vault.digest(`${command.constructor.name}${canonicalize(command) ?? ''}`);
    const { commandId } = envelope;
    for (let other = this.inFlight.get(commandId); other !== undefined; other = this.inFlight.get(commandId)) {
      await other.catch(() => undefined);
    }
    const before = this.answered.get(commandId);
    if (before !== undefined) {
      if (before.digest !== digest) throw new IdempotencyMismatch();
      return before.outcome;
    }
    const work = this.enter(route, command, envelope, digest);
    this.inFlight.set(commandId, work);
    try {
      const outcome = await work;
      this.answered.set(commandId, { digest, outcome });
      return outcome;
    } finally {
      this.inFlight.delete(commandId);
    }
  }

  /**
   * Finds the stream, and lets one command at a time into it: two at once would only make each other try again.
   * Commands about one record enter its queue in the order they came, whether they name it by id or by a number.
   */
  private async enter(route: Route, command: object, envelope: Envelope, digest: string): Promise<Outcome> {
    const other = route.command.other?.(command);
    const into = (id: string, claims: readonly Claim[] = []) =>
      this.locks.runAll(other === undefined ? [id] : [id, other], () =>
        this.attempt(route, command, envelope, { id, stream: `${route.aggregate.name}-${id}`, digest, claims }),
      );
    const fresh = () => this.deps.vault.uuid(envelope.commandId, 'stream');
    const identifiedBy = route.command.identifiedBy?.(command);
    if (identifiedBy === undefined) return into(this.targetId(route, command) ?? fresh());

    const { namespace, value } = identifiedBy;
    const known = this.holders.of(namespace, value);
    const number = `${namespace} ${value}`;
    if (known !== undefined && this.locks.isFree(number)) return into(known);
    const { entered } = await this.locks.run(number, async () => {
      const holder = await this.holders.settled(namespace, value);
      const entered = holder === undefined ? into(fresh(), [identifiedBy]) : into(holder);
      // The next with this number waits only until it is known whose it is.
      if (holder === undefined) await Promise.allSettled([entered]);
      return { entered };
    });
    return entered;
  }

  private targetId({ command: { target, id } }: Route, command: object): string | undefined {
    return target === undefined ? id?.(command) : (command as { [field: string]: string })[target];
  }

  private async attempt(route: Route, command: object, envelope: Envelope, into: Into): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const remembered = this.loaded.get(into.stream);
      const loaded = remembered ?? (await this.load(route.aggregate, into.stream));
      // What leads to no append is not checked by the store: it must not rest on what another process has changed since.
      const isStale = async () => remembered !== undefined && !(await this.isCurrent(into.stream, loaded));
      try {
        const outcome = await this.once(route, command, envelope, into, loaded);
        if (outcome.changed || !(await isStale())) return outcome;
      } catch (error) {
        const again = error instanceof WrongExpectedRevision || (isAnswer(error) && (await isStale()));
        if (!again || attempt === MAX_ATTEMPTS) throw error;
      }
      this.loaded.delete(into.stream); // Another process wrote: load it again and decide anew.
    }
  }

  private async isCurrent(stream: string, { revision }: Loaded): Promise<boolean> {
    const [last] = await this.deps.store.readStream(stream, { direction: 'backwards', limit: 1 });
    return (last?.revision ?? -1) === revision;
  }

  private async once(
    route: Route,
    command: object,
    envelope: Envelope,
    { id, stream, digest, claims: moreClaims }: Into,
    loaded: Loaded,
  ): Promise<Outcome> {
    const { aggregate, command: declaration } = route;
    const { vault, authorities } = this.deps;
    const now = this.deps.clock().toISOString();
    const before = loaded.effects.get(envelope.commandId);
    if (before !== undefined) {
      // It may have been sent again because its outcome was not known: now it is.
      if (moreClaims.length > 0 || declaration.claims !== undefined || declaration.releases !== undefined)
        vault.claims.confirm(envelope.commandId);
      return this.asBefore(stream, id, before, envelope.commandId, digest);
    }

    const otherId = declaration.other?.(command);
    const other = otherId === undefined ? undefined : (await this.load(aggregate, `${aggregate.name}-${otherId}`)).state;

    // From here to the decision nothing is awaited: facts and position are of one moment.
    const principal = authorities.renewed(envelope.principal, now);
    const asOf = authorities.position;
    const { purpose, decision, facts } = this.authorize(route, command, principal, loaded, id, now, envelope.byLink);
    this.checkRevision(envelope, loaded, declaration);
    checkNamed(command, id, declaration, { vault, directory: authorities.directory });
    const common = command as CommonFields;
    if (common.occurredAt !== undefined && common.occurredAt > now) {
      throw new Refused(inFuture({ field: 'occurredAt' }));
    }
    const context: Context = {
      now,
      actor: { kind: principal.kind, id: principal.id },
      id,
      directory: this.deps.authorities.directory,
      newId: (label) => vault.uuid(envelope.commandId, label),
      open: (value) => vault.open(value),
      holder: (namespace, value) => this.holders.of(namespace, value),
      other,
    };
    const decided = declaration.decide(command, loaded.state, context);
    if (isRefusal(decided)) throw new Refused(decided);
    if (decided.length === 0) return { id, revision: loaded.revision, changed: false, created: false };
    this.checkPurpose(decided, common.purpose, purpose, principal, command.constructor.name);

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
        sources: { stream, revision: loaded.revision, authorities: asOf },
      },
    };
    const claiming: Claiming = {
      commandId: envelope.commandId,
      stream,
      owner: id,
      takes: [...moreClaims, ...(declaration.claims?.(command) ?? [])],
      givesUp: declaration.releases?.(command, loaded.state, context) ?? [],
    };
    const { events, appended } = await this.holders.whileClaiming(claiming, async () => {
      const events = this.seal(stream, id, decided, metadata, (index) => vault.uuid(envelope.commandId, `${digest} ${index}`));
      return { events, appended: await this.append(stream, loaded.revision, events) };
    });

    const { revision, position } = appended;
    const state = this.evolve(aggregate, loaded, stream, events, position);
    this.loaded.set(stream, { state, revision, effects: loaded.effects.set(envelope.commandId, revision) });
    if (this.deps.authorities.concerns(events.map((event) => event.type))) await this.deps.authorities.reached(position);
    return { id, revision, position, changed: true, created: loaded.revision < 0 };
  }

  /** The answer to a command that is in the stream already, as it was given the first time. @throws IdempotencyMismatch */
  private async asBefore(stream: string, id: string, revision: number, commandId: string, digest: string): Promise<Outcome> {
    const [first] = await this.deps.store.readStream(stream, { limit: 1 });
    const [last] = await this.deps.store.readStream(stream, { from: revision, limit: 1 });
    if (last!.metadata['commandDigest'] !== digest) throw new IdempotencyMismatch();
    return { id, revision, position: last!.position, changed: true, created: first!.metadata['commandId'] === commandId };
  }

  private async load(aggregate: Aggregate, stream: string): Promise<Loaded> {
    const cached = this.loaded.get(stream);
    if (cached !== undefined) return cached;
    let state = aggregate.initial;
    let revision = -1;
    const effects = new Map<string, number>();
    for (const stored of await this.deps.store.readStream(stream)) {
      const event = this.recorded(stored);
      state = aggregate.evolve(state, event);
      revision = event.revision;
      effects.set(event.metadata.commandId, revision);
    }
    const loaded = { state, revision, effects };
    this.loaded.set(stream, loaded);
    return loaded;
  }

  private evolve(aggregate: Aggregate, loaded: Loaded, stream: string, events: readonly NewEvent[], position: string): unknown {
    return events.reduce(
      (state, event, index) =>
        aggregate.evolve(state, this.recorded({ ...event, stream, revision: loaded.revision + 1 + index, position })),
      loaded.state,
    );
  }

  /** RFC 9110 §13.1.1. Where there is no record to have a revision, that is what the command is answered. */
  private checkRevision({ ifRevision }: Envelope, { revision }: Loaded, { target }: CommandDeclaration): void {
    if (ifRevision === undefined || (revision < 0 && target !== undefined)) return;
    if (ifRevision === '*' ? revision < 0 : ifRevision !== revision) throw new RevisionConflict(ifRevision, revision);
  }

  /** Asks the policies about a question. @throws Forbidden, Refused, Unavailable */
  ask(request: Request): AccessDecision {
    return authorize(this.deps, request);
  }

  /** @throws Forbidden, Refused, Unavailable */
  private authorize(
    { aggregate, command: declaration }: Route,
    command: object,
    principal: Principal,
    loaded: Loaded,
    id: string,
    now: string,
    byLink?: true,
  ): { purpose: Purpose | undefined; decision: AccessDecision; facts: Facts } {
    const { authorities } = this.deps;
    const action = command.constructor.name;
    const slug = (command as CommonFields).purpose;
    const purpose = slug === undefined ? undefined : authorities.purpose(slug);
    const actor = { kind: principal.kind, id: principal.id };
    // Assigned: a literal with several spreads takes thirty times as long, and this is on the way of every command.
    const known: Facts = Object.assign(
      principalFacts(principal, slug, purpose),
      // What is stored is known once it is decided: `checkPurpose`.
      { self: false, exists: loaded.revision >= 0, categoriesCovered: true },
      aggregate.facts(loaded.state, actor, id, authorities.directory, now),
      declaration.facts?.(command, loaded.state, actor, authorities.directory, now),
    );
    const facts = byLink === undefined ? known : { ...known, byLink };
    const decision = authorize(this.deps, { principal, action, facts, targeted: declaration.target !== undefined });
    return { purpose, decision, facts };
  }

  private checkPurpose(
    events: readonly DomainEvent[],
    slug: string | undefined,
    purpose: Purpose | undefined,
    principal: Principal,
    action: string,
  ): void {
    const categories = new Set<string>();
    for (const { type, data } of events) {
      const { fields } = this.declarations.get(type)!;
      for (const name in fields) {
        const field = fields[name]!;
        if (field.kind === 'sealed' && (data as { [name: string]: unknown })[name] !== undefined) categories.add(field.category);
      }
    }
    const uncovered = notCovered(purpose, categories);
    if (uncovered.length === 0) return;
    this.deps.refused(principal, action, 'purpose-does-not-cover');
    throw new Forbidden(
      'purpose-does-not-cover',
      `The purpose ${slug ?? '(none)'} does not cover the category ${uncovered.join(', ')}. Name a purpose that does: GET /v1/purposes.`,
      'purpose',
    );
  }

  private seal(
    stream: string,
    id: string,
    decided: readonly DomainEvent[],
    metadata: Omit<EventMetadata, 'version'>,
    eventId: (index: number) => string,
  ): NewEvent[] {
    try {
      return decided.map(({ type, data }, index) => {
        const declaration = this.declarations.get(type);
        if (declaration === undefined) throw new Error(`${type} is declared by no aggregate.`);
        return sealEvent(this.deps.vault, { stream, streamId: id, eventId: eventId(index), declaration, data: data as object, metadata });
      });
    } catch (error) {
      throw error instanceof OwnerFenced ? new Refused(subjectErased()) : error;
    }
  }

  /** Appends at the revision that was loaded. The same ids make it safe to send again where the answer was lost. */
  private async append(stream: string, revision: number, events: readonly NewEvent[]): Promise<Appended> {
    // Keys and claims first: an event without them would be one that nobody can open, or a second holder of a number.
    await this.deps.vault.durable();
    let isUnknown = false;
    for (let attempt = 1; ; attempt++) {
      try {
        const appended = await this.deps.store.append(stream, revision < 0 ? 'none' : revision, events);
        this.deps.vault.passed(appended.position);
        return appended;
      } catch (error) {
        if (error instanceof AppendTooLarge) throw new Refused(appendTooLarge({ more: { bytes: error.bytes, limit: error.limit } }));
        isUnknown ||= error instanceof OutcomeUnknown;
        // Where another event stands, this one never will; any other error says nothing about the attempts before it.
        if (!isUnknown || error instanceof WrongExpectedRevision) throw error;
        if (attempt === MAX_APPENDS || !(error instanceof OutcomeUnknown)) {
          throw new Unavailable('outcome-unknown', 'Whether this was recorded is not known. Send it again with the same Idempotency-Key.', {
            cause: error,
          });
        }
      }
    }
  }

  /**
   * Records something the software itself has to say, or that a query was answered: no command, one new or known
   * stream, the decision given.
   * @throws Unavailable where it could not be recorded
   */
  async record(
    aggregate: Pick<Aggregate, 'name'>,
    id: string,
    event: DomainEvent,
    given: {
      principal: Principal;
      correlationId: string;
      purpose?: Purpose;
      source?: Source;
      decision: AccessDecision;
      action: string;
      facts: Facts;
      eventId: string;
      /** Where the facts came from, where that is not the stream itself. */
      sources?: RecordedDecision['sources'];
    },
  ): Promise<string> {
    const stream = `${aggregate.name}-${id}`;
    const now = this.deps.clock().toISOString();
    const authorities = this.deps.authorities.position;
    const metadataAt = (revision: number): Omit<EventMetadata, 'version'> => ({
      commandId: given.eventId,
      commandDigest: '',
      correlationId: given.correlationId,
      actor: { kind: given.principal.kind, id: given.principal.id },
      purpose: given.purpose?.slug,
      basis: given.purpose?.basis,
      source: given.source,
      occurredAt: now,
      recordedAt: now,
      decision: {
        action: given.action,
        facts: given.facts,
        policies: given.decision.policies,
        policySet: this.deps.policies.digest,
        at: now,
        sources: given.sources ?? { stream, revision, authorities },
      },
    });
    for (let attempt = 1; ; attempt++) {
      const [last] = await this.deps.store.readStream(stream, { direction: 'backwards', limit: 1 });
      const revision = last?.revision ?? -1;
      try {
        const { position } = await this.append(
          stream,
          revision,
          this.seal(stream, id, [event], metadataAt(revision), () => given.eventId),
        );
        this.loaded.delete(stream);
        return position;
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }
}
