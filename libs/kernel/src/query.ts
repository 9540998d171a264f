/** A question to the read models: a class of its parameters, what its answer looks like, and how it is found. */
import type { Directory, Facts } from './aggregate';
import type { Actor } from './events';
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
}

export interface Question<Db = unknown, Q extends object = object> {
  /** Its class name is the action in the policies. */
  readonly type: new () => Q;
  readonly answer: Shape;
  /** @returns undefined where there is no such thing */
  find(db: Db, query: Q, actor: Actor, directory: Directory): Promise<Found | undefined>;
}

/** Declares a question: what `find` returns has to be of the shape that clients are told. */
export function question<Db, Q extends object, A>(
  type: new () => Q,
  answer: Shape<A>,
  find: (db: Db, query: Q, actor: Actor, directory: Directory) => Promise<Found<NoInfer<A>> | undefined>,
): Question<Db> {
  return { type, answer, find } as unknown as Question<Db>;
}
