import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { createTokenVerifier, IdentityProviderUnavailable, Unauthenticated } from './tokens';

const ISSUER = 'https://id.example.org';
const AUDIENCE = 'urn:rapport:api';
const NOW = new Date('2026-03-01T12:00:00Z');
const seconds = (date: Date) => Math.floor(date.getTime() / 1000);
const later = (s: number) => new Date(NOW.getTime() + s * 1000);

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
const keys: { [alg: string]: { privateKey: Key; publicKey: Key } } = {};
let jwks: JSONWebKeySet;
let foreign: Key;

beforeAll(async () => {
  for (const alg of ['ES256', 'EdDSA', 'RS256', 'PS256', 'ES384']) keys[alg] = await generateKeyPair(alg, { extractable: true });
  const publicKeys = Object.entries(keys).map(async ([alg, { publicKey }]) => ({
    ...(await exportJWK(publicKey)),
    kty: '',
    kid: alg,
    alg,
  }));
  jwks = { keys: await Promise.all(publicKeys) };
  for (const [index, { publicKey }] of Object.values(keys).entries()) jwks.keys[index]!.kty = (await exportJWK(publicKey)).kty!;
  foreign = (await generateKeyPair('ES256')).privateKey;
});

const CLAIMS: JWTPayload = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', client_id: 'portal', exp: seconds(later(3600)) };
const sign = (
  claims: JWTPayload,
  { alg = 'ES256', kid = alg, typ = 'at+jwt', key = keys[alg]!.privateKey }: { alg?: string; kid?: string; typ?: string; key?: Key } = {},
) => new SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader({ alg, kid, typ }).sign(key);

let now = NOW;
beforeEach(() => (now = NOW));
const verifier = (options: { cacheSeconds?: number } = {}) =>
  createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks, clock: () => now, ...options });
const bearer = (token: string) => `Bearer ${token}`;

/** The code a header is refused with; fails where it is not, or where the answer repeats a part of the token. */
async function refusalOf(header: string | undefined, verify = verifier()): Promise<string> {
  const error = await verify(header).then(
    () => new Error('It was accepted.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Unauthenticated)) throw error;
  const parts = (header ?? '').replace(/^\S+ /, '').split('.');
  for (const part of parts.filter((each) => each.length > 3)) expect(`${error.message} ${error.stack}`).not.toContain(part);
  expect(error.cause).toBeUndefined();
  return error.code;
}

describe('accepted', () => {
  it.each(['ES256', 'EdDSA', 'RS256', 'PS256'])('a token signed with %s', async (alg) => {
    const expiresAt = seconds(later(3600));
    expect(await verifier()(bearer(await sign({}, { alg })))).toEqual({
      ...{ issuer: ISSUER, subject: 'alice', clientId: 'portal', service: false, expiresAt },
    });
  });

  it.each(['at+jwt', 'application/at+jwt', 'JWT'])('the type %s', async (typ) => {
    expect(await verifier()(bearer(await sign({}, { typ })))).toMatchObject({ subject: 'alice' });
  });

  it('a service: its subject is its client, by client_id or azp', async () => {
    expect(await verifier()(bearer(await sign({ sub: 'crm', client_id: 'crm' })))).toMatchObject({ subject: 'crm', service: true });
    expect(await verifier()(bearer(await sign({ sub: 'crm', client_id: undefined, azp: 'crm' })))).toMatchObject({
      clientId: 'crm',
      service: true,
    });
    const { clientId, service } = await verifier()(bearer(await sign({ client_id: undefined })));
    expect({ clientId, service }).toEqual({ clientId: undefined, service: false });
  });

  it('several audiences, one of them ours', async () => {
    expect(await verifier()(bearer(await sign({ aud: ['other', AUDIENCE] })))).toMatchObject({ subject: 'alice' });
  });

  it('the scheme in any case', async () => {
    expect(await verifier()(`bearer ${await sign({})}`)).toMatchObject({ subject: 'alice' });
  });
});

describe('refused', () => {
  it.each([
    ['nothing', undefined, 'missing'],
    ['an empty header', '', 'missing'],
    ['another scheme', 'Basic YWxpY2U6c2VjcmV0', 'malformed'],
    ['garbage', 'Bearer garbage', 'malformed'],
    ['three parts of garbage', 'Bearer aaaa.bbbb.cccc', 'malformed'],
    ['characters no token has', 'Bearer aaaa.bb bb.cccc', 'malformed'],
    ['a token of 9 KB', `Bearer ${'a'.repeat(9000)}.b.c`, 'malformed'],
  ])('%s', async (_, header, code) => {
    expect(await refusalOf(header)).toBe(code);
  });

  it('an expired token, after five seconds of leeway', async () => {
    const token = bearer(await sign({ exp: seconds(NOW) }));
    now = later(4);
    expect(await verifier()(token)).toMatchObject({ subject: 'alice' });
    now = later(5);
    expect(await refusalOf(token)).toBe('expired');
  });

  it('a token that is not valid yet', async () => {
    expect(await refusalOf(bearer(await sign({ nbf: seconds(later(60)) })))).toBe('not-yet-valid');
  });

  it('another audience, or none', async () => {
    expect(await refusalOf(bearer(await sign({ aud: 'urn:other:api' })))).toBe('wrong-audience');
    expect(await refusalOf(bearer(await sign({ aud: undefined })))).toBe('wrong-audience');
  });

  it('a foreign issuer, whoever signed', async () => {
    const iss = 'https://elsewhere.example.org';
    expect(await refusalOf(bearer(await sign({ iss })))).toBe('wrong-issuer');
    expect(await refusalOf(bearer(await sign({ iss }, { key: foreign })))).toBe('wrong-issuer');
  });

  it('a foreign key under our issuer’s name, with a known and an unknown key id', async () => {
    expect(await refusalOf(bearer(await sign({}, { key: foreign })))).toBe('bad-signature');
    expect(await refusalOf(bearer(await sign({}, { key: foreign, kid: 'other' })))).toBe('bad-signature');
  });

  it('claims that were changed after signing', async () => {
    const [header, , signature] = (await sign({})).split('.');
    const payload = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'petra' })).toString('base64url');
    expect(await refusalOf(bearer(`${header}.${payload}.${signature}`))).toBe('bad-signature');
  });

  it('alg: none, in any case', async () => {
    const claims = new UnsecuredJWT(CLAIMS).encode().split('.')[1];
    for (const alg of ['none', 'None', 'NONE']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt' })).toString('base64url');
      expect(await refusalOf(bearer(`${header}.${claims}.`))).toBe('wrong-algorithm');
    }
  });

  it('HS256 with the public key as the secret', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${encode({ alg: 'HS256', kid: 'RS256', typ: 'at+jwt' })}.${encode(CLAIMS)}`;
    for (const secret of [await exportSPKI(keys['RS256']!.publicKey), JSON.stringify(jwks.keys[2])]) {
      expect(await refusalOf(bearer(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`))).toBe('wrong-algorithm');
    }
  });

  it('an algorithm beside those that are named, though the key is known', async () => {
    expect(await refusalOf(bearer(await sign({}, { alg: 'ES384' })))).toBe('wrong-algorithm');
  });

  it.each(['logout+jwt', 'dpop+jwt', ''])('the type %j', async (typ) => {
    expect(await refusalOf(bearer(await sign({}, { typ })))).toBe('malformed');
  });

  it.each(['exp', 'sub'])('a token without %s', async (claim) => {
    expect(await refusalOf(bearer(await sign({ [claim]: undefined })))).toBe('malformed');
  });

  it('an empty subject, and claims of another form', async () => {
    expect(await refusalOf(bearer(await sign({ sub: '' })))).toBe('malformed');
    expect(await refusalOf(bearer(await sign({ sub: 5 as unknown as string })))).toBe('malformed');
    expect(await refusalOf(bearer(await sign({ exp: 'soon' as unknown as number })))).toBe('malformed');
  });
});

