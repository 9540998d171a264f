/** An access token for the service that a command acts as, by client credentials (RFC 6749 §4.4). */
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { EXIT, Stop } from './stop';

export interface Credentials {
  /** Undefined for the development identity provider of the server. */
  readonly issuer: string | undefined;
  readonly audience: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The development client for imports; elsewhere these are of the organization's own issuer. */
const DEVELOPMENT = { clientId: 'import', clientSecret: 'import-secret' };

/** @throws Stop where they are missing */
export function credentialsIn(env: NodeJS.ProcessEnv, issuer: string | undefined, audience: string): Credentials {
  const clientId = env['RAPPORT_CLIENT_ID'] || undefined;
  const clientSecret = env['RAPPORT_CLIENT_SECRET'] || undefined;
  if (clientId !== undefined && clientSecret !== undefined) return { issuer, audience, clientId, clientSecret };
  if (issuer === undefined && clientId === undefined && clientSecret === undefined) return { issuer, audience, ...DEVELOPMENT };
  throw new Stop(
    'Set RAPPORT_CLIENT_ID and RAPPORT_CLIENT_SECRET to the credentials of the service that imports, as your identity provider knows it.',
  );
}

/** Renewed that long before it expires, in milliseconds. */
const EARLY = 60_000;

export class TokenSource {
  private client: oidc.Configuration | undefined;
  private token: { readonly value: string; readonly until: number } | undefined;

  /** @param server its address, where the development identity provider is */
  constructor(
    private readonly credentials: Credentials,
    private readonly server: string,
  ) {}

  /** A token that is valid for a while. @throws Stop */
  async get(): Promise<string> {
    if (this.token !== undefined && Date.now() < this.token.until - EARLY) return this.token.value;
    try {
      this.client ??= await this.discover();
      const { audience } = this.credentials;
      const { access_token: value, expires_in: seconds = 300 } = await oidc.clientCredentialsGrant(this.client, { resource: audience });
      this.token = { value, until: Date.now() + seconds * 1000 };
      return value;
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** The next `get` asks for another one. */
  renew(): void {
    this.token = undefined;
  }

  /** The account that the token is of: what the service is registered with. */
  get account(): { readonly issuer: string; readonly client: string } {
    const { iss = '', sub = '' } = this.token === undefined ? {} : decodeJwt(this.token.value);
    return { issuer: iss, client: sub };
  }

  private async discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.credentials;
    if (issuer === undefined) {
      // Its issuer's address need not be the one it is reached at, so it cannot be discovered.
      const metadata = { issuer: `${this.server}/identity`, token_endpoint: `${this.server}/identity/token` };
      const client = new oidc.Configuration(metadata, clientId, undefined, oidc.ClientSecretBasic(clientSecret));
      oidc.allowInsecureRequests(client);
      return client;
    }
    const insecure = isLoopback(issuer) ? { execute: [oidc.allowInsecureRequests] } : {};
    const client = await oidc.discovery(new URL(issuer), clientId, undefined, oidc.ClientSecretBasic(clientSecret), insecure);
    const methods = client.serverMetadata().token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    if (methods.includes('client_secret_basic')) return client;
    return oidc.discovery(new URL(issuer), clientId, undefined, oidc.ClientSecretPost(clientSecret), insecure);
  }

  private explain(error: unknown): unknown {
    const { issuer, clientId } = this.credentials;
    const refused = error instanceof oidc.ResponseBodyError && ['invalid_client', 'unauthorized_client'].includes(error.error);
    if (refused || error instanceof oidc.WWWAuthenticateChallengeError) {
      return new Stop(`The identity provider does not accept the client ${clientId}. Check RAPPORT_CLIENT_ID and RAPPORT_CLIENT_SECRET.`);
    }
    if (error instanceof oidc.ResponseBodyError) return new Stop(`The identity provider gives no token (${error.error}).`);
    if (issuer === undefined && error instanceof oidc.ClientError) {
      return new Stop(
        `The server at ${this.server} has no development identity provider. Set OIDC_ISSUER, RAPPORT_CLIENT_ID and RAPPORT_CLIENT_SECRET as they are for it.`,
      );
    }
    if (error instanceof oidc.ClientError)
      return new Stop(`${issuer} is no OpenID Connect issuer, or not the one it says. Check OIDC_ISSUER.`);
    // fetch failed
    if (error instanceof TypeError) return new Stop(`The identity provider at ${issuer ?? this.server} does not answer.`, EXIT.broken);
    return error;
  }
}

/**
 * A token of the person for whom a command is run: RAPPORT_TOKEN; with the development identity provider that of a demo
 * person.
 *
 * @param server its address, where the development identity provider is
 * @throws Stop
 */
export async function personToken(env: NodeJS.ProcessEnv, issuer: string | undefined, server: string, demoPerson: string): Promise<string> {
  const given = env['RAPPORT_TOKEN'] || undefined;
  if (given !== undefined) return given;
  if (issuer !== undefined) throw new Stop('Set RAPPORT_TOKEN to an access token of the person for whom this is done.');
  const body = new URLSearchParams({ grant_type: 'urn:rapport:demo-person', client_id: 'demo', person: demoPerson });
  const answer = await fetch(`${server}/identity/token`, { method: 'POST', body }).catch(() => undefined);
  if (answer === undefined) throw new Stop(`The server at ${server} does not answer.`, EXIT.broken);
  if (!answer.ok)
    throw new Stop(`The server at ${server} has no development identity provider. Set OIDC_ISSUER as it is for it, and RAPPORT_TOKEN.`);
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** Whether an address is of this machine: only there may a secret go unencrypted. */
export function isLoopback(address: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(address).hostname);
}
