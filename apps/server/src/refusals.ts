/** Refusals, folded: one entry an actor, action, reason and minute, and no more than so many a minute in all. */
import type { Principal } from '@rapport/access';

export interface FoldedRefusal {
  readonly principal: Principal;
  readonly action: string;
  readonly reason: string;
  readonly minute: string;
  readonly count: number;
  readonly suppressed: number;
}

/** Entries a minute; beyond that refusals are counted, not told apart, so that nobody can fill the store by being refused. */
const MOST = 100;

export class Refusals {
  private readonly folded = new Map<string, { refusal: FoldedRefusal; count: number; suppressed: number }>();

  constructor(private readonly clock: () => Date) {}

  count(principal: Principal, action: string, reason: string): void {
    const minute = this.clock().toISOString().slice(0, 16);
    const key = [principal.id, action, reason, minute].join(' ');
    const known = this.folded.get(key);
    if (known !== undefined) known.count++;
    else if (this.folded.size < MOST) {
      this.folded.set(key, { refusal: { principal, action, reason, minute, count: 0, suppressed: 0 }, count: 1, suppressed: 0 });
    } else this.folded.values().next().value!.suppressed++;
  }

  /** Those of the minutes that are over, or all of them at the end; each is given once. */
  take(): FoldedRefusal[] {
    const taken = [...this.folded.values()].map(({ refusal, count, suppressed }) => ({ ...refusal, count, suppressed }));
    this.folded.clear();
    return taken;
  }
}
