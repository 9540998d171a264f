/** Lets one at a time through for each key, in the order they came. */
export class Locks {
  private readonly tails = new Map<string, Promise<unknown>>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    this.tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.tails.get(key) === mine) this.tails.delete(key);
    }
  }

  /** Lets one at a time through for each of several keys. They are entered in one order by all, so that no two wait for each other. */
  async runAll<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const enter = [...new Set(keys)].sort().reduceRight<() => Promise<T>>((inner, key) => () => this.run(key, inner), work);
    return enter();
  }

  /** Whether nobody is inside for this key, nor waits to be. */
  isFree(key: string): boolean {
    return !this.tails.has(key);
  }

  /** Resolves when whoever is inside for this key now has left. */
  async settled(key: string): Promise<void> {
    await this.tails.get(key)?.catch(() => undefined);
  }
}
