/**
 * What an answer looks like, declared once: the JSON Schema that clients are told, and the type that whoever answers
 * has to return. Commands and queries are classes with field decorators; answers are made of these.
 */
import type { Sealed } from './events';
import type { JsonSchema } from './fields';

declare const shaped: unique symbol;

/** @typeParam T what is returned before personal values are opened */
export interface Shape<T = unknown> {
  readonly schema: JsonSchema;
  /** The schemas its own refers to, by name. */
  readonly named: { readonly [name: string]: JsonSchema };
  /** As a member: may be left out. */
  readonly optional?: boolean;
  readonly [shaped]?: () => T;
}

/** `ShapeOf<typeof call>`: what is returned for it. */
export type ShapeOf<S> = S extends Shape<infer T> ? T : never;

interface OptionalShape<T> extends Shape<T> {
  readonly optional: true;
}

type Members = { readonly [name: string]: Shape };
type OptionalNames<M extends Members> = { [K in keyof M]: M[K] extends OptionalShape<unknown> ? K : never }[keyof M];
/** What is optional may be missing, undefined or null: the answer leaves it out. */
type ObjectOf<M extends Members> = { readonly [K in Exclude<keyof M, OptionalNames<M>>]: ShapeOf<M[K]> } & {
  readonly [K in OptionalNames<M>]?: ShapeOf<M[K]> | null;
};

const plain = <T>(schema: JsonSchema, description: string): Shape<T> => ({ schema: { ...schema, description }, named: {} });

/** What stands in the place of a value that is kept, and not shown (GDPR Art. 5(1)(c), Art. 15(4)). */
export interface Withheld {
  readonly withheld: true;
  readonly category: string;
}
export const withheld = (category: string): Withheld => ({ withheld: true, category });

/** What may stand in the place of a personal value: see `Reader.ask`. */
const INSTEAD = {
  Erased: {
    type: 'object',
    description: 'In the place of a value whose key was destroyed.',
    properties: { erased: { type: 'boolean', const: true, description: 'It cannot be read any more, by anybody.' } },
    required: ['erased'],
  },
  Withheld: {
    type: 'object',
    description: 'In the place of a value that is kept and not shown here: the purpose does not cover it, or it is about others too.',
    properties: {
      withheld: { type: 'boolean', const: true, description: 'It is there.' },
      category: { type: 'string', description: 'Its data category.' },
    },
    required: ['withheld', 'category'],
  },
};

const reference = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** Every value says what it is, in a sentence. */
export const shape = {
  id: (description: string) => plain<string>({ type: 'string', format: 'uuid' }, description),
  text: (description: string) => plain<string>({ type: 'string' }, description),
  /** RFC 3339, in UTC. */
  instant: (description: string) => plain<string>({ type: 'string', format: 'date-time' }, description),
  day: (description: string) => plain<string>({ type: 'string', format: 'date' }, description),
  whole: (description: string) => plain<number>({ type: 'integer' }, description),
  flag: (description: string) => plain<boolean>({ type: 'boolean' }, description),
  oneOf: <const T extends string>(words: readonly T[], description: string) => plain<T>({ type: 'string', enum: words }, description),
  /** An object whose members are not told here. */
  open: (description: string) => plain<unknown>({ type: 'object', additionalProperties: true }, description),
  /** Any JSON. */
  anything: (description: string) => plain<unknown>({}, description),

  /** A personal value: returned sealed, or withheld already; answered readable, erased or withheld. */
  personal: <T>({ schema, named }: Shape<T>): Shape<Sealed<T> | Withheld> => {
    const { description, ...readable } = schema;
    const instead = Object.keys(INSTEAD).map(reference);
    return { schema: { description, anyOf: [readable, ...instead] }, named: { ...named, ...INSTEAD } };
  },

  either: <A, B>(one: Shape<A>, other: Shape<B>): Shape<A | B> => ({
    schema: { anyOf: [one.schema, other.schema] },
    named: { ...one.named, ...other.named },
  }),

  /** A member that may be left out. */
  optional: <T>(of: Shape<T>): OptionalShape<T> => ({ ...of, optional: true }),

  list: <T>({ schema, named }: Shape<T>, description: string): Shape<readonly T[]> => ({
    schema: { type: 'array', items: schema, description },
    named,
  }),

  /** @param name of the schema, for clients: the name of the type they get */
  object: <M extends Members>(name: string, members: M, description?: string): Shape<ObjectOf<M>> => {
    const entries = Object.entries(members);
    const required = entries.filter(([, { optional }]) => optional !== true).map(([member]) => member);
    const schema: JsonSchema = {
      type: 'object',
      properties: Object.fromEntries(entries.map(([member, of]) => [member, of.schema])),
      ...(required.length === 0 ? {} : { required }),
    };
    return {
      schema: { ...reference(name), ...(description === undefined ? {} : { description }) },
      named: Object.assign({}, ...entries.map(([, of]) => of.named), { [name]: schema }) as Shape['named'],
    };
  },
};
