/**
 * The secrets: one for each (event, owner, category). They come out of blocks: the key of a block is durable before the
 * first of its secrets is used, so that using one writes nothing. Each used secret gets a row of its own when the next
 * block is reserved; then the block's key is destroyed, and what was not used with it.
 */
import { randomInt } from 'node:crypto';
import { KEY_BYTES, keyStream, unwrap, wrap, type Random } from './crypto';
import type { Database } from './database';
import { KeyLost, VaultNotSwept } from './errors';
import type { KeyRing } from './key-file';

/** What a secret is for. */
export interface SecretUse {
  readonly owner: string;
  readonly stream: string;
  readonly event: string;
  readonly category: string;
}

/** As a row has it: the owner by number. */
export interface Secret extends Omit<SecretUse, 'owner'> {
  readonly owner: number;
  /** All zero where it was destroyed. */
  readonly bytes: Buffer;
}

interface Reserved {
  readonly first: number;
  readonly size: number;
  readonly tag: number;
  /** Every event that uses the block stands behind this position; empty where that is not known. */
  readonly after: string;
}

interface Block extends Reserved {
  readonly bytes: Buffer;
  used: number;
}

export interface SecretsOptions {
  readonly keys: () => KeyRing;
  readonly random: Random;
  /** Secrets in a block. */
  readonly reserve: number;
}

/** A tag tells a block from another one with the same numbers: a vault restored from a backup counts on from there. */
const MAX_TAG = 2 ** 47;

export class Secrets {
  /** Used, and not yet written as rows of their own; their block is durable. By number, in ascending order. */
  private readonly unwritten = new Map<number, Secret & { readonly tag: number }>();
  private block: Block | undefined;
  private left: readonly (Reserved & { readonly wrapped: Uint8Array })[];
  private position = '';

  constructor(
    private readonly db: Database,
    private readonly options: SecretsOptions,
  ) {
    this.left = db.all<Reserved & { readonly wrapped: Uint8Array }>('SELECT first, size, tag, after, wrapped FROM block');
  }

