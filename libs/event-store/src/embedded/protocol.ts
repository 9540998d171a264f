/** What the main thread and the committing worker say to each other: one message a batch each way, as flat as can be. */
import { parsePosition, type ExpectedRevision, type Position } from '../port';

/** Several appends that share one transaction. */
export interface BatchMessage {
  /** Two numbers an append: its expected revision (see `toCode`) and how many events it has. */
  readonly appends: number[];
  /** For each append its stream, then id, type, data and metadata of each of its events. */
  readonly texts: string[];
}

export type BatchReply =
  | {
      /** Three numbers an append: an `Outcome`; the last event's revision, or the stream's actual one (-1: none); the position. */
      readonly outcomes: number[];
      /** False where nothing had to be written. */
      readonly wrote: boolean;
    }
  | {
      /** The transaction failed as a whole: SQLite's message, which holds no values. */
      readonly failure: string;
      /** True where it failed in the commit itself, so that it may come to light after a crash. */
      readonly outcomeUnknown: boolean;
    };

/** What became of an append; a repeated one was written before, and is answered as it was then. */
export const Outcome = { REFUSED: 0, WRITTEN: 1, REPEATED: 2 } as const;

export const CLOSE = 'close';

export interface CommitterData {
  readonly file: string;
  /** Used where the file is new. */
  readonly newStoreId: string;
}

/** The worker's first message. */
export interface Ready {
  readonly storeId: string;
}

const NONE = -1;
const ANY = -2;
const EXISTS = -4;
export const Code = { NONE, ANY, EXISTS } as const;

/** An expected revision as a number; the negative ones are EventStoreDB's. */
export function toCode(expected: ExpectedRevision): number {
  if (typeof expected === 'number') return expected;
  return expected === 'none' ? NONE : expected === 'any' ? ANY : EXISTS;
}

/** The name of the BroadcastChannel on which other threads of this process hear of each commit. */
export function channelName(file: string): string {
  return `rapport-events:${file}`;
}

/** The port's position from the sequence number, which is both commit and prepare position here. */
export function toPosition(sequence: number): Position {
  const half = sequence.toString(16).padStart(16, '0');
  return half + half;
}

/** The sequence number of a position. */
export function toSequence(position: Position): number {
  return Number(parsePosition(position).commit);
}
