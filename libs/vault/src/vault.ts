/**
 * The vault: whoever's key it destroys is erased, whatever copies of the events there are.
 *
 * A personal value is sealed with AES-256-GCM under HKDF(owner's key, secret). Each (event, owner, category) has a
 * secret of its own, so that one value, one category of a record, or a person can each be destroyed.
 * Synchronous, on one connection: it is asked between two steps of a command.
 */
import { randomInt } from 'node:crypto';
import { ERASED, type Erased, type Sealed } from '@rapport/kernel/events';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { LRUCache } from 'lru-cache';
import { decrypt, encrypt, hkdf, KEY_BYTES, keyStream, mac, NONCE_BYTES, pooledRandom, unwrap, wrap, type Random } from './crypto';
import { KeyLost, OwnerFenced, OwnerNotFenced, SealBroken, UnknownOwner } from './errors';
import type { KeyRing } from './key-file';
import { openDatabase, transaction, truncateWal } from './schema';

export type OwnerStatus = 'unknown' | 'live' | 'fenced' | 'destroyed';

export interface VaultOptions {
  readonly file: string;
  readonly keys: KeyRing;
  readonly clock: () => Date;
  readonly random?: Random;
  /** Secrets made durable at once, ahead of their use. */
  readonly reserve?: number;
  /** How long an owner's key stays in memory, in milliseconds. */
  readonly ownerKeyLife?: number;
}

export interface FieldToSeal {
  readonly field: string;
  readonly owner: string;
  readonly category: string;
  readonly value: unknown;
}

export interface SecretUse {
  readonly owner: string;
  readonly stream: string;
  readonly event: string;
  readonly category: string;
}

export interface ClaimRequest {
  readonly namespace: string;
  readonly value: string;
  readonly owner: string;
  readonly stream: string;
  readonly commandId: string;
}

export interface Claimed {
  readonly stream: string;
  readonly commandId: string;
  readonly confirmed: boolean;
}

/** Which secrets to destroy: those that match all that is given. */
export type SecretFilter = Partial<SecretUse>;

interface Owner {
  readonly n: number;
  readonly status: OwnerStatus;
}

interface Secret extends SecretUse {
  readonly n: number;
  readonly bytes: Buffer;
}

/** A block of secrets: the key they are derived from is durable before the first of them is used. */
interface Block {
  readonly first: number;
  readonly size: number;
  readonly tag: number;
  readonly bytes: Buffer;
  used: number;
}

const SEAL = Buffer.from('rapport seal v1');
const CACHED_OWNERS = 10_000;
const MAX_TAG = 2 ** 47;

export class Vault {
  private readonly db: DatabaseSyncInstance;
  private readonly random: Random;
  private readonly commandKey: Buffer;
  private readonly blindKey: Buffer;
  private readonly owners = new LRUCache<string, Owner>({ max: 100_000 });
  private readonly ownerKeys: LRUCache<string, Buffer>;
  /** Used, and not yet written as rows of their own; their block is durable. */
  private readonly unwritten = new Map<number, Secret & { readonly tag: number }>();
  private block: Block | undefined;
  private keys: KeyRing;
  private readonly selectOwner: StatementSyncInstance;
  private readonly selectSecret: StatementSyncInstance;

  constructor(private readonly options: VaultOptions) {
    this.db = openDatabase(options.file);
    this.keys = options.keys;
    this.random = options.random ?? pooledRandom();
    this.ownerKeys = new LRUCache({ max: CACHED_OWNERS, ttl: options.ownerKeyLife ?? 60_000, dispose: (key) => key.fill(0) });
    this.selectOwner = this.db.prepare('SELECT n, status FROM owner WHERE id = ?');
    this.selectSecret = this.db.prepare('SELECT tag, bytes FROM secret WHERE n = ?');
    this.commandKey = this.vaultKey('command');
    this.blindKey = this.vaultKey('blind');
  }

  // ── Owners ──

  ownerStatus(id: string): OwnerStatus {
    return this.ownerOf(id)?.status ?? 'unknown';
  }

