/**
 * An OpenID Connect provider for development and demonstrations: people who do not exist, no passwords.
 * It signs real tokens, so that the server verifies them as it would any issuer's; it refuses to run in production.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import type { ClientMetadata, Configuration, KoaContextWithOIDC, ResourceServer } from 'oidc-provider';
import { Provider } from 'oidc-provider/lib/provider.js';
import { developmentKeys, publicKeys, SIGNING_ALGORITHM, type DevelopmentKeys } from './development-keys';
import { loginPage, logoutPage, messagePage, PAGE_HEADERS } from './development-pages';
import { DEMO_PEOPLE, DEMO_SERVICES, secretOf, type DemoPerson } from './development-people';
import { memoryAdapter } from './development-store';

/** The audience of Rapport's access tokens. */
export const AUDIENCE = 'urn:rapport:api';
/** A token for a demo person with one request: `grant_type=urn:rapport:demo-person&client_id=demo&person=sam`. */
export const DEMO_PERSON_GRANT = 'urn:rapport:demo-person';

export interface DevelopmentProviderOptions {
  /** Where it is reached, path included, without a slash at the end: `http://localhost:3000/identity`. */
  readonly issuer: string;
  /** File for the signing keys; made with mode 0600 where there is none. */
  readonly keysFile: string;
  /** Default: that of the process. */
  readonly environment?: string | undefined;
  readonly clock?: () => Date;
}

export interface DevelopmentProvider {
  readonly issuer: string;
  /** The public keys its tokens are verified with. */
  readonly jwks: JSONWebKeySet;
  readonly people: readonly DemoPerson[];
  /** Answers a request whose path begins with the issuer's. The body must not have been read. */
  handle(request: IncomingMessage, response: ServerResponse): void;
}

const HOUR = 3600;
const MAX_FORM_BYTES = 1024;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const API: ResourceServer = {
  audience: AUDIENCE,
  scope: '',
  accessTokenFormat: 'jwt',
  accessTokenTTL: HOUR,
  jwt: { sign: { alg: SIGNING_ALGORITHM } },
};

/** @throws Error in production, or where the keys' file holds something else */
export async function createDevelopmentProvider(options: DevelopmentProviderOptions): Promise<DevelopmentProvider> {
  const { issuer, keysFile, environment = process.env['NODE_ENV'], clock = () => new Date() } = options;
  if (environment === 'production') {
    throw new Error(
      'The development identity provider lets anybody be anybody and does not run in production. Set OIDC_ISSUER to your own.',
    );
  }
  const keys = await developmentKeys(keysFile);
  const path = new URL(issuer).pathname;
  const provider = new Provider(issuer, configuration(keys, path, clock));
  registerDemoGrant(provider);
  const callback = provider.callback();
  const hosts = [...LOOPBACK, new URL(issuer).hostname];

  return {
    issuer,
    jwks: publicKeys(keys),
    people: DEMO_PEOPLE,
    handle: (request: IncomingMessage & { originalUrl?: string }, response) => {
      const url = request.url ?? '/';
      // Another host name that resolves to this machine belongs to somebody else's page in the browser (DNS rebinding).
      if (!hosts.includes(hostnameOf(request))) return answer(response, 421, messagePage('Wrong host', [`Use ${issuer}.`]));
      if (url.startsWith(`${path}/interaction/`)) return void interact(provider, url, request, response);
      request.originalUrl = url;
      request.url = url.slice(path.length) || '/';
      void callback(request, response);
    },
  };
}

/**
 * Mounts the provider under its issuer's path, its bodies left to it. To be called before the server is ready.
 */
export function mountDevelopmentProvider(fastify: FastifyInstance, provider: DevelopmentProvider): void {
  void fastify.register(
    async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      scope.all('/*', (request, reply) => {
        reply.hijack();
        provider.handle(request.raw, reply.raw);
      });
    },
    { prefix: new URL(provider.issuer).pathname },
  );
}

