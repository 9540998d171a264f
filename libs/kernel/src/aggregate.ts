/** An aggregate and its commands, as a file in `libs/domain` declares them. Pure: no I/O, no clock. */
import type { Actor, DomainEvent, Erased, EventType, RecordedEvent, Sealed } from './events';
import type { Refusal } from './refusal';

/** What `decide` may know beside the command and the state. All of it is given, none of it looked up. */
export interface Context {
  /** ISO 8601 instant in UTC. */
  readonly now: string;
  readonly actor: Actor;
  /** The uuid of the aggregate's stream. */
  readonly id: string;
  /** A new id: the same label in the same command gives the same id, however often it is tried. */
  newId(label: string): string;
  /** Opens a sealed value of the state. */
  open<T>(value: Sealed<T>): T | Erased;
  /** A keyed, irreversible identifier for a number that links back to somebody (DESIGN: blind identifiers). */
  blind(namespace: string, value: string): string;
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

export interface CommandDeclaration<State = never, C extends object = never> {
  readonly type: CommandClass<C>;
  /** The command's field that holds the id of an existing aggregate; left out where the command creates one. */
  readonly target?: string;
  /** A fixed id where there is only one such aggregate, or the id comes from elsewhere in the command. */
  readonly id?: (command: C) => string;
  /** True where `id` may name an aggregate that does not exist yet. */
  readonly mayCreate?: boolean;
  readonly facts?: (command: C, state: State, actor: Actor) => Facts;
  readonly claims?: (command: C) => readonly Claim[];
  readonly decide: (command: C, state: State, context: Context) => Decision;
}

export interface Aggregate<State = never> {
  /** Without a hyphen: EventStoreDB's category ends at the first one. */
  readonly name: string;
  readonly events: readonly EventType[];
  readonly initial: State;
  readonly evolve: (state: State, event: RecordedEvent) => State;
  /** Facts every command of this aggregate has: how the actor stands to it. */
  readonly facts: (state: State, actor: Actor) => Facts;
  /** Its commands; their class names are the names of the actions in the policies. */
  readonly commands: readonly CommandDeclaration<State>[];
}

/** Declares a command inside `aggregate({ commands: [...] })`; exists for its types. */
export function command<State, C extends object>(type: CommandClass<C>, rest: Omit<CommandDeclaration<State, C>, 'type'>): CommandDeclaration<State> {
  return { type, ...rest } as unknown as CommandDeclaration<State>;
}

/**
 * Declares an aggregate.
 * @throws Error where its name has a hyphen, or two of its events share a name
 */
export function aggregate<State, E extends RecordedEvent>(declaration: {
  name: string;
  events: readonly EventType<string, never>[];
  initial: State;
  evolve: (state: State, event: E) => State;
  facts?: (state: State, actor: Actor) => Facts;
  commands: readonly CommandDeclaration<State>[];
}): Aggregate<State> {
  if (!/^[a-z][A-Za-z]*$/.test(declaration.name)) throw new Error(`The name of an aggregate has letters only: '${declaration.name}'.`);
  const types = new Set(declaration.events.map((event) => event.type));
  if (types.size !== declaration.events.length) throw new Error(`${declaration.name} declares an event twice.`);
  return { facts: () => ({}), ...declaration } as unknown as Aggregate<State>;
}
