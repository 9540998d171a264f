/** A question to the read models: a class of its parameters, and how it is answered with values still sealed. */
import type { Directory, Facts } from './aggregate';
import type { Actor } from './events';

export interface Found {
  /** The stream of the record that was asked about, where it is one. */
  readonly of?: string;
  /** The people it tells about, also where it holds no value of theirs: that there is something is told as well. */
  readonly about?: readonly string[];
  /** How the actor stands to what was found; for the policies. */
  readonly facts: Facts;
  /** The answer, its personal values `Sealed`. They are opened once showing them was authorized and recorded. */
  readonly answer: unknown;
}

export interface Question<Db = unknown, Q extends object = object> {
  /** Its class name is the action in the policies. */
  readonly type: new () => Q;
  /** @returns undefined where there is no such thing */
  find(db: Db, query: Q, actor: Actor, directory: Directory): Promise<Found | undefined>;
}

/** Declares a question; exists for its types. */
export function question<Db, Q extends object>(
  type: new () => Q,
  find: (db: Db, query: Q, actor: Actor, directory: Directory) => Promise<Found | undefined>,
): Question<Db> {
  return { type, find } as unknown as Question<Db>;
}