function configuration(keys: DevelopmentKeys, path: string, clock: () => Date): Configuration {
  return {
    adapter: memoryAdapter(clock),
    clients: clients(),
    // Copied: the provider adds to what it is given.
    jwks: structuredClone(keys.jwks) as Configuration['jwks'],
    cookies: { keys: keys.cookieKeys },
    claims: { openid: ['sub'], profile: ['name'] },
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    clientDefaults: { id_token_signed_response_alg: SIGNING_ALGORITHM },
    enabledJWA: { idTokenSigningAlgValues: [SIGNING_ALGORITHM] },
    ttl: { AccessToken: HOUR, ClientCredentials: HOUR, IdToken: HOUR, Interaction: HOUR, Session: 12 * HOUR, Grant: 12 * HOUR },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // So that a client need not name the one resource there is.
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => API,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => show(context, logoutPage(form)),
        postLogoutSuccessSource: (context) => show(context, messagePage('Signed out', ['You can close this page.'])),
      },
    },
    interactions: { url: (_context, interaction) => `${path}/interaction/${interaction.uid}` },
    clientBasedCORS: (_context, origin, client) => client.clientId === 'portal' && isLoopback(origin),
    findAccount: (_context, subject) => {
      const person = personNamed(subject);
      return person && { accountId: person.subject, claims: async () => ({ sub: person.subject, name: person.name }) };
    },
    // Signing in is the only question: the one client there is may know what it asks for.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client?.clientId, accountId: oidc.session?.accountId });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
    renderError: (context, out) => show(context, messagePage('That did not work', [out.error, out.error_description ?? ''])),
  };
}

function clients(): ClientMetadata[] {
  const callbacks = (path: string) => ['localhost', '127.0.0.1'].map((host) => `http://${host}${path}`);
  return [
    {
      client_id: 'portal',
      client_name: 'Rapport',
      // Native, because only these may come back to any port of this machine (RFC 8252 §7.3).
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      redirect_uris: callbacks('/callback'),
      post_logout_redirect_uris: callbacks('/'),
    },
    {
      client_id: 'demo',
      token_endpoint_auth_method: 'none',
      grant_types: [DEMO_PERSON_GRANT],
      response_types: [],
      redirect_uris: [],
    },
    ...DEMO_SERVICES.map((service): ClientMetadata => ({
      client_id: service,
      client_secret: secretOf(service),
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    })),
  ];
}

function registerDemoGrant(provider: Provider): void {
  provider.registerGrantType<{ person?: string }>(
    DEMO_PERSON_GRANT,
    async (context) => {
      const { client, params } = context.oidc;
      const person = personNamed(params.person);
      if (person === undefined) {
        context.status = 400;
        context.body = {
          error: 'invalid_grant',
          error_description: `person is one of ${DEMO_PEOPLE.map(({ subject }) => subject).join(', ')}`,
        };
        return;
      }
      const grant = new provider.Grant({ clientId: client.clientId, accountId: person.subject });
      const token = new provider.AccessToken({
        client,
        accountId: person.subject,
        grantId: await grant.save(),
        gty: DEMO_PERSON_GRANT,
        resourceServer: new provider.ResourceServer(AUDIENCE, API),
        scope: '',
      });
      const value = await token.save();
      context.body = { access_token: value, expires_in: token.expiration, token_type: token.tokenType };
    },
    ['person'],
  );
}

/** The page with the demo people, and the choice that was made on it. */
async function interact(provider: Provider, url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await provider.interactionDetails(request, response);
    if (request.method !== 'POST') return answer(response, 200, loginPage(DEMO_PEOPLE, url));
    const person = personNamed(new URLSearchParams(await formOf(request)).get('person'));
    if (person === undefined) return answer(response, 400, messagePage('Nobody', ['Go back and choose one of the people.']));
    await provider.interactionFinished(request, response, { login: { accountId: person.subject }, consent: {} });
  } catch {
    answer(response, 400, messagePage('Too late', ['This sign-in is over. Start again where you came from.']));
  }
}

async function formOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_FORM_BYTES) throw new Error('The form is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function personNamed(subject: string | null | undefined): DemoPerson | undefined {
  return DEMO_PEOPLE.find((person) => person.subject === subject);
}

function hostnameOf(request: IncomingMessage): string {
  return URL.canParse(`http://${request.headers.host}`) ? new URL(`http://${request.headers.host}`).hostname : '';
}

function isLoopback(origin: string): boolean {
  return URL.canParse(origin) && LOOPBACK.includes(new URL(origin).hostname);
}

function show(context: KoaContextWithOIDC, html: string): void {
  context.set({ ...PAGE_HEADERS });
  context.body = html;
}

function answer(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, PAGE_HEADERS).end(html);
}