describe('remembered', () => {
  it('a token is not verified again for a minute: it gives the very same identity', async () => {
    const verify = verifier();
    const token = bearer(await sign({}));
    const first = await verify(token);
    now = later(59);
    expect(await verify(token)).toBe(first);
    now = later(60);
    expect(await verify(token)).not.toBe(first);
  });

  it('for as long as is asked, never past its expiry', async () => {
    const verify = verifier({ cacheSeconds: 600 });
    const token = bearer(await sign({ exp: seconds(later(300)) }));
    const first = await verify(token);
    now = later(299);
    expect(await verify(token)).toBe(first);
    now = later(300);
    expect(await verify(token)).not.toBe(first);
    now = later(305);
    expect(await refusalOf(token, verify)).toBe('expired');
  });

  it('each token by itself', async () => {
    const verify = verifier();
    const token = await sign({});
    expect(await verify(bearer(token))).toMatchObject({ subject: 'alice' });
    expect(await verify(bearer(await sign({ sub: 'bob' })))).toMatchObject({ subject: 'bob' });
    const [header, payload] = token.split('.');
    expect(await refusalOf(bearer(`${header}.${payload}.${'A'.repeat(86)}`), verify)).toBe('bad-signature');
  });
});

describe('discovery', () => {
  let server: Server;
  let issuer: string;
  let configuration: object | undefined;
  let asked: string[];

  beforeEach(async () => {
    asked = [];
    server = createServer(({ url }, response) => {
      asked.push(url!);
      const body = url === '/keys' ? jwks : configuration;
      response.writeHead(body === undefined ? 500 : 200).end(JSON.stringify(body ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    configuration = { issuer, jwks_uri: `${issuer}/keys` };
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const discovering = () => createTokenVerifier({ issuer, audience: AUDIENCE, clock: () => now });
  const token = async (kid = 'ES256') => bearer(await sign({ iss: issuer }, { alg: 'ES256', kid }));

  it('finds the keys when they are needed, once', async () => {
    const verify = discovering();
    expect(asked).toEqual([]);
    expect(await verify(await token())).toMatchObject({ issuer, subject: 'alice' });
    expect(await verify(await token())).toMatchObject({ subject: 'alice' });
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('is not asked because of a token that a foreign issuer wrote', async () => {
    expect(await refusalOf(bearer(await sign({})), discovering())).toBe('wrong-issuer');
    expect(asked).toEqual([]);
  });

  it('that fails is no fault of the token, and is tried again', async () => {
    const verify = discovering();
    const good = configuration;
    configuration = undefined;
    await expect(verify(await token())).rejects.toThrow(IdentityProviderUnavailable);
    configuration = { ...good, issuer: 'https://elsewhere.example.org' };
    await expect(verify(await token())).rejects.toThrow(/describes another issuer/);
    configuration = { issuer };
    await expect(verify(await token())).rejects.toThrow(/describes another issuer/);
    configuration = { issuer, jwks_uri: `${issuer}/.well-known/openid-configuration` };
    await expect(verify(await token())).rejects.toThrow(IdentityProviderUnavailable);
    configuration = good;
    expect(await discovering()(await token())).toMatchObject({ subject: 'alice' });
  });
});
