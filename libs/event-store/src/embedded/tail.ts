import { matcher } from '../checks';
import type { EventFilter, Position } from '../port';
import { toPosition, toSequence } from './protocol';

interface Name {
  readonly stream: string;
  readonly type: string;
}

/** So many events are remembered at least, twice as many at most: what comes while a subscription looks once. */
const REMEMBERED = 4_096;

/**
 * What was appended last, by name, as the process knows that appends. A subscription with a filter learns here that
 * nothing of its concern has come: asking the file costs a page for each event, because a connection that reads has to
 * fetch every page anew after each commit of another.
 */
export class Tail {
  /** Without a gap: the last one stands at `head`. */
  private names: Name[] = [];
  private head = 0;

  /** An append was written just now. @param sequence of the last of its events */
  append(names: readonly Name[], sequence: number): void {
    if (sequence - names.length !== this.head) this.names = [];
    this.names.push(...names);
    this.head = sequence;
    if (this.names.length > 2 * REMEMBERED) this.names = this.names.slice(-REMEMBERED);
  }

  /** @returns the position of the last event, where none after `after` passes the filter; undefined where the file has to be asked */
  quietUntil(after: Position | undefined, filter: EventFilter): Position | undefined {
    const unseen = this.head - (after === undefined ? 0 : toSequence(after));
    if (unseen <= 0 || unseen > this.names.length) return undefined;
    const passes = matcher(filter);
    for (let i = this.names.length - unseen; i < this.names.length; i++) {
      const { stream, type } = this.names[i]!;
      if (passes(stream, type)) return undefined;
    }
    return toPosition(this.head);
  }
}
