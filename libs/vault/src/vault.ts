/**
 * The vault: whoever's key it destroys is erased, whatever copies of the events there are.
 *
 * A personal value is sealed with AES-256-GCM under HKDF(owner's key, secret). Each (event, owner, category) has a
 * secret of its own, so that one value, one category of a record, or a person can each be destroyed.
 * Synchronous, on one connection: it is asked between two steps of a command.
 */
import { hash } from 'node:crypto';
import { ERASED, type Erased, type Sealed } from '@rapport/kernel/events';
import { LRUCache } from 'lru-cache';
import { Claims } from './claims';
import { decrypt, encrypt, hkdf, isZero, KEY_BYTES, mac, NONCE_BYTES, pooledRandom, unwrap, wrap, type Random } from './crypto';
import { Database } from './database';
import { KeyLost, OwnerFenced, OwnerNotFenced, SealBroken, UnknownOwner } from './errors';
import { Links } from './links';
import type { KeyRing } from './key-file';
import { epochsInUse, rewrapAll } from './rotation';
import { Secrets, type Secret, type SecretUse } from './secrets';

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

/** Which secrets to destroy: those that match all that is given. */
export type SecretFilter = Partial<SecretUse>;

interface Owner {
  readonly n: number;
  readonly status: OwnerStatus;
}

const SEAL = Buffer.from('rapport seal v1');
const CACHED_OWNERS = 10_000;
/** So many that rows of one owner or record meet in one page when they are written; a pause of some milliseconds now and then. */
const RESERVE = 2_048;

export class Vault {
  /** Identifiers that only one stream may hold. */
  readonly claims: Claims;
  private readonly random: Random;
  private readonly commandKey: Buffer;
  private keys: KeyRing;
  private readonly owners = new LRUCache<string, Owner>({ max: 100_000 });
  private readonly ownerKeys: LRUCache<string, Buffer>;
  private readonly purging: NodeJS.Timeout;
  private readonly secrets: Secrets;
  /** Links that carry ids, for people who are not signed in. */
  readonly links: Links;

  /** @throws VaultInUse; KeyLost where the keys are not those it was made with */
  constructor(
    private readonly options: VaultOptions,
    private readonly db = new Database(options.file),
  ) {
    this.random = options.random ?? pooledRandom();
    this.keys = options.keys;
    try {
      this.commandKey = this.vaultKey('command');
      this.claims = new Claims(this.db, this.vaultKey('blind'));
      this.secrets = new Secrets(this.db, { keys: () => this.keys, random: this.random, reserve: options.reserve ?? RESERVE });
      this.links = new Links(this.vaultKey('link'));
    } catch (error) {
      this.db.close();
      throw error;
    }
    const ttl = options.ownerKeyLife ?? 60_000;
    this.ownerKeys = new LRUCache({ max: CACHED_OWNERS, ttl, dispose: (key) => key.fill(0) });
    // The cache looks at a key's age only when it is asked for.
    this.purging = setInterval(() => this.ownerKeys.purgeStale(), ttl).unref();
  }

  private vaultKey(name: string): Buffer {
    const row = this.db.get<{ wrapped: Uint8Array }>('SELECT wrapped FROM vault_key WHERE name = ?', name);
    if (row !== undefined) return unwrap(this.keys, name, Buffer.from(row.wrapped));
    const key = this.random(KEY_BYTES);
    const wrapped = wrap(this.keys, name, key, this.random);
    this.db.transaction(() => this.db.run('INSERT INTO vault_key (name, wrapped) VALUES (?, ?)', name, wrapped));
    return key;
  }

  // ── Owners ──

  ownerStatus(id: string): OwnerStatus {
    return this.ownerOf(id)?.status ?? 'unknown';
  }

