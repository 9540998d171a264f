/** Everything behind HTTP, in a folder of its own: a real store, a real vault, the real policies. Only the line to the store may be cut. */
import { mkdtempSync, rmSync } from 'node:fs';
import { randomBytes, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authorities, decide, loadPolicies, SYSTEM, type Principal } from '@rapport/access';
import {
  aggregates,
  ContactAdded,
  declarations,
  person,
  PurposeDeclared,
  PURPOSE_REGISTER_ID,
  purposeRegister,
  RoleGranted,
  SignInBound,
  staffMember,
  TrainingAttested,
  type Purpose,
  type Role,
} from '@rapport/domain';
import { openEventStore, type Appended, type EventStore, type ExpectedRevision, type NewEvent } from '@rapport/event-store';
import { fieldsOf, isInvalid, validate, type Aggregate, type DomainEvent, type InputClass } from '@rapport/kernel';
import { Funnel, type Envelope, type Outcome } from '@rapport/kernel/funnel';
import { Reader } from '@rapport/kernel/reader';
import { recorder } from '@rapport/kernel/recorded';
import { createKeyFile, loadKeyRing, Vault } from '@rapport/vault';

// Nothing here is decided by time; a busy machine takes its own.
jest.setTimeout(120_000);

export const ISSUER = 'https://id.example.org/';
export const CATEGORIES = ['identity', 'contact', 'employment', 'conversation', 'support', 'feedback', 'sign-in'] as const;
export const CUSTOMER_SERVICE: Purpose = {
  slug: 'customer-service',
  title: 'Customer service',
  explanation: 'We answer what you ask.',
  categories: CATEGORIES,
  subjects: ['customer-contact', 'colleague'],
  basis: 'contract',
  retention: CATEGORIES.map((category) => ({ category, keep: 'P2Y', from: 'last-contact' })),
};
/** Covers names and no more. */
export const ADDRESS_BOOK: Purpose = {
  ...CUSTOMER_SERVICE,
  slug: 'address-book',
  categories: ['identity'],
  retention: CUSTOMER_SERVICE.retention.slice(0, 1),
};
const FACTS = { roles: [], trained: false, engaged: false, self: false, exists: true };
const SYSTEM_FACTS = { ...FACTS, purpose: '', purposeKnown: false, purposeAllowed: false, categoriesCovered: true };

/** A store whose line can be cut: what it does with an append is said beforehand. */
class Line {
  /** Runs before an append reaches the store; throws in its place. */
  before: (stream: string) => Promise<void> | void = () => undefined;
  /** Runs once the append was written; throws in place of its answer. */
  after: (stream: string) => Promise<void> | void = () => undefined;
  reads = 0;
  readonly store: EventStore;

