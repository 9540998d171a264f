/** The configuration: read from the environment once. A wrong value stops the start with a message that names it. */
import { resolve } from 'node:path';

export interface Configuration {
  readonly port: number;
  readonly dataDir: string;
  readonly eventStoreUrl: string | undefined;
  /** The OpenID Connect issuer; undefined for the built-in development provider. */
  readonly issuer: string | undefined;
  readonly audience: string;
  /** The account of the first privacy officer, from the configuration; undefined where the history has one. */
  readonly privacyOfficer: { readonly issuer: string; readonly subject: string } | undefined;
  readonly production: boolean;
}

export class InvalidConfiguration extends Error {
  override readonly name = 'InvalidConfiguration';
  constructor(variable: string, way: string) {
    super(`${variable} ${way}`);
  }
}

/** @throws InvalidConfiguration naming the variable and what is expected */
export function readConfiguration(env: NodeJS.ProcessEnv): Configuration {
  const production = env['NODE_ENV'] === 'production';
  const port = env['PORT'] ?? '3000';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new InvalidConfiguration('PORT', 'is expected as a number from 0 to 65535.');
  const eventStoreUrl = env['EVENT_STORE_URL'] || undefined;
  if (eventStoreUrl !== undefined && !/^esdb(\+discover)?:\/\//.test(eventStoreUrl)) {
    throw new InvalidConfiguration('EVENT_STORE_URL', 'must begin with esdb:// or esdb+discover://; leave it out for the embedded store.');
  }
  const issuer = env['OIDC_ISSUER'] || undefined;
  if (issuer === undefined && production)
    throw new InvalidConfiguration('OIDC_ISSUER', 'must name your OpenID Connect issuer in production.');
  const officer = env['RAPPORT_PRIVACY_OFFICER'] || undefined;
  const [officerIssuer, subject, ...rest] = officer?.split(' ') ?? [];
  if (officer !== undefined && (!officerIssuer || !subject || rest.length > 0)) {
    throw new InvalidConfiguration('RAPPORT_PRIVACY_OFFICER', 'is expected as "<issuer> <subject>" of the first privacy officer.');
  }
  return {
    port: Number(port),
    dataDir: resolve(env['DATA_DIR'] || './data'),
    eventStoreUrl,
    issuer,
    audience: env['OIDC_AUDIENCE'] || 'urn:rapport:api',
    privacyOfficer: officerIssuer && subject ? { issuer: officerIssuer, subject } : undefined,
    production,
  };
}