  /** Makes the key of a person, organization or record, durable with `durable`. Nothing happens where there is one. @throws VaultUnavailable */
  createOwner(id: string): void {
    if (this.ownerOf(id) !== undefined) return;
    const key = this.random(KEY_BYTES);
    const n = this.db.soon(() => {
      const next = (this.db.get<{ n: number | null }>('SELECT max(n) AS n FROM owner_key')!.n ?? 0) + 1;
      const wrapped = wrap(this.keys, id, key, this.random);
      this.db.run('INSERT INTO owner_key (n, owner, wrapped) VALUES (?, ?, ?)', next, id, wrapped);
      this.db.run("INSERT INTO owner (id, n, status) VALUES (?, ?, 'live')", id, next);
      return next;
    });
    this.owners.set(id, { n, status: 'live' });
    this.ownerKeys.set(id, key);
  }

  private ownerOf(id: string): Owner | undefined {
    const known = this.owners.get(id);
    if (known !== undefined) return known;
    const row = this.db.get<Owner>('SELECT n, status FROM owner WHERE id = ?', id);
    if (row !== undefined) this.owners.set(id, row);
    return row;
  }

  private keyOf(id: string, { n }: Owner): Buffer {
    const known = this.ownerKeys.get(id);
    if (known !== undefined) return known;
    const row = this.db.get<{ wrapped: Uint8Array }>('SELECT wrapped FROM owner_key WHERE n = ?', n);
    if (row === undefined || isZero(row.wrapped)) throw new KeyLost(`The key of ${id} is missing`);
    const key = unwrap(this.keys, id, Buffer.from(row.wrapped));
    this.ownerKeys.set(id, key);
    return key;
  }

  // ── Sealing and opening ──

  /**
   * Seals the personal values of one event: one secret for each owner and category in it.
   * @returns the fields by name @throws UnknownOwner, OwnerFenced, VaultNotSwept, VaultUnavailable
   */
  sealFields(stream: string, event: string, fields: readonly FieldToSeal[]): Map<string, Sealed> {
    // Whose key is not there is known before the first secret is taken.
    const owners = fields.map(({ owner }) => this.liveOwner(owner));
    const used: { readonly owner: string; readonly category: string; readonly secret: string; readonly key: Buffer }[] = [];
    const sealed = new Map<string, Sealed>();
    fields.forEach(({ field, owner, category, value }, index) => {
      let entry = used.find((each) => each.owner === owner && each.category === category);
      if (entry === undefined) {
        const known = owners[index]!;
        const ownerKey = this.keyOf(owner, known);
        const { id, bytes } = this.secrets.take(known.n, stream, event, category);
        entry = { owner, category, secret: id, key: hkdf(ownerKey, bytes, SEAL) };
        used.push(entry);
      }
      const bytes = encrypt(entry.key, this.random(NONCE_BYTES), `${event}/${field}`, Buffer.from(JSON.stringify(value)));
      sealed.set(field, { $sealed: 1, owner, category, secret: entry.secret, value: bytes.toString('base64url') });
    });
    for (const { key } of used) key.fill(0);
    return sealed;
  }

  private liveOwner(id: string): Owner {
    const owner = this.ownerOf(id);
    if (owner === undefined) throw new UnknownOwner(id);
    if (owner.status !== 'live') throw new OwnerFenced(id);
    return owner;
  }

  /**
   * Opens a sealed value.
   * @returns the value, or `ERASED` where its owner's key or its secret was destroyed
   * @throws KeyLost where either is missing and no tombstone says why; SealBroken where the value was changed or moved
   */
  open<T>(sealed: Sealed<T>): T | Erased {
    const { at, owner: id, category, value } = sealed;
    if (at === undefined) throw new SealBroken('an unknown place');
    const owner = this.ownerOf(id);
    if (owner === undefined) throw new KeyLost(`The key of ${id} is missing`);
    if (owner.status === 'destroyed') return ERASED;
    const secret = this.secrets.find(sealed.secret);
    // Where it was destroyed, nothing else can tell that the secret is this value's; its category decides who may see it.
    if (secret?.owner !== owner.n || secret.category !== category || !at.startsWith(`${secret.event}/`)) throw new SealBroken(at);
    if (isZero(secret.bytes)) {
      if (!this.hasTombstone(id, secret)) throw new KeyLost(`The secret ${sealed.secret} was overwritten`);
      return ERASED;
    }
    const key = hkdf(this.keyOf(id, owner), secret.bytes, SEAL);
    const plain = decrypt(key, at, Buffer.from(value, 'base64url'));
    key.fill(0);
    if (plain === undefined) throw new SealBroken(at);
    return JSON.parse(plain.toString()) as T;
  }