  /** Makes the key of a person, organization or record; durable when this returns. Nothing happens where there is one. */
  createOwner(id: string): void {
    if (this.ownerOf(id) !== undefined) return;
    const key = this.random(KEY_BYTES);
    const n = transaction(this.db, () => {
      const last = this.db.prepare('SELECT max(n) AS n FROM owner_key').get() as { n: number | null };
      const next = (last.n ?? 0) + 1;
      this.db.prepare('INSERT INTO owner_key (n, owner, wrapped) VALUES (?, ?, ?)').run(next, id, wrap(this.keys, id, key, this.random));
      this.db.prepare("INSERT INTO owner (id, n, status) VALUES (?, ?, 'live')").run(id, next);
      return next;
    });
    this.owners.set(id, { n, status: 'live' });
    this.ownerKeys.set(id, key);
  }

  private ownerOf(id: string): Owner | undefined {
    const known = this.owners.get(id);
    if (known !== undefined) return known;
    const row = this.selectOwner.get(id) as Owner | undefined;
    if (row !== undefined) this.owners.set(id, row);
    return row;
  }

  private keyOf(id: string, { n }: Owner): Buffer {
    const known = this.ownerKeys.get(id);
    if (known !== undefined) return known;
    const row = this.db.prepare('SELECT wrapped FROM owner_key WHERE n = ?').get(n) as { wrapped: Uint8Array } | undefined;
    if (row === undefined) throw new KeyLost(`The key of ${id} is missing`);
    const key = unwrap(this.keys, id, Buffer.from(row.wrapped));
    this.ownerKeys.set(id, key);
    return key;
  }

  // ── Sealing and opening ──

  /**
   * Seals the personal values of one event: one secret for each owner and category in it.
   * @returns the fields by name @throws UnknownOwner, OwnerFenced
   */
  sealFields(stream: string, event: string, fields: readonly FieldToSeal[]): Map<string, Sealed> {
    const keys = new Map<string, { readonly secret: string; readonly key: Buffer }>();
    const sealed = new Map<string, Sealed>();
    for (const { field, owner, category, value } of fields) {
      const shared = `${owner} ${category}`;
      let entry = keys.get(shared);
      if (entry === undefined) {
        const known = this.ownerOf(owner);
        if (known === undefined) throw new UnknownOwner(owner);
        if (known.status !== 'live') throw new OwnerFenced(owner);
        const { id, bytes } = this.takeSecret({ owner, stream, event, category });
        entry = { secret: id, key: hkdf(this.keyOf(owner, known), bytes, SEAL) };
        keys.set(shared, entry);
      }
      const bytes = encrypt(entry.key, this.random(NONCE_BYTES), `${event}/${field}`, Buffer.from(JSON.stringify(value)));
      sealed.set(field, { $sealed: 1, owner, category, secret: entry.secret, value: bytes.toString('base64url') });
    }
    for (const { key } of keys.values()) key.fill(0);
    return sealed;
  }

  /**
   * Opens a sealed value.
   * @returns the value, or `ERASED` where its owner's key or its secret was destroyed
   * @throws KeyLost where either is missing and no tombstone says why; SealBroken where the value was changed or moved
   */
  open<T>(sealed: Sealed<T>): T | Erased {
    if (sealed.at === undefined) throw new SealBroken('an unknown place');
    const owner = this.ownerOf(sealed.owner);
    if (owner === undefined) throw new KeyLost(`The key of ${sealed.owner} is missing`);
    if (owner.status === 'destroyed') return ERASED;
    const secret = this.secretOf(sealed.secret);
    if (secret === undefined) return ERASED;
    const key = hkdf(this.keyOf(sealed.owner, owner), secret, SEAL);
    const plain = decrypt(key, sealed.at, Buffer.from(sealed.value, 'base64url'));
    key.fill(0);
    if (plain === undefined) throw new SealBroken(sealed.at);
    return JSON.parse(plain.toString()) as T;
  }

  // ── Secrets ──