  /**
   * Takes the next secret for a use of it.
   * @returns its bytes stay the block's: they are gone once it has ended
   * @throws VaultNotSwept, VaultUnavailable
   */
  take(owner: number, stream: string, event: string, category: string): { readonly id: string; readonly bytes: Buffer } {
    if (this.block === undefined || this.block.used === this.block.size) this.reserve();
    const block = this.block!;
    const index = block.used++;
    const bytes = block.bytes.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES);
    this.unwritten.set(block.first + index, { owner, stream, event, category, tag: block.tag, bytes });
    return { id: secretId(block.first + index, block.tag), bytes };
  }

  /** @returns undefined where the id is not one of ours at all @throws KeyLost where it is missing; VaultNotSwept */
  find(id: string): Secret | undefined {
    const parsed = parseSecretId(id);
    if (parsed === undefined) return undefined;
    const used = this.unwritten.get(parsed.n);
    if (used !== undefined && used.tag === parsed.tag) return used;
    const row = this.db.get<Omit<Secret, 'bytes'> & { tag: number; bytes: Uint8Array }>(
      'SELECT tag, bytes, owner, stream, event, category FROM secret WHERE n = ?',
      parsed.n,
    );
    if (row !== undefined && row.tag === parsed.tag) return { ...row, bytes: Buffer.from(row.bytes) };
    this.checkSwept();
    throw new KeyLost(`The secret ${id} is missing`);
  }

  /** One transaction writes the secrets used since the last one and reserves the next block. */
  private reserve(): void {
    this.checkSwept();
    const { keys, random, reserve: size } = this.options;
    const key = random(KEY_BYTES);
    const tag = randomInt(1, MAX_TAG);
    const after = this.position;
    const first = this.db.transaction(() => {
      this.writeUsed();
      this.dropBlocks();
      const n = this.db.get<{ n: number }>("SELECT CAST(value AS INTEGER) AS n FROM meta WHERE name = 'next'")?.n ?? 1;
      const wrapped = wrap(keys(), blockName(n), key, random);
      this.db.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('next', ?)", String(n + size));
      this.db.run('INSERT INTO block (first, size, tag, after, wrapped) VALUES (?, ?, ?, ?, ?)', n, size, tag, after, wrapped);
      return n;
    });
    this.forget();
    this.block = { first, size, tag, after, bytes: keyStream(key, size * KEY_BYTES), used: 0 };
    key.fill(0);
  }

  /** Writes what was used and ends the block. @throws VaultNotSwept, VaultUnavailable */
  flush(): void {
    this.checkSwept();
    if (this.block === undefined) return;
    this.db.transaction(() => {
      this.writeUsed();
      this.dropBlocks();
    });
    this.forget();
  }

  private writeUsed(): void {
    for (const [n, used] of this.unwritten) this.insert(n, used);
  }

  /** What was in memory is in rows now. */
  private forget(): void {
    this.unwritten.clear();
    this.block?.bytes.fill(0);
    this.block = undefined;
  }

  /** The store has answered with this position: what is sealed from now on stands behind it. */
  passed(position: string): void {
    if (position > this.position) this.position = position;
  }

  /**
   * What the last process left behind: events behind `after` may use secrets that have no row yet.
   * @returns undefined where it left nothing
   */
  get unswept(): { readonly after: string } | undefined {
    return this.left.length === 0 ? undefined : { after: this.left.map(({ after }) => after).sort()[0]! };
  }

  private checkSwept(): void {
    if (this.left.length > 0) throw new VaultNotSwept();
  }

  /**
   * Makes rows of the secrets that events use, and destroys the rest. May be interrupted, and run again.
   * @param uses of every event behind `unswept.after`, in any order; those of other blocks are passed over
   * @throws KeyLost where a key of the block is not there any more; VaultUnavailable
   */
  sweep(uses: Iterable<Omit<Secret, 'bytes'> & { readonly secret: string }>): void {
    const blocks = this.left.map((row) => {
      const key = unwrap(this.options.keys(), blockName(row.first), Buffer.from(row.wrapped));
      return { ...row, bytes: keyStream(key, row.size * KEY_BYTES) };
    });
    const found = new Map<number, Secret & { readonly tag: number }>();
    for (const { secret, ...use } of uses) {
      const { n = 0, tag = 0 } = parseSecretId(secret) ?? {};
      const block = blocks.find((each) => each.tag === tag && n >= each.first && n < each.first + each.size);
      if (block === undefined) continue;
      const index = n - block.first;
      found.set(n, { ...use, tag, bytes: block.bytes.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES) });
    }
    this.db.transaction(() => {
      // Ascending: a row that is put between others moves them, and leaves a copy of what it moved (see the schema).
      for (const [n, used] of [...found].sort(([a], [b]) => a - b)) this.insert(n, used);
      this.dropBlocks();
    });
    for (const block of blocks) block.bytes.fill(0);
    this.left = [];
  }

  private insert(n: number, { tag, bytes, owner, stream, event, category }: Secret & { readonly tag: number }): void {
    const sql = 'INSERT INTO secret (n, tag, bytes, owner, stream, event, category) VALUES (?, ?, ?, ?, ?, ?, ?)';
    this.db.run(sql, n, tag, bytes, owner, stream, event, category);
  }

  /** Overwrites before it deletes: a block's key could make its secrets again. */
  private dropBlocks(): void {
    this.db.run('UPDATE block SET wrapped = zeroblob(length(wrapped))');
    this.db.run('DELETE FROM block');
  }
}

const blockName = (first: number) => `block ${first}`;
const secretId = (n: number, tag: number) => `${n.toString(36)}.${tag.toString(36)}`;

/** @returns undefined where the text is not exactly what `secretId` gives */
function parseSecretId(id: string): { readonly n: number; readonly tag: number } | undefined {
  const match = /^([1-9a-z][0-9a-z]{0,10})\.([1-9a-z][0-9a-z]{0,10})$/.exec(id);
  if (match === null) return undefined;
  const [n, tag] = [parseInt(match[1]!, 36), parseInt(match[2]!, 36)];
  return Number.isSafeInteger(n) && Number.isSafeInteger(tag) ? { n, tag } : undefined;
}
