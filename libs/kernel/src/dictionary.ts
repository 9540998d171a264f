/** What the next version changed, so that the one before it can be read. */
interface Change<V> {
  readonly key: string;
  /** What stood under the key before; undefined where nothing did. */
  readonly before: V | undefined;
  readonly next: Held<V>;
}

/** Where a version's entries are: in a Map of its own, or in the next version's but for one change. */
interface Held<V> {
  at: Map<string, V> | Change<V>;
}

/**
 * An immutable dictionary for the state of aggregates that grow: adding to the newest version costs the same however
 * much it holds, where `{ ...entries, [key]: value }` would copy all of it for each event.
 *
 * All versions share one Map. It is the newest version's; an older one knows only what the next one changed, so it is
 * read correctly, more slowly the older it is (Baker's shallow binding). Nothing newer refers to anything older.
 */
export class Dictionary<V> {
  private constructor(private readonly held: Held<V>) {}

  static empty<V>(): Dictionary<V> {
    return new Dictionary<V>({ at: new Map() });
  }

  get(key: string): V | undefined {
    let { at } = this.held;
    while (!(at instanceof Map)) {
      if (at.key === key) return at.before;
      at = at.next.at;
    }
    return at.get(key);
  }

  /** @returns this dictionary with `value` under `key`; this one stays as it is */
  with(key: string, value: V): Dictionary<V> {
    const { at } = this.held;
    // An older version, and an empty one, which may be the start of many, leave the Map where it is.
    if (!(at instanceof Map) || at.size === 0) return new Dictionary({ at: copyOf(this.held).set(key, value) });
    const before = at.get(key);
    const next: Held<V> = { at: at.set(key, value) };
    this.held.at = { key, before, next };
    return new Dictionary(next);
  }
}

function copyOf<V>({ at }: Held<V>): Map<string, V> {
  const changes: Change<V>[] = [];
  for (; !(at instanceof Map); at = at.next.at) changes.push(at);
  const copy = new Map(at);
  for (const { key, before } of changes.reverse()) {
    if (before === undefined) copy.delete(key);
    else copy.set(key, before);
  }
  return copy;
}