  private takeSecret(use: SecretUse): { id: string; bytes: Buffer } {
    if (this.block === undefined || this.block.used === this.block.size) this.nextBlock();
    const block = this.block!;
    const index = block.used++;
    const bytes = Buffer.from(block.bytes.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES));
    const n = block.first + index;
    this.unwritten.set(n, { ...use, n, tag: block.tag, bytes });
    return { id: secretId(n, block.tag), bytes };
  }

  /** One transaction writes the secrets used since the last one and reserves the next block. */
  private nextBlock(): void {
    const size = this.options.reserve ?? 512;
    const key = this.random(KEY_BYTES);
    const tag = randomInt(1, MAX_TAG);
    this.block = transaction(this.db, () => {
      this.writeUsed();
      this.dropBlocks();
      const { n } = (this.db.prepare("SELECT CAST(value AS INTEGER) AS n FROM meta WHERE name = 'next'").get() as
        { n: number } | undefined) ?? { n: 1 };
      this.db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('next', ?)").run(String(n + size));
      this.db
        .prepare('INSERT INTO block (first, size, tag, wrapped) VALUES (?, ?, ?, ?)')
        .run(n, size, tag, wrap(this.keys, `block ${n}`, key, this.random));
      return { first: n, size, tag, bytes: keyStream(key, size * KEY_BYTES), used: 0 };
    });
    this.unwritten.clear();
    key.fill(0);
  }

  private writeUsed(): void {
    const insert = this.db.prepare('INSERT INTO secret (n, tag, bytes, owner, stream, event, category) VALUES (?, ?, ?, ?, ?, ?, ?)');
    for (const { n, tag, bytes, owner, stream, event, category } of this.unwritten.values()) {
      insert.run(n, tag, bytes, this.ownerOf(owner)!.n, stream, event, category);
    }
  }

  /** Overwrites before it deletes: a block's key could make its secrets again. */
  private dropBlocks(): void {
    this.db.exec('UPDATE block SET wrapped = zeroblob(length(wrapped)); DELETE FROM block');
  }

  /** Writes what is used and ends the block. */
  flush(): void {
    if (this.block === undefined) return;
    transaction(this.db, () => {
      this.writeUsed();
      this.dropBlocks();
    });
    this.unwritten.clear();
    this.block.bytes.fill(0);
    this.block = undefined;
  }

  /** @returns undefined where it was destroyed @throws KeyLost where it is missing */
  private secretOf(id: string): Buffer | undefined {
    const { n, tag } = parseSecretId(id);
    const used = this.unwritten.get(n);
    if (used !== undefined && used.tag === tag) return used.bytes;
    const row = this.selectSecret.get(n) as { tag: number; bytes: Uint8Array } | undefined;
    if (row === undefined || row.tag !== tag) throw new KeyLost(`The secret ${id} is missing`);
    const bytes = Buffer.from(row.bytes);
    return bytes.every((byte) => byte === 0) ? undefined : bytes;
  }

  /** Whether the last process left a block behind: then events may use secrets that have no row yet. */
  get needsSweep(): boolean {
    return this.block === undefined && this.db.prepare('SELECT 1 FROM block').get() !== undefined;
  }

  /**
   * After a crash: makes rows of the secrets that events use, and destroys the rest.
   * @param uses the sealed values of the events, newest first or not; only those of the blocks left behind are looked at
   */
  sweep(uses: Iterable<SecretUse & { readonly secret: string }>): void {
    const blocks = (
      this.db.prepare('SELECT first, size, tag, wrapped FROM block').all() as unknown as (Block & { wrapped: Uint8Array })[]
    ).map((row) => {
      const key = unwrap(this.keys, `block ${row.first}`, Buffer.from(row.wrapped));
      return { ...row, bytes: keyStream(key, row.size * KEY_BYTES) };
    });
    transaction(this.db, () => {
      const insert = this.db.prepare(
        'INSERT OR IGNORE INTO secret (n, tag, bytes, owner, stream, event, category) VALUES (?, ?, ?, ?, ?, ?, ?)',
      );
      for (const { secret, owner, stream, event, category } of uses) {
        const { n, tag } = parseSecretId(secret);
        const block = blocks.find((b) => b.tag === tag && n >= b.first && n < b.first + b.size);
        const known = this.ownerOf(owner);
        if (block === undefined || known === undefined) continue;
        const index = n - block.first;
        insert.run(n, tag, Buffer.from(block.bytes.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES)), known.n, stream, event, category);
      }
      this.dropBlocks();
    });
    for (const block of blocks) block.bytes.fill(0);
  }

  // ── Erasure (GDPR Art. 17) ──

  /** Nothing more can be sealed for this owner; durable when this returns. */
  fence(id: string): void {
    const owner = this.ownerOf(id);
    if (owner === undefined) throw new UnknownOwner(id);
    if (owner.status !== 'live') return;
    this.db.prepare("UPDATE owner SET status = 'fenced' WHERE id = ?").run(id);
    this.owners.set(id, { ...owner, status: 'fenced' });
    this.ownerKeys.delete(id);
  }

  /**
   * Destroys an owner's key, and with it every value sealed for them; purges the identifiers they claimed.
   * @param tombstone id of the event that says so @throws OwnerNotFenced, UnknownOwner
   */
  destroyOwner(id: string, tombstone: string): void {
    const owner = this.ownerOf(id);
    if (owner === undefined) throw new UnknownOwner(id);
    if (owner.status === 'live') throw new OwnerNotFenced(id);
    this.ownerKeys.delete(id);
    this.flush();
    transaction(this.db, () => {
      this.db.prepare('UPDATE owner_key SET wrapped = zeroblob(length(wrapped)) WHERE n = ?').run(owner.n);
      this.db.prepare('UPDATE secret SET bytes = zeroblob(length(bytes)) WHERE owner = ?').run(owner.n);
      this.db.prepare("UPDATE owner SET status = 'destroyed' WHERE id = ?").run(id);
      this.db.prepare('DELETE FROM claim WHERE owner = ?').run(id);
      this.addTombstone(tombstone, 'owner', { owner: id });
    });
    this.owners.set(id, { ...owner, status: 'destroyed' });
    truncateWal(this.db);
  }

  /** Destroys secrets: one value, one event, one category of a record. @returns how many @param tombstone id of the event that says so */
  destroySecrets(filter: SecretFilter, tombstone: string): number {
    const { owner, ...rest } = filter;
    const named = Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined);
    if (owner === undefined && named.length === 0) throw new RangeError('Say which secrets to destroy.');
    this.flush();
    const conditions = [
      ...named.map(([column]) => `${column} = ?`),
      ...(owner === undefined ? [] : ['owner = (SELECT n FROM owner WHERE id = ?)']),
    ];
    const values = [...named.map(([, value]) => value), ...(owner === undefined ? [] : [owner])];
    const destroyed = transaction(this.db, () => {
      this.addTombstone(tombstone, 'secrets', filter);
      return this.db.prepare(`UPDATE secret SET bytes = zeroblob(length(bytes)) WHERE ${conditions.join(' AND ')}`).run(...values).changes;
    });
    truncateWal(this.db);
    return Number(destroyed);
  }

  private addTombstone(event: string, kind: string, { owner = '', stream = '', event: of = '', category = '' }: SecretFilter): void {
    this.db
      .prepare('INSERT OR IGNORE INTO tombstone (event, kind, owner, stream, of_event, category, at) VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(event, kind, owner, stream, of, category, this.options.clock().toISOString());
  }

  // ── Identifiers ──

  /** HMAC-SHA256 over the parts, each with its length in front; hexadecimal. What makes a command the same command again. */
  commandId(parts: readonly string[]): string {
    return mac(this.commandKey, ['command', ...parts]).toString('hex');
  }

  /** A keyed digest of a command's body. */
  digest(canonicalJson: string): string {
    return mac(this.commandKey, ['body', canonicalJson]).toString('base64url');
  }

  /** A UUIDv8 (RFC 9562 §5.8) that follows from a command and a label: the same again and again, and not to be guessed. */
  uuid(commandId: string, label: string): string {
    const bytes = mac(this.commandKey, ['uuid', commandId, label]).subarray(0, 16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x80;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  private blind(namespace: string, value: string): string {
    return mac(this.blindKey, ['blind', namespace, value]).toString('base64url');
  }

  /** Takes an identifier for a command, durably. What a crash leaves unconfirmed, its stream can tell. */
  claim({ namespace, value, owner, stream, commandId }: ClaimRequest): { held: true } | ({ held: false } & Claimed) {
    const known = this.find(namespace, value);
    if (known !== undefined) return known.commandId === commandId ? { held: true } : { held: false, ...known };
    this.db
      .prepare('INSERT INTO claim (token, owner, stream, command_id, confirmed) VALUES (?, ?, ?, ?, 0)')
      .run(this.blind(namespace, value), owner, stream, commandId);
    return { held: true };
  }

  find(namespace: string, value: string): Claimed | undefined {
    const row = this.db
      .prepare('SELECT stream, command_id AS commandId, confirmed FROM claim WHERE token = ?')
      .get(this.blind(namespace, value)) as (Omit<Claimed, 'confirmed'> & { confirmed: number }) | undefined;
    return row && { stream: row.stream, commandId: row.commandId, confirmed: row.confirmed === 1 };
  }

  /** The command's events are there. */
  confirm(commandId: string): void {
    this.db.prepare('UPDATE claim SET confirmed = 1 WHERE command_id = ? AND confirmed = 0').run(commandId);
  }

  /** The command came to nothing. */
  release(commandId: string): void {
    this.db.prepare('DELETE FROM claim WHERE command_id = ? AND confirmed = 0').run(commandId);
  }

  /** The identifier may be claimed anew. */
  free(namespace: string, value: string): void {
    this.db.prepare('DELETE FROM claim WHERE token = ?').run(this.blind(namespace, value));
  }

  // ── Rotation ──

  /** The epochs of key-encryption keys that keys here are wrapped with. */
  epochsInUse(): number[] {
    this.flush();
    const rows = this.db
      .prepare(
        'SELECT DISTINCT substr(wrapped, 1, 4) AS epoch FROM (SELECT wrapped FROM owner_key UNION ALL SELECT wrapped FROM vault_key) WHERE substr(wrapped, 1, 4) <> zeroblob(4)',
      )
      .all() as { epoch: Uint8Array }[];
    return rows.map((row) => Buffer.from(row.epoch).readUInt32BE(0)).sort((a, b) => a - b);
  }

  /**
   * Wraps every key anew with the current epoch, a thousand a transaction; may be interrupted and run again.
   * @param keys the key file as it is now, the epochs until now included; used from here on @returns how many
   */
  rotate(keys: KeyRing = this.keys): number {
    this.flush();
    this.keys = keys;
    let rotated = 0;
    const epoch = Buffer.alloc(4);
    epoch.writeUInt32BE(this.keys.current);
    const rewrap = (name: string, wrapped: Uint8Array) => wrap(this.keys, name, unwrap(this.keys, name, Buffer.from(wrapped)), this.random);
    for (const { name, wrapped } of this.db.prepare('SELECT name, wrapped FROM vault_key').all() as {
      name: string;
      wrapped: Uint8Array;
    }[]) {
      this.db.prepare('UPDATE vault_key SET wrapped = ? WHERE name = ?').run(rewrap(name, wrapped), name);
      rotated++;
    }
    const next = this.db.prepare(
      'SELECT n, owner, wrapped FROM owner_key WHERE n > ? AND substr(wrapped, 1, 4) NOT IN (?, zeroblob(4)) ORDER BY n LIMIT 1000',
    );
    const update = this.db.prepare('UPDATE owner_key SET wrapped = ? WHERE n = ?');
    for (let last = 0; ;) {
      const rows = next.all(last, epoch) as { n: number; owner: string; wrapped: Uint8Array }[];
      if (rows.length === 0) break;
      transaction(this.db, () => rows.forEach(({ n, owner, wrapped }) => update.run(rewrap(owner, wrapped), n)));
      rotated += rows.length;
      last = rows[rows.length - 1]!.n;
    }
    truncateWal(this.db);
    return rotated;
  }

  close(): void {
    this.flush();
    this.ownerKeys.clear();
    this.db.close();
  }

  private vaultKey(name: string): Buffer {
    const row = this.db.prepare('SELECT wrapped FROM vault_key WHERE name = ?').get(name) as { wrapped: Uint8Array } | undefined;
    if (row !== undefined) return unwrap(this.keys, name, Buffer.from(row.wrapped));
    const key = this.random(KEY_BYTES);
    this.db.prepare('INSERT INTO vault_key (name, wrapped) VALUES (?, ?)').run(name, wrap(this.keys, name, key, this.random));
    return key;
  }
}

const secretId = (n: number, tag: number) => `${n.toString(36)}.${tag.toString(36)}`;

function parseSecretId(id: string): { n: number; tag: number } {
  const [n = '', tag = ''] = id.split('.');
  return { n: parseInt(n, 36), tag: parseInt(tag, 36) };
}
