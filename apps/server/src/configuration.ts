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
  /** Whether an empty store is begun with people who do not exist; only with the development provider. */
  readonly demonstration: boolean;
}

export class InvalidConfiguration extends Error {
  override readonly name = 'InvalidConfiguration';
  constructor(variable: string, way: string) {
    super(`${variable} ${way}`);
  }
}

const ENVIRONMENTS = ['production', 'development', 'test'];

/**
 * @param env the environment's variables; an empty one counts as not set
 * @throws InvalidConfiguration naming the variable and what is expected
 */
export function readConfiguration(env: NodeJS.ProcessEnv): Configuration {
  const given = (name: string) => env[name]?.trim() || undefined;

  const environment = given('NODE_ENV') ?? 'development';
  if (!ENVIRONMENTS.includes(environment)) {
    throw new InvalidConfiguration('NODE_ENV', `is expected as ${listed(ENVIRONMENTS)}; left out, it is development.`);
  }
  const production = environment === 'production';

  const port = given('PORT') ?? '3000';
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw new InvalidConfiguration('PORT', 'is expected as a number from 1 to 65535; left out, it is 3000.');
  }
  const eventStoreUrl = given('EVENT_STORE_URL');
  if (eventStoreUrl !== undefined && !/^esdb(\+discover)?:\/\/[^/\s]/.test(eventStoreUrl)) {
    throw new InvalidConfiguration(
      'EVENT_STORE_URL',
      'is expected as esdb://host:port or esdb+discover://host:port; leave it out for the embedded store.',
    );
  }
  const issuer = given('OIDC_ISSUER');
  if (issuer === undefined && production) {
    throw new InvalidConfiguration('OIDC_ISSUER', 'must name your OpenID Connect issuer in production.');
  }
  if (issuer !== undefined && !isIssuer(issuer)) {
    throw new InvalidConfiguration(
      'OIDC_ISSUER',
      'is expected as the address of your OpenID Connect issuer: https://, without query or fragment (http:// for localhost only).',
    );
  }
  const [officerIssuer, subject, ...rest] = given('RAPPORT_PRIVACY_OFFICER')?.split(/\s+/) ?? [];
  if (officerIssuer !== undefined && (subject === undefined || rest.length > 0)) {
    throw new InvalidConfiguration(
      'RAPPORT_PRIVACY_OFFICER',
      'is expected as "<issuer> <subject>": the iss and the sub of the first privacy officer’s tokens.',
    );
  }
  const demo = given('DEMO');
  if (demo !== undefined && demo !== 'on' && demo !== 'off') {
    throw new InvalidConfiguration('DEMO', 'is expected as on or off; left out, an empty store for development gets a demonstration.');
  }
  if (demo === 'on' && issuer !== undefined) {
    throw new InvalidConfiguration('DEMO', 'works with the development identity provider only: leave it out, or OIDC_ISSUER.');
  }
  return {
    port: Number(port),
    dataDir: resolve(given('DATA_DIR') ?? './data'),
    eventStoreUrl,
    issuer,
    audience: given('OIDC_AUDIENCE') ?? 'urn:rapport:api',
    privacyOfficer: officerIssuer !== undefined && subject !== undefined ? { issuer: officerIssuer, subject } : undefined,
    production,
    demonstration: issuer === undefined && (demo ?? (environment === 'development' ? 'on' : 'off')) === 'on',
  };
}

const listed = (words: readonly string[]) => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** OpenID Connect Discovery 1.0 §3; plain http only where it does not leave this machine. */
function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash } = new URL(text);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (protocol === 'https:' || (protocol === 'http:' && local)) && search === '' && hash === '';
}
