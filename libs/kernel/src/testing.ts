/**
 * Given-when-then for aggregates: `given(conversation, ConversationRecorded({ … })).when(TakeNote, { … }).then(NoteTaken({ … }))`.
 * Values are written readable and sealed for show; a command is validated as HTTP would, so a spec cannot send what
 * nobody could.
 */
import type { Aggregate, Claim, CommandClass, CommandDeclaration, Context, Decision, Directory, Facts } from './aggregate';
import { ERASED, isErased, type Actor, type DomainEvent, type Erased, type EventMetadata, type RecordedEvent, type Sealed } from './events';
import { fieldsOf, isInvalid, validate, type InputClass } from './fields';
import { isRefusal, type Refusal } from './refusal';
import { ownerOf } from './sealing';

const NOW = '2026-03-31T10:00:00.000Z';
const STAFF: Actor = { kind: 'staff', id: '5a000000-0000-4000-8000-000000000001' };

/** The uuid of the stream the events are given in. */
export const STREAM_ID = '57000000-0000-4000-8000-000000000001';

/** The id of the n-th event given, from 1. */
export const eventId = (n: number): string => `e0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** The id that `newId(label)` gives. */
export const newId = (label: string): string =>
  `00000000-0000-4000-8000-${Buffer.from(label).toString('hex').slice(0, 12).padStart(12, '0')}`;

/** Who acts, when and with what beside the command; what is left out is filled in. */
export type About = Partial<Pick<Context, 'now' | 'actor' | 'id' | 'holder' | 'other'>> & {
  /** What other streams say; of what is left out, nothing. */
  readonly directory?: Partial<Directory>;
};

/** A directory that knows nothing. */
export const nothingKnown: Directory = {
  isStaff: () => false,
  hasLeft: () => false,
  survivorOf: (person) => person,
  groupOf: (person) => [person],
  signsIn: () => false,
  organizationsOf: () => [],
  organization: () => undefined,
  authorityOf: () => [],
  ancestorsOf: () => [],
};

/** An event as it is given: with metadata that matters, or with its values erased since. */
export interface GivenEvent extends DomainEvent {
  readonly metadata?: Partial<EventMetadata>;
  readonly erased?: true;
}

/** The event, with what its metadata says. */
export const stating = (event: DomainEvent, metadata: Partial<EventMetadata>): GivenEvent => ({ ...event, metadata });
/** The event, its personal values destroyed since. */
export const sinceErased = (event: DomainEvent): GivenEvent => ({ ...event, erased: true });

export interface Outcome {
  /** It was decided so. Fields without a value may be left out. */
  then(...events: readonly DomainEvent[]): void;
  /** Nothing had to change. */
  thenNothing(): void;
  /** @returns the refusal, for its field and what else it says */
  thenRefused(code: string): Refusal;
}

export interface Scenario<State> {
  /** What the events add up to. */
  readonly state: State;
  when<C extends object>(type: CommandClass<C>, fields: Partial<C>, about?: About): Outcome;
  decide<C extends object>(type: CommandClass<C>, fields: Partial<C>, about?: About): Decision;
  /** What the policies are asked about, beside what every command has. */
  facts<C extends object>(type: CommandClass<C>, fields: Partial<C>, about?: About): Facts;
  claims<C extends object>(type: CommandClass<C>, fields: Partial<C>): readonly Claim[];
  releases<C extends object>(type: CommandClass<C>, fields: Partial<C>): readonly Claim[];
}

/** @param events what happened in its stream, in this order */
export function given<State>(aggregate: Aggregate<State>, ...events: readonly GivenEvent[]): Scenario<State> {
  const state = recordedFrom(aggregate, events).reduce((before, event) => aggregate.evolve(before, event), aggregate.initial);
  const prepare = <C extends object>(type: CommandClass<C>, fields: Partial<C>) => ({
    declaration: declarationOf(aggregate, type),
    command: commandOf(type, fields),
  });
  const decide = <C extends object>(type: CommandClass<C>, fields: Partial<C>, about: About = {}) => {
    const { declaration, command } = prepare(type, fields);
    return declaration.decide(command, state, contextOf(about));
  };
  return {
    state,
    decide,
    when: (type, fields, about) => outcome(decide(type, fields, about)),
    facts: (type, fields, { actor = STAFF, id = STREAM_ID, directory: known, now = NOW } = {}) => {
      const { declaration, command } = prepare(type, fields);
      const directory = { ...nothingKnown, ...known };
      return { ...aggregate.facts(state, actor, id, directory, now), ...declaration.facts?.(command, state, actor, directory, now) };
    },
    claims: (type, fields) => {
      const { declaration, command } = prepare(type, fields);
      const identifiedBy = declaration.identifiedBy?.(command);
      return [...(identifiedBy === undefined ? [] : [identifiedBy]), ...(declaration.claims?.(command) ?? [])];
    },
    releases: (type, fields) => {
      const { declaration, command } = prepare(type, fields);
      return declaration.releases?.(command, state, { open: openShown }) ?? [];
    },
  };
}

/** The events as they would be read back from the stream: ids count from 1, values sealed for show. */
export function recordedFrom(aggregate: Pick<Aggregate, 'name' | 'events'>, events: readonly GivenEvent[]): RecordedEvent[] {
  return events.map(({ type, data, metadata, erased }, index) => {
    const declaration = aggregate.events.find((event) => event.type === type);
    if (declaration === undefined) throw new Error(`${type} is no event of ${aggregate.name}.`);
    const id = eventId(index + 1);
    const values = Object.entries(data as { [name: string]: unknown }).filter(([, value]) => value !== undefined);
    const sealed = values.map(([name, value]) => {
      const field = declaration.fields[name];
      if (field === undefined) throw new Error(`${type} declares no field ${name}.`);
      if (field.kind === 'plain') return [name, value];
      const owner = ownerOf(field.owner, data as { [name: string]: unknown }, STREAM_ID);
      return [name, seal(erased === true ? ERASED : value, { owner, category: field.category, at: `${id}/${name}` })];
    });
    return {
      type,
      data: Object.fromEntries(sealed) as unknown,
      id,
      stream: `${aggregate.name}-${STREAM_ID}`,
      streamId: STREAM_ID,
      revision: index,
      position: String(index).padStart(32, '0'),
      metadata: { actor: STAFF, occurredAt: NOW, recordedAt: NOW, ...metadata } as EventMetadata,
    };
  });
}

function seal(value: unknown, { owner, category, at }: { owner: string; category: string; at: string }): Sealed {
  return { $sealed: 1, owner, category, secret: `secret of ${at}`, value: Buffer.from(JSON.stringify(value)).toString('base64url'), at };
}

/** Opens what was sealed for show. */
export function openShown<T>(sealed: Sealed<T>): T | Erased {
  const value = JSON.parse(Buffer.from(sealed.value, 'base64url').toString()) as T;
  return isErased(value) ? ERASED : value;
}

function declarationOf<C extends object>(aggregate: Aggregate, type: CommandClass<C>): CommandDeclaration<unknown, C> {
  const declaration = aggregate.commands.find((command) => command.type === (type as CommandClass));
  if (declaration === undefined) throw new Error(`${type.name} is no command of ${aggregate.name}.`);
  return declaration as unknown as CommandDeclaration<unknown, C>;
}

/** A purpose and a source are filled in where the command needs them. @throws Error where HTTP would not let the command in */
function commandOf<C extends object>(type: CommandClass<C>, fields: Partial<C>): C {
  const named = new Set(fieldsOf(type as InputClass).map(({ name }) => name));
  const common = Object.entries({ purpose: 'customer-service', source: 'data-subject' }).filter(([name]) => named.has(name));
  const command = validate(type as InputClass<C>, JSON.parse(JSON.stringify({ ...Object.fromEntries(common), ...fields })));
  if (isInvalid(command)) throw new Error(`${type.name} cannot be sent so: ${JSON.stringify(command.violations)}`);
  return command;
}

function contextOf({ now = NOW, actor = STAFF, id = STREAM_ID, holder = () => undefined, directory, other }: About): Context {
  return { now, actor, id, newId, open: openShown, holder, other, directory: { ...nothingKnown, ...directory } };
}

function outcome(decision: Decision): Outcome {
  return {
    then: (...events) => expect(decision).toEqual(events),
    thenNothing: () => expect(decision).toEqual([]),
    thenRefused: (code) => {
      expect(decision).toMatchObject({ refusal: true, code });
      return isRefusal(decision) ? decision : (undefined as never);
    },
  };
}
