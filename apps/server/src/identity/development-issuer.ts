/** The address of the development identity provider, which stays the same for one store. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * People and services are bound to accounts by issuer and subject. So the address at which a store was first served
 * stays its issuer, also where it is served at another port later: by PORT, or by a command that serves it for a while.
 *
 * @param dataDir made before
 * @param address the issuer where there is none yet
 */
export function developmentIssuer(dataDir: string, address: string): string {
  const file = join(dataDir, 'development-issuer');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  writeFileSync(file, `${address}\n`);
  return address;
}
