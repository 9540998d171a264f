/** Refusals, folded: one entry an actor, action, reason and minute, and no more than so many a minute in all. */
import type { Principal } from '@rapport/access';
import type { ActorKind } from '@rapport/kernel';

export interface FoldedRefusal {
  readonly actorKind: ActorKind;
  readonly actor: string;
  readonly action: string;
  readonly reason: string;
  /** ISO 8601, to the minute: `2026-03-31T10:15`. */
  readonly minute: string;
  readonly count: number;
  readonly suppressed: number;
}

/** Entries a minute; beyond that refusals are counted, not told apart, so that nobody can fill the store by being refused. */
export const MOST_A_MINUTE = 100;

type Counting = { -readonly [K in keyof FoldedRefusal]: FoldedRefusal[K] };

export class Refusals {
  private minute = '';
  private readonly folded = new Map<string, Counting>();
  /** Of minutes that are over, waiting to be recorded. */
  private readonly finished: FoldedRefusal[] = [];
  private recording: Promise<void> = Promise.resolve();

  constructor(private readonly clock: () => Date) {}

  count({ kind, id }: Principal, action: string, reason: string): void {
    this.turn();
    const key = [id, action, reason].join(' ');
    const known = this.folded.get(key);
    if (known !== undefined) known.count++;
    else if (this.folded.size < MOST_A_MINUTE) {
      this.folded.set(key, { actorKind: kind, actor: id, action, reason, minute: this.minute, count: 1, suppressed: 0 });
    } else this.folded.values().next().value!.suppressed++;
  }

  /**
   * Has the minutes that are over recorded, one entry after the other. One that cannot be is kept for the next time.
   * @param options `unfinished`: the minute that runs as well, at the end
   * @throws what `record` throws
   */
  async record(record: (refusal: FoldedRefusal) => Promise<unknown>, { unfinished = false } = {}): Promise<void> {
    const before = this.recording.catch(() => undefined);
    this.recording = before.then(async () => {
      if (unfinished) this.finish();
      else this.turn();
      for (let next = this.finished[0]; next !== undefined; next = this.finished[0]) {
        await record(next);
        this.finished.shift();
      }
    });
    await this.recording;
  }

  private turn(): void {
    const minute = this.clock().toISOString().slice(0, 16);
    if (minute !== this.minute) this.finish();
    this.minute = minute;
  }

  private finish(): void {
    this.finished.push(...this.folded.values());
    this.folded.clear();
  }
}
