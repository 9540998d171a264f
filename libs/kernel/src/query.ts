/** A question to the read models: a class of its parameters, what its answer looks like, and how it is found. */
import type { Directory, Facts } from './aggregate';
import type { Actor, Erased, Sealed } from './events';
import type { Place } from './page';
import type { Shape } from './shape';

export interface Found<A = unknown> {
  /** The stream of the record that was asked about, where it is one. */
  readonly of?: string;
  /** The people it tells about, also where it holds no value of theirs: that there is something is told as well. */
  readonly about?: readonly string[];
  /** How the actor stands to what was found; for the policies. */
  readonly facts: Facts;
  /** The answer, its personal values `Sealed`. They are opened once showing them was authorized and recorded. */
  readonly answer: A;
  /** Of a page that is not the last: the place of its last entry. */
  readonly next?: Place;
}

export interface Question<Db = unknown, Q extends object = object> {
  /** Its class name is the action in the policies. */
  readonly type: new () => Q;
  readonly answer: Shape;
  /** @returns undefined where there is no such thing */
  find(db: Db, query: Q, actor: Actor, directory: Directory, now: string): Promise<Found | undefined>;
  /** Of a selection: what of what was found is answered. */
  readonly choose?: (found: unknown, query: Q, look: Look) => unknown;
  /** Of a statistic: what is answered instead of the opened values. */
  readonly count?: (opened: unknown) => unknown;
}

/** Declares a question: what `find` returns has to be of the shape that clients are told. */
export function question<Db, Q extends object, A>(
  type: new () => Q,
  answer: Shape<A>,
  find: (db: Db, query: Q, actor: Actor, directory: Directory, now: string) => Promise<Found<NoInfer<A>> | undefined>,
): Question<Db> {
  return { type, answer, find } as unknown as Question<Db>;
}

/** What is needed to choose among what was found; nothing of it may get into the answer readable. */
export interface Look {
  /** The value, to compare it with something. */
  open<T>(value: Sealed<T>): T | Erased;
  /** A link that carries ids, readable by nobody else. */
  link(kind: string, ids: readonly string[]): string;
}

/**
 * Declares a question whose answer is chosen by personal values, which the read models hold sealed only. What is
 * answered is still sealed, authorized, and recorded as disclosed; what was only looked at is not.
 */
export function selection<Db, Q extends object, C, A>(
  type: new () => Q,
  answer: Shape<A>,
  {
    find,
    choose,
  }: {
    find: (db: Db, query: Q, actor: Actor, directory: Directory, now: string) => Promise<Found<C> | undefined>;
    choose: (found: C, query: Q, look: Look) => NoInfer<A>;
  },
): Question<Db> {
  return { type, answer, find, choose } as unknown as Question<Db>;
}

/**
 * Declares a question whose answer is nobody's data: personal values are opened to be counted and only counts leave,
 * so nothing is disclosed. It is for `count` to see that no group is so small that it tells of somebody.
 */
export function statistic<Db, Q extends object, A>(
  type: new () => Q,
  answer: Shape<A>,
  {
    find,
    count,
  }: {
    find: (db: Db, query: Q, directory: Directory) => Promise<{ facts: Facts; values: unknown }>;
    count: (opened: unknown) => NoInfer<A>;
  },
): Question<Db> {
  const found = async (db: Db, query: Q, _: Actor, directory: Directory) => {
    const { facts, values } = await find(db, query, directory);
    return { facts, answer: values };
  };
  return { type, answer, find: found, count } as unknown as Question<Db>;
}