  /**
   * Resolves when every key that was made and every identifier that was claimed so far is durable. To be awaited before
   * events that need them are appended.
   * @throws VaultUnavailable
   */
  durable(): Promise<void> {
    return this.db.durable();
  }

  // ── After a crash ──

  /** The store has answered with this position: what is sealed from now on stands behind it. */
  passed(position: string): void {
    this.secrets.passed(position);
  }

  /**
   * What a crash left behind: events behind `after` may use secrets that have no row yet. Until `sweep`, nothing is
   * sealed or destroyed. @returns undefined where there is nothing to sweep
   */
  get unswept(): { readonly after: string } | undefined {
    return this.secrets.unswept;
  }

  /**
   * Makes rows of the secrets that events use, and destroys the rest.
   * @param uses of every event behind `unswept.after`, in any order; more does no harm
   */
  sweep(uses: Iterable<SecretUse & { readonly secret: string }>): void {
    const known: (Omit<Secret, 'bytes'> & { readonly secret: string })[] = [];
    for (const { owner: id, ...use } of uses) {
      const owner = this.ownerOf(id);
      // Of somebody who was destroyed nothing comes back.
      if (owner !== undefined && owner.status !== 'destroyed') known.push({ ...use, owner: owner.n });
    }
    this.secrets.sweep(known);
    this.db.truncateWal();
  }

  // ── Erasure (GDPR Art. 17) ──

  /** Nothing more can be sealed for this owner; durable when this returns. @throws UnknownOwner, VaultUnavailable */
  fence(id: string): void {
    const owner = this.ownerOf(id);
    if (owner === undefined) throw new UnknownOwner(id);
    if (owner.status !== 'live') return;
    this.db.transaction(() => this.db.run("UPDATE owner SET status = 'fenced' WHERE id = ?", id));
    this.owners.set(id, { ...owner, status: 'fenced' });
    this.ownerKeys.delete(id);
  }

  /**
   * Destroys an owner's key, and with it every value sealed for them; purges the identifiers they claimed. May be
   * interrupted, and run again.
   * @param tombstone id of the event that says so
   * @throws OwnerNotFenced, UnknownOwner, VaultNotSwept, VaultUnavailable; CheckpointBusy: destroyed, but run it again
   */
  destroyOwner(id: string, tombstone: string): void {
    const owner = this.ownerOf(id);
    if (owner === undefined) throw new UnknownOwner(id);
    if (owner.status === 'live') throw new OwnerNotFenced(id);
    this.secrets.flush();
    this.db.transaction(() => {
      this.db.run('UPDATE owner_key SET wrapped = zeroblob(length(wrapped)) WHERE n = ?', owner.n);
      this.db.run('UPDATE secret SET bytes = zeroblob(length(bytes)) WHERE owner = ?', owner.n);
      this.db.run("UPDATE owner SET status = 'destroyed' WHERE id = ?", id);
      this.db.run('DELETE FROM claim WHERE owner = ?', id);
      this.addTombstone(tombstone, 'owner', { owner: id });
    });
    this.owners.set(id, { ...owner, status: 'destroyed' });
    this.ownerKeys.delete(id);
    this.db.truncateWal();
  }

