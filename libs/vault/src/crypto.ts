import { createCipheriv, createDecipheriv, createHmac, randomFillSync } from 'node:crypto';
import { KeyLost } from './errors';
import type { KeyRing } from './key-file';

export type Random = (bytes: number) => Buffer;

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
const EPOCH_BYTES = 4;
/** Epoch, nonce, wrapped key, tag: always as long, so that a row is overwritten in place. */
export const WRAPPED_BYTES = EPOCH_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/** Random bytes from the system, fetched some at a time: asking for 12 bytes costs as much as asking for 4,096. */
export function pooledRandom(): Random {
  const pool = Buffer.alloc(4096);
  let used = pool.length;
  return (bytes) => {
    if (bytes > pool.length) return randomFillSync(Buffer.alloc(bytes));
    if (used + bytes > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const taken = Buffer.from(pool.subarray(used, used + bytes));
    pool.fill(0, used, used + bytes);
    used += bytes;
    return taken;
  };
}

/** AES-256-GCM. @returns nonce ‖ ciphertext ‖ tag */
export function encrypt(key: Buffer, nonce: Buffer, aad: string, plain: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(aad));
  const body = cipher.update(plain);
  cipher.final();
  return Buffer.concat([nonce, body, cipher.getAuthTag()]);
}

/** The opposite of `encrypt`. @returns undefined where key, AAD or bytes are not those it was made with */
export function decrypt(key: Buffer, aad: string, sealed: Buffer): Buffer | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    return undefined;
  }
}

/** Key material that was destroyed: overwritten with zeros. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Wraps a key with the current key-encryption key; bound to its name and the epoch. @returns WRAPPED_BYTES bytes */
export function wrap(ring: KeyRing, name: string, key: Buffer, random: Random): Buffer {
  const epoch = Buffer.alloc(EPOCH_BYTES);
  epoch.writeUInt32BE(ring.current);
  return Buffer.concat([epoch, encrypt(keyOf(ring, ring.current, name), random(NONCE_BYTES), `${name}/${ring.current}`, key)]);
}

/** @throws KeyLost where the ring lacks the epoch, or its key is not the one it was wrapped with */
export function unwrap(ring: KeyRing, name: string, wrapped: Buffer): Buffer {
  const epoch = wrapped.readUInt32BE(0);
  const key = decrypt(keyOf(ring, epoch, name), `${name}/${epoch}`, wrapped.subarray(EPOCH_BYTES));
  if (!key) throw new KeyLost(`The key of ${name} does not open with epoch ${epoch} of the key file`);
  return key;
}

function keyOf(ring: KeyRing, epoch: number, name: string): Buffer {
  const key = ring.get(epoch);
  if (!key) throw new KeyLost(`The key file lacks epoch ${epoch}, with which the key of ${name} is wrapped`);
  return key;
}

/**
 * HKDF with SHA-256 (RFC 5869), for one block of output: extract, then the first round of expand.
 * Node's own hkdfSync takes more than twice as long.
 *
 * @param length of the output in bytes, 32 at most
 */
export function hkdf(keyMaterial: Buffer, salt: Buffer, info: Buffer, length = KEY_BYTES): Buffer {
  if (length > 32) throw new RangeError('This HKDF gives 32 bytes at most.');
  const extracted = createHmac('sha256', salt).update(keyMaterial).digest();
  const expanded = createHmac('sha256', extracted).update(info).update(FIRST_ROUND).digest();
  extracted.fill(0);
  return expanded.subarray(0, length);
}
const FIRST_ROUND = Buffer.from([1]);

/**
 * HMAC-SHA256 over the parts, each with its length in bytes in front: two lists that differ never give the same input.
 * One text and one update, because each call into the cipher library costs more than the hash of a short text.
 */
export function mac(key: Buffer, parts: readonly string[], encoding: 'hex' | 'base64url'): string {
  let text = '';
  for (const part of parts) text += `${Buffer.byteLength(part)}:${part}`;
  return createHmac('sha256', key).update(text).digest(encoding);
}

/** `length` bytes of AES-256-CTR key stream, from the start. */
export function keyStream(key: Buffer, length: number): Buffer {
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