  constructor(readonly real: EventStore) {
    const append = async (stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> => {
      await this.before(stream);
      const appended = await real.append(stream, expected, events);
      await this.after(stream);
      return appended;
    };
    const readStream: EventStore['readStream'] = (stream, options) => {
      this.reads++;
      return real.readStream(stream, options);
    };
    this.store = { ...real, append, readStream };
  }
}

/** What of an envelope matters to a test. */
export type Sending = Partial<Omit<Envelope, 'principal'>> & { readonly key?: string };

export class World {
  now = '2026-03-31T10:00:00.000Z';
  monotonic = 0;
  readonly refused: { actor: string; action: string; reason: string }[] = [];
  private readonly folder: string;
  line!: Line;
  vault!: Vault;
  authorities!: Authorities;
  funnel!: Funnel;
  readonly policies = loadPolicies(join(__dirname, '../../libs/access/policies'));

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'rapport-world-'));
    createKeyFile(join(this.folder, 'keys'), randomBytes);
  }

  /** Nothing in it at all. */
  static async empty(): Promise<World> {
    const world = new World();
    await world.start();
    return world;
  }

  /** With two purposes, and nobody in it. */
  static async open(): Promise<World> {
    const world = await World.empty();
    for (const purpose of [CUSTOMER_SERVICE, ADDRESS_BOOK]) {
      await world.record(purposeRegister, PURPOSE_REGISTER_ID, PurposeDeclared({ purpose }));
    }
    return world;
  }

  private async start(): Promise<void> {
    const clock = () => new Date(this.now);
    this.line = new Line(await openEventStore({ dataDir: this.folder }));
    this.vault = new Vault({ file: join(this.folder, 'vault.db'), keys: loadKeyRing(join(this.folder, 'keys')), clock });
    this.authorities = this.newAuthorities();
    await this.authorities.start();
    this.funnel = this.newFunnel();
  }

  /** A view of who may do what that has read nothing yet. */
  newAuthorities(): Authorities {
    return new Authorities({
      store: this.line.store,
      recorded: recorder(declarations),
      open: (value) => this.vault.open(value),
      monotonic: () => this.monotonic,
      maxStaleness: 10_000,
    });
  }

  /** Another process with the same store: it has the same vault, and remembers nothing. */
  newFunnel(): Funnel {
    return new Funnel(aggregates, {
      store: this.line.store,
      vault: this.vault,
      policies: this.policies,
      authorities: this.authorities,
      clock: () => new Date(this.now),
      refused: ({ id }, action, reason) => this.refused.push({ actor: id, action, reason }),
    });
  }

  /** @param db the read models; a test may give its own answers instead */
  reader<Db>(db: Db): Reader<Db> {
    const { vault, authorities } = this;
    const clock = () => new Date(this.now);
    return new Reader(this.funnel, { vault, authorities, clock, db, readModels: () => authorities.position, newId: randomUUID });
  }

  async close(): Promise<void> {
    await this.authorities.stop();
    await this.line.real.close();
    this.vault.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Records an event as Rapport itself, whatever the rules. */
  async record(aggregate: Pick<Aggregate, 'name'>, id: string, event: DomainEvent): Promise<void> {
    const eventId = randomUUID();
    const action = 'AppointFirstPrivacyOfficer';
    const facts = { ...SYSTEM_FACTS, bootstrap: true };
    const decision = decide(this.policies, { kind: 'system', action, facts });
    const given = { principal: SYSTEM, correlationId: eventId, decision, action, facts, eventId };
    await this.authorities.reached(await this.funnel.record(aggregate, id, event, given));
  }

  /** @returns the person's id */
  async person(name: string, ...roles: readonly Role[]): Promise<string> {
    const id = randomUUID();
    await this.record(person, id, ContactAdded({ relationship: roles.length > 0 ? 'colleague' : 'customer', name }));
    await this.record(person, id, SignInBound({ signInId: randomUUID(), account: { issuer: ISSUER, subject: name } }));
    for (const role of roles) await this.record(staffMember, id, RoleGranted({ role }));
    return id;
  }

  /** A colleague with a current training. @returns the person's id */
  async colleague(name: string, ...roles: readonly Role[]): Promise<string> {
    const id = await this.person(name, ...roles);
    await this.record(staffMember, id, TrainingAttested({ completedOn: '2026-03-01', validUntil: '2027-03-01' }));
    return id;
  }

  /** Who signs in by the account that `person` bound. */
  as(name: string): Principal {
    const principal = this.authorities.principal({ issuer: ISSUER, subject: name }, this.now);
    if (principal === undefined) throw new Error(`Nobody signs in as ${name}.`);
    return principal;
  }

  /** Sends a command: a purpose and a source are filled in where it needs them. */
  send<C extends object>(
    principal: Principal,
    type: new () => C,
    fields: Partial<C>,
    { key = randomUUID(), ...envelope }: Sending = {},
    funnel = this.funnel,
  ): Promise<Outcome> {
    const named = new Set(fieldsOf(type as InputClass).map(({ name }) => name));
    const common = Object.entries({ purpose: 'customer-service', source: 'data-subject' }).filter(([name]) => named.has(name));
    const command = validate(type as InputClass<C>, { ...Object.fromEntries(common), ...fields });
    if (isInvalid(command)) throw new Error(`${type.name} cannot be sent so: ${JSON.stringify(command.violations)}`);
    const commandId = this.vault.commandId([principal.id, key]);
    return funnel.execute(command, { principal, commandId, correlationId: randomUUID(), ...envelope });
  }

  /** The types of the events in a stream. */
  async typesIn(stream: string): Promise<string[]> {
    return (await this.line.real.readStream(stream)).map(({ type }) => type);
  }
}
