/**
 * Access tokens of any OpenID Connect issuer, verified offline (RFC 9068, RFC 8725). A token says who somebody is
 * and nothing else: what they may do comes from events.
 */
import { hash } from 'node:crypto';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { LRUCache } from 'lru-cache';

/** Who sent a request, as the identity provider says. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  /** The client the token was issued to. */
  readonly clientId?: string;
  /** True for a service that signed in by itself (client credentials): then the subject is the client. */
  readonly service: boolean;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export type UnauthenticatedCode =
  'missing' | 'malformed' | 'expired' | 'not-yet-valid' | 'wrong-audience' | 'wrong-issuer' | 'bad-signature' | 'wrong-algorithm';

/** The request has no valid token: answered 401. `detail` never holds any part of the token. */
export class Unauthenticated extends Error {
  override readonly name = 'Unauthenticated';
  constructor(
    readonly code: UnauthenticatedCode,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/** The issuer's keys cannot be had, so no token can be judged: answered 503. */
export class IdentityProviderUnavailable extends Error {
  override readonly name = 'IdentityProviderUnavailable';
}

export interface TokenVerifierOptions {
  /** As in the tokens' `iss`, exactly. */
  readonly issuer: string;
  /** Must be among the tokens' `aud`. */
  readonly audience: string;
  /** The issuer's public keys; left out, they are found by OpenID Connect Discovery and fetched when needed. */
  readonly jwks?: JSONWebKeySet;
  readonly clock?: () => Date;
  /** How long a verified token is not verified again, in seconds; never beyond its expiry. Default 60. */
  readonly cacheSeconds?: number;
}

/** @throws Unauthenticated, IdentityProviderUnavailable */
export type TokenVerifier = (authorization: string | undefined) => Promise<Identity>;

/** Asymmetric only: with `none` or a shared secret anybody who knows the public key could sign. */
const ALGORITHMS = ['ES256', 'EdDSA', 'RS256', 'PS256'];
const TYPES = ['at+jwt', 'application/at+jwt', 'jwt'];
const LEEWAY_SECONDS = 5;
const MAX_TOKEN_LENGTH = 8192;
const REMEMBERED = 10_000;
const DISCOVERY_TIMEOUT_MS = 5_000;
const BEARER = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/i;

interface Remembered {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/**
 * Makes a verifier of `Authorization` headers. A token that was verified is remembered by its SHA-256, so that
 * the next request with it costs one hash; refused ones are not remembered.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer, audience, jwks, clock = () => new Date(), cacheSeconds = 60 } = options;
  const remembered = new LRUCache<string, Remembered>({ max: REMEMBERED });
  const keys = jwks === undefined ? discoveredKeys(issuer) : async () => createLocalJWKSet(jwks);
  let ready: JWTVerifyGetKey | undefined;

  async function verify(token: string, digest: string, now: Date): Promise<Identity> {
    checkWhatNeedsNoKey(token, issuer);
    ready ??= await keys();
    const payload = await verifySignatureAndClaims(token, ready, { issuer, audience, now });
    const identity = identityOf(payload, issuer);
    const until = Math.min(identity.expiresAt * 1000, now.getTime() + cacheSeconds * 1000);
    remembered.set(digest, { identity, until });
    return identity;
  }

  return (authorization) => {
    let token: string;
    try {
      token = bearerToken(authorization);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    const digest = hash('sha256', token, 'base64');
    const known = remembered.get(digest);
    const now = clock();
    if (known !== undefined && now.getTime() < known.until) return Promise.resolve(known.identity);
    return verify(token, digest, now);
  };
}

function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') {
    throw new Unauthenticated('missing', 'An access token is needed: send it as "Authorization: Bearer …".');
  }
  const token = authorization.length <= MAX_TOKEN_LENGTH ? BEARER.exec(authorization)?.[1] : undefined;
  if (token === undefined) {
    throw new Unauthenticated(
      'malformed',
      'The Authorization header is not "Bearer" and one signed token (JWT). Send the token as it was issued.',
    );
  }
  return token;
}

/** Refuses early, with the clearest reason, and spares asking a foreign issuer's keys. Trusts nothing: all else is checked after. */
function checkWhatNeedsNoKey(token: string, issuer: string): void {
  let header: ReturnType<typeof decodeProtectedHeader>;
  let claims: JWTPayload;
  try {
    header = decodeProtectedHeader(token);
    claims = decodeJwt(token);
  } catch {
    throw new Unauthenticated('malformed', 'The token is not a JWT. Send the access token as it was issued.');
  }
  if (header.alg === undefined || !ALGORITHMS.includes(header.alg)) {
    throw new Unauthenticated('wrong-algorithm', `The token is not signed with one of ${ALGORITHMS.join(', ')}.`);
  }
  if (!TYPES.includes(String(header.typ).toLowerCase())) {
    throw new Unauthenticated('malformed', 'The token is not an access token: its type is neither at+jwt nor JWT.');
  }
  if (claims.iss !== issuer) {
    throw new Unauthenticated('wrong-issuer', `The token was not issued by ${issuer}. Get one from there.`);
  }
}

async function verifySignatureAndClaims(
  token: string,
  keys: JWTVerifyGetKey,
  expected: { issuer: string; audience: string; now: Date },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      issuer: expected.issuer,
      audience: expected.audience,
      clockTolerance: LEEWAY_SECONDS,
      currentDate: expected.now,
      requiredClaims: ['exp', 'sub'],
    });
    return payload;
  } catch (error) {
    throw reasonFor(error, expected.audience);
  }
}