  /**
   * Destroys secrets: one value, one event, one category of a record. May be interrupted, and run again.
   * @param filter at least an owner, a stream or an event
   * @param tombstone id of the event that says so
   * @returns how many @throws VaultNotSwept, VaultUnavailable; CheckpointBusy: destroyed, but run it again
   */
  destroySecrets(filter: SecretFilter, tombstone: string): number {
    const { owner, ...rest } = filter;
    if ([owner, rest.stream, rest.event].every((given) => !given))
      throw new RangeError('Say whose secrets to destroy, or of which record.');
    const named = Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined);
    this.secrets.flush();
    const conditions = [
      ...named.map(([column]) => `${column} = ?`),
      ...(owner === undefined ? [] : ['owner = (SELECT n FROM owner WHERE id = ?)']),
    ];
    const values = [...named.map(([, value]) => value), ...(owner === undefined ? [] : [owner])];
    const destroyed = this.db.transaction(() => {
      this.addTombstone(tombstone, 'secrets', filter);
      return this.db.run(`UPDATE secret SET bytes = zeroblob(length(bytes)) WHERE ${conditions.join(' AND ')}`, ...values);
    });
    this.db.truncateWal();
    return destroyed;
  }

  private addTombstone(event: string, kind: string, { owner = '', stream = '', event: of = '', category = '' }: SecretFilter): void {
    const at = this.options.clock().toISOString();
    this.db.run(
      'INSERT OR IGNORE INTO tombstone (event, kind, owner, stream, of_event, category, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[event, kind, owner, stream, of, category, at],
    );
  }

  /** Whether a tombstone says that this secret was destroyed. */
  private hasTombstone(owner: string, { stream, event, category }: Secret): boolean {
    const row = this.db.get(
      `SELECT 1 FROM tombstone WHERE (owner = ? OR stream = ? OR of_event = ?)
       AND owner IN ('', ?) AND stream IN ('', ?) AND of_event IN ('', ?) AND category IN ('', ?)`,
      ...[owner, stream, event, owner, stream, event, category],
    );
    return row !== undefined;
  }

  // ── Identifiers ──

  /** HMAC-SHA256 over the parts, each with its length in front; hexadecimal. What makes a command the same command again. */
  commandId(parts: readonly string[]): string {
    return mac(this.commandKey, ['command', ...parts], 'hex');
  }

  /** A keyed digest of a command's body. */
  digest(canonicalJson: string): string {
    return mac(this.commandKey, ['body', canonicalJson], 'base64url');
  }

  /**
   * A UUIDv8 (RFC 9562 §5.8) that follows from a command and a label: the same again and again, and not to be guessed by
   * whoever does not have the command's id, which is keyed already; so a plain hash does.
   */
  uuid(commandId: string, label: string): string {
    const hex = hash('sha256', `${commandId} ${label}`, 'hex');
    const variant = '89ab'[parseInt(hex[16]!, 16) & 3]!;
    // Joined, it is one text; a template would keep its parts, and these ids are kept for long.
    return [hex.slice(0, 8), hex.slice(8, 12), '8' + hex.slice(13, 16), variant + hex.slice(17, 20), hex.slice(20, 32)].join('-');
  }

  // ── Rotation ──

  /** The epochs of key-encryption keys that keys here are wrapped with, ascending: none of them may be dropped. */
  epochsInUse(): number[] {
    return epochsInUse(this.db);
  }

  /**
   * Wraps every key anew with the current epoch; may be interrupted and run again.
   * @param keys the key file as it is now, the epochs until now included; used from here on
   * @returns how many @throws VaultNotSwept, VaultUnavailable, KeyLost
   */
  rotate(keys = this.keys): number {
    this.secrets.flush();
    this.keys = keys;
    return rewrapAll(this.db, keys, this.random);
  }

  close(): void {
    clearInterval(this.purging);
    try {
      if (this.unswept === undefined) this.secrets.flush();
      this.claims.flush();
    } finally {
      this.ownerKeys.clear();
      this.db.close();
    }
  }
}
