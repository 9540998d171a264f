/**
 * Links that carry ids, readable by nobody else: AES-256-GCM, the nonce derived from the ids, so that the same ids give
 * the same link (as in RFC 8452; two lists never share a nonce but by a collision of the MAC).
 */
import { decrypt, encrypt, mac, NONCE_BYTES } from './crypto';

const UUID_BYTES = 16;

export class Links {
  constructor(private readonly key: Buffer) {}

  /** @param kind what the link is for: one made for another purpose does not open @param ids UUIDs, a few */
  make(kind: string, ids: readonly string[]): string {
    const nonce = Buffer.from(mac(this.key, ['link', kind, ...ids], 'base64url'), 'base64url').subarray(0, NONCE_BYTES);
    return encrypt(this.key, nonce, kind, Buffer.from(ids.join('').replaceAll('-', ''), 'hex')).toString('base64url');
  }

  /** @returns the ids; undefined where it was not made here for this, or was changed */
  read(kind: string, link: string): readonly string[] | undefined {
    if (!/^[A-Za-z0-9_-]{20,200}$/.test(link)) return undefined;
    const bytes = decrypt(this.key, kind, Buffer.from(link, 'base64url'));
    if (bytes === undefined) return undefined;
    return Array.from({ length: bytes.length / UUID_BYTES }, (_, index) => uuid(bytes.subarray(index * UUID_BYTES).toString('hex')));
  }
}

const uuid = (hex: string) => [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