function reasonFor(error: unknown, audience: string): Error {
  if (error instanceof errors.JWTExpired) return new Unauthenticated('expired', 'The token has expired. Get a new one.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return new Unauthenticated('wrong-audience', `The token is not meant for ${audience}. Ask for one that is.`);
    if (error.claim === 'nbf') return new Unauthenticated('not-yet-valid', 'The token is not valid yet. Compare the clocks.');
    return new Unauthenticated('malformed', 'The token lacks a claim that is needed, or has it in another form: iss, sub, aud and exp.');
  }
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return new Unauthenticated('bad-signature', 'The token is not signed with a key of its issuer. Get a new one.');
  }
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid || error instanceof errors.JOSENotSupported) {
    return new Unauthenticated('malformed', 'The token is not a JWT of a form that is understood. Send the access token as it was issued.');
  }
  return new IdentityProviderUnavailable(
    'The keys of the identity provider cannot be read. Try again; if it stays so, look at the provider.',
    {
      cause: error,
    },
  );
}

function identityOf(payload: JWTPayload, issuer: string): Identity {
  const { sub, exp, client_id: client, azp } = payload;
  if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number') {
    throw new Unauthenticated('malformed', 'The token names no subject, or no expiry.');
  }
  const clientId = [client, azp].find((each) => typeof each === 'string');
  return Object.freeze({
    issuer,
    subject: sub,
    ...(clientId === undefined ? {} : { clientId }),
    service: clientId === sub,
    expiresAt: exp,
  });
}

/** OpenID Connect Discovery 1.0 §4: asked once, and again after a failure. jose keeps the keys and fetches new ones. */
function discoveredKeys(issuer: string): () => Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  return async () => {
    let configuration: { issuer?: unknown; jwks_uri?: unknown };
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS) });
      if (!response.ok) throw new Error(`It answered ${response.status}.`);
      configuration = (await response.json()) as typeof configuration;
    } catch (cause) {
      throw new IdentityProviderUnavailable(`The identity provider does not answer at ${url}. Check OIDC_ISSUER, and that it runs.`, {
        cause,
      });
    }
    if (configuration.issuer !== issuer || typeof configuration.jwks_uri !== 'string') {
      throw new IdentityProviderUnavailable(`${url} describes another issuer than ${issuer}, or none. Check OIDC_ISSUER.`);
    }
    return createRemoteJWKSet(new URL(configuration.jwks_uri));
  };
}
