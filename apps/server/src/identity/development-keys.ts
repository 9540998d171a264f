/** The signing keys of the development identity provider, kept in a file so that tokens survive a restart. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from 'jose';

export const SIGNING_ALGORITHM = 'ES256';

export interface DevelopmentKeys {
  /** Private keys. */
  readonly jwks: { readonly keys: JWK[] };
  /** Secrets that sign the provider's cookies. */
  readonly cookieKeys: string[];
}

/**
 * Reads the keys, or makes them where there is no such file yet (mode 0600).
 * @throws Error where the file holds something else
 */
export async function developmentKeys(file: string): Promise<DevelopmentKeys> {
  const existing = read(file);
  if (existing !== undefined) return existing;
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const key = { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: SIGNING_ALGORITHM, use: 'sig' };
  const keys: DevelopmentKeys = { jwks: { keys: [key] }, cookieKeys: [randomBytes(32).toString('base64url')] };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // In one step, so that a start that is killed here leaves no half of a file behind.
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, JSON.stringify(keys), { mode: 0o600, flush: true });
  renameSync(beside, file);
  return keys;
}

/** The public half, for whoever verifies tokens. */
export function publicKeys({ jwks }: DevelopmentKeys): JSONWebKeySet {
  return { keys: jwks.keys.map(({ kty, crv, x, y, kid, alg, use }) => ({ kty, crv, x, y, kid, alg, use }) as JWK & { kty: string }) };
}

function read(file: string): DevelopmentKeys | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const keys = JSON.parse(text) as Partial<DevelopmentKeys>;
    if (keys.jwks?.keys.length && keys.cookieKeys?.length) return keys as DevelopmentKeys;
  } catch {
    // Told below, like any other content that is not ours.
  }
  throw new Error(`${file} does not hold the keys of the development identity provider. Delete it: new ones are made at the next start.`);
}
