/** An aggregate and its commands, as a file in `libs/domain` declares them. Pure: no I/O, no clock. */
import type { Actor, DomainEvent, Erased, EventDeclaration, RecordedEvent, Sealed } from './events';
import type { Refusal } from './refusal';

/** What contact persons see of their organization. */
export interface Visibility {
  readonly contactPersons: boolean;
  readonly services: boolean;
  readonly calls: boolean;
}

/**
 * What events of other streams say, as far as a decision must know it. Its position is recorded with the decision, so
 * that an auditor can ask the same questions of the same events.
 */
export interface Directory {
  /** Whether somebody is a colleague with a role. */
  isStaff(person: string): boolean;
  /** Whether the relationship with somebody has ended. */
  hasLeft(person: string): boolean;
  /** The one that somebody was merged into; themselves where they were not. */
  survivorOf(person: string): string;
  /** Everybody who is the same person: the survivor first, then all who were merged into them. Themselves alone where nobody was. */
  groupOf(person: string): readonly string[];
  /** Whether somebody signs in here, under whichever of their ids. */
  signsIn(person: string): boolean;
  /** The organizations a person belongs to, under whichever of their ids. */
  organizationsOf(person: string): readonly string[];
  /** Undefined where there is no such organization. */
  organization(id: string): { readonly archived: boolean; readonly visibility: Visibility } | undefined;
  /** What a person may decide about for an organization at a moment (ISO 8601, UTC). */
  authorityOf(person: string, organization: string, at: string): readonly string[];
  /** The organizations an organization is a part of, the nearest first. */
  ancestorsOf(organization: string): readonly string[];
}

/** What `decide` may know beside the command and the state. All of it is given, none of it looked up. */
export interface Context {
  /** ISO 8601 instant in UTC. */
  readonly now: string;
  readonly actor: Actor;
  /** The uuid of the aggregate's stream. */
  readonly id: string;
  readonly directory: Directory;
  /** A new id: the same label in the same command gives the same id, however often it is tried. */
  newId(label: string): string;
  /** Opens a sealed value of the state. */
  open<T>(value: Sealed<T>): T | Erased;
  /** The id of the one who holds an external number, as claimed before; undefined where nobody does. */
  holder(namespace: string, value: string): string | undefined;
  /** The state of the aggregate that the command's declaration names as `other`. */
  readonly other?: unknown;
}

/** Facts for the policies. They hold no identifiers, so that equal facts share one decision. */
export type Facts = { readonly [name: string]: string | number | boolean | readonly string[] };

export type Decision = readonly DomainEvent[] | Refusal;

export type CommandClass<C extends object = object> = new () => C;

/** A claim that nobody else has this identifier: checked and taken in the vault before the append. */
export interface Claim {
  readonly namespace: string;
  readonly value: string;
  /** The command's field it came from, for the error. */
  readonly field: string;
}

/*
 * Methods, not properties of function type: an `Aggregate<Person>` is then an `Aggregate` among others, and the
 * funnel hands each its own states and commands back.
 */
export interface CommandDeclaration<State = unknown, C extends object = object> {
  readonly type: CommandClass<C>;
  /** The command's field that holds the id of an existing aggregate. Without it, `id` and `identifiedBy` the command creates one. */
  readonly target?: string;
  /** The id where it is not one field of the command: one fixed id where there is only one such aggregate. */
  id?(command: C): string;
  /** The external number by which the aggregate is known; where nobody holds it, the command creates the aggregate. */
  identifiedBy?(command: C): Claim;
  /** The id of another aggregate of this kind that the command is about too: it is kept still meanwhile, its state is given. */
  other?(command: C): string;
  /** It may be sent to somebody who was merged into another as well. */
  readonly whileMerged?: true;
  /** Facts only this command has. */
  facts?(command: C, state: State, actor: Actor, directory: Directory, now: string): Facts;
  /** Identifiers nobody else may hold once the command has taken effect. */
  claims?(command: C): readonly Claim[];
  /** Identifiers that are free once it has. */
  releases?(command: C, state: State, context: Pick<Context, 'open'>): readonly Claim[];
  decide(command: C, state: State, context: Context): Decision;
}

export interface Aggregate<State = unknown> {
  /** Without a hyphen: EventStoreDB's category ends at the first one. */
  readonly name: string;
  readonly events: readonly EventDeclaration[];
  readonly initial: State;
  evolve(state: State, event: RecordedEvent): State;
  /** Facts every command of this aggregate has: how the actor stands to it. */
  facts(state: State, actor: Actor, id: string, directory: Directory, now: string): Facts;
  /** Its commands; their class names are the names of the actions in the policies. */
  readonly commands: readonly CommandDeclaration[];
}

/** Declares a command of an aggregate: its class and how it is decided. */
export function command<State, C extends object>(
  type: CommandClass<C>,
  rest: Omit<CommandDeclaration<State, C>, 'type'>,
): CommandDeclaration<State, C> {
  return { type, ...rest };
}

/**
 * Declares an aggregate.
 * @throws Error where its name has a hyphen, or two of its events share a name
 */
export function aggregate<State, E extends { readonly type: string }>(declaration: {
  name: string;
  events: readonly (EventDeclaration & { readonly type: E['type'] })[];
  initial: State;
  evolve(state: State, event: E): State;
  facts?(state: State, actor: Actor, id: string, directory: Directory, now: string): Facts;
  commands: readonly CommandDeclaration[];
}): Aggregate<State> {
  if (!/^[a-z][A-Za-z]*$/.test(declaration.name)) throw new Error(`The name of an aggregate has letters only: '${declaration.name}'.`);
  const types = new Set(declaration.events.map((event) => event.type));
  if (types.size !== declaration.events.length) throw new Error(`${declaration.name} declares an event twice.`);
  return { facts: () => ({}), ...declaration } as unknown as Aggregate<State>;
}
