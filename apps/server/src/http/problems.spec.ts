import { connect, type AddressInfo } from 'node:net';
import { BadRequestException, Body, Controller, Get, Module, NotFoundException, Post, Query, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppendFailed, AppendTooLarge, EventStoreUnavailable, OutcomeUnknown, WrongExpectedRevision } from '@rapport/event-store';
import { Id, refusal, Text } from '@rapport/kernel';
import { Forbidden, IdempotencyMismatch, Refused, RevisionConflict, Unavailable } from '@rapport/kernel/errors';
import { ProjectionFailed, ReadModelBehind } from '@rapport/read-model';
import { IdentityProviderUnavailable } from '../identity/tokens';
import { MAX_BATCH_BYTES, MAX_BODY_BYTES, useJsonBodies } from './json';
import { jsonLines } from './json-lines';
import { mountDocs } from './openapi-docs';
import { buildOpenApi } from './openapi';
import { notFound, problem, problemTypes, ProblemError, unauthenticated } from './problems';
import { loggable, ProblemFilter, problemOptions, routeMethods, toProblem } from './problems-filter';
import { problemList, problemPage } from './problems-pages';
import { readCommand, readQuery } from './validation';

const SECRET = 'Somebody Somewhere';
const callClosed = refusal.conflict('call-closed', 'The call is closed; reopen it first.');
const unknownPerson = refusal.invalid('unknown-person', 'There is no such person.');
const callNotFound = refusal.notFound('call-not-found', 'There is no such call.');
refusal.invalid('odd', 'Write <nothing> here.');

class TakeNote {
  @Id({ description: 'x' }) conversation!: string;
  @Text({ description: 'x', max: 20 }) text!: string;
}
class Search {
  @Text({ description: 'x', max: 5, optional: true }) q?: string;
}

/** Thrown by the route, by name, so that every error goes the whole way. */
const errors: { readonly [name: string]: () => unknown } = {
  refused: () => new Refused(callClosed({ more: { call: 'id', status: 1, type: 'x' } })),
  refusedField: () => new Refused(unknownPerson({ field: 'participants/0' })),
  refusedNotFound: () => new Refused(callNotFound()),
  forbidden: () => new Forbidden('not-trained', 'A current training is needed.', 'purpose'),
  revision: () => new RevisionConflict(3, 7),
  idempotency: () => new IdempotencyMismatch(),
  stale: () => new Unavailable('authorities-stale', `Stale ${SECRET}`),
  outcome: () => new OutcomeUnknown('person-1'),
  store: () => new Unavailable('store-unavailable', `Lost ${SECRET}`, { cause: new Error(SECRET) }),
  away: () => new EventStoreUnavailable({ cause: new Error(SECRET) }),
  full: () => new AppendFailed('person-1', 'disk full'),
  wrong: () => new WrongExpectedRevision('person-1', 1, 2),
  tooLarge: () => new AppendTooLarge('person-1', 2_000_000),
  behind: () => new ReadModelBehind(SECRET, undefined, 1),
  stopped: () => new ProjectionFailed({ reason: SECRET }),
  identity: () => new IdentityProviderUnavailable(SECRET),
  missing: () => unauthenticated('missing'),
  invalid: () => unauthenticated('invalid'),
  notFound: () => notFound(),
  nestNotFound: () => new NotFoundException(SECRET),
  nestBadRequest: () => new BadRequestException({ message: SECRET }),
  unexpected: () => new TypeError(`Cannot read ${SECRET}\n    at ${SECRET} (/x.js:1:1)`),
  posing: () => Object.assign(new Error(SECRET), { statusCode: 404, status: 404 }),
  text: () => SECRET,
  nothing: () => undefined,
};

@Controller('v1')
class Sample {
  @Post('notes')
  note(@Body() body: unknown): object {
    return readCommand(TakeNote, body);
  }
  @Get('notes')
  search(@Query() query: { [name: string]: string }): object {
    return readQuery(Search, query);
  }
  @Get('throw/:name')
  throw(@Req() request: FastifyRequest<{ Params: { name: string } }>): never {
    throw errors[request.params.name]?.();
  }
  @Get('begun')
  begun(@Res() reply: FastifyReply): void {
    reply.raw.writeHead(200, { 'content-type': 'text/plain' });
    reply.raw.write('a part');
    throw new Error(SECRET);
  }
  @Post('batch')
  async batch(@Body() body: FastifyRequest['raw']): Promise<unknown[]> {
    const lines: unknown[] = [];
    for await (const line of jsonLines(body, { line: 100, total: 1000 })) lines.push(line);
    return lines;
  }
}

@Module({ controllers: [Sample] })
class SampleModule {}

let app: NestFastifyApplication;
let logged: unknown[] = [];
let port: number;

beforeAll(async () => {
  app = await NestFactory.create<NestFastifyApplication>(
    SampleModule,
    new FastifyAdapter({ ...problemOptions, routerOptions: { maxParamLength: 50 } }),
    { bodyParser: false, logger: false },
  );
  const fastify = app.getHttpAdapter().getInstance();
  useJsonBodies(fastify);
  app.useGlobalFilters(new ProblemFilter({ error: (...entry) => logged.push(entry) }, routeMethods(fastify)));
  mountDocs(
    app.getHttpAdapter().getInstance(),
    buildOpenApi({ routes: [], title: 'Rapport <&>', version: '1', description: '', issuer: 'https://id.example.org' }),
  );
  await app.listen(0, '127.0.0.1');
  port = (app.getHttpServer().address() as AddressInfo).port;
});
beforeEach(() => (logged = []));
afterAll(() => app.close());

const url = (path: string): string => `http://127.0.0.1:${port}${path}`;

interface Sent {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: string | Buffer;
  readonly headers?: { readonly [name: string]: string };
}
interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: unknown };
  readonly problem: { readonly [member: string]: unknown };
}

/** Sends it and checks what every problem has. */
async function send(path: string, sent: Sent = {}): Promise<Answer> {
  const response = await fetch(url(path), sent);
  const { status: statusCode } = response;
  const headers = Object.fromEntries(response.headers);
  const body = await response.text();
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(headers['cache-control']).toBe('no-store');
  const document = JSON.parse(body) as Answer['problem'];
  const text = expect.any(String) as unknown;
  expect(document).toMatchObject({ type: text, title: text, status: statusCode, detail: text, instance: text });
  expect(body + JSON.stringify(logged)).not.toContain(SECRET);
  expect(body).not.toMatch(/stack|\.ts|node_modules/);
  return { status: statusCode, headers, problem: document };
}

const json = (body: string | Buffer, type = 'application/json'): Sent => ({ method: 'POST', body, headers: { 'content-type': type } });

describe('every error becomes a problem', () => {
  it.each([
    ['refused', 409, 'call-closed', { call: 'id', title: 'Call closed' }],
    [
      'refusedField',
      422,
      'unknown-person',
      { errors: [{ pointer: '/participants/0', code: 'unknown-person', detail: 'There is no such person.' }] },
    ],
    ['refusedNotFound', 404, 'call-not-found', { title: 'Call not found' }],
    [
      'forbidden',
      403,
      'forbidden',
      { reason: 'not-trained', errors: [{ pointer: '/purpose', code: 'not-trained', detail: 'A current training is needed.' }] },
    ],
    ['revision', 412, 'revision-conflict', { revision: 7 }],
    ['idempotency', 422, 'idempotency-mismatch', {}],
    ['stale', 503, 'authorities-stale', {}],
    ['outcome', 503, 'outcome-unknown', {}],
    ['away', 503, 'store-unavailable', {}],
    ['full', 503, 'store-unavailable', {}],
    ['store', 503, 'store-unavailable', {}],
    ['wrong', 409, 'concurrent-change', {}],
    ['tooLarge', 413, 'too-large', { limit: 1024 * 1024 }],
    ['behind', 503, 'read-model-behind', {}],
    ['stopped', 503, 'read-model-behind', {}],
    ['identity', 503, 'identity-provider-unavailable', {}],
    ['missing', 401, 'unauthenticated', {}],
    ['invalid', 401, 'unauthenticated', {}],
    ['notFound', 404, 'not-found', {}],
    ['nestNotFound', 404, 'not-found', {}],
    ['nestBadRequest', 400, 'malformed-request', {}],
    ['unexpected', 500, 'internal-error', {}],
    ['posing', 500, 'internal-error', {}],
    ['text', 500, 'internal-error', {}],
    ['nothing', 500, 'internal-error', {}],
  ])('%s: %i %s', async (name, status, code, members) => {
    const answer = await send(`/v1/throw/${name}`);
    expect(answer).toMatchObject({ status, problem: { type: `/problems/${code}`, ...members } });
    expect(logged).toHaveLength(status >= 500 ? 1 : 0);
  });

  it.each([
    ['missing', 'www-authenticate', 'Bearer realm="rapport"'],
    ['invalid', 'www-authenticate', 'Bearer realm="rapport", error="invalid_token"'],
    ['revision', 'etag', '"7"'],
    ['behind', 'retry-after', '1'],
    ['stale', 'retry-after', '1'],
    ['outcome', 'retry-after', '1'],
  ])('%s has %s', async (name, header, value) => {
    expect((await send(`/v1/throw/${name}`)).headers[header]).toBe(value);
  });

  it('logs the request and the place of an unexpected error', async () => {
    const { problem: document } = await send('/v1/throw/unexpected');
    expect(logged).toEqual([
      [
        {
          requestId: document['instance'],
          problem: '/problems/internal-error',
          error: { name: 'TypeError', stack: expect.arrayContaining([expect.stringContaining('problems.spec.ts')]) as unknown },
        },
        'Internal error',
      ],
    ]);
  });

  it('breaks off an answer that has begun', async () => {
    const response = await fetch(url('/v1/begun'));
    await expect(response.text()).rejects.toThrow();
    expect(logged).toHaveLength(1);
  });
});

describe('what Fastify and Nest refuse themselves', () => {
  const long = 'x'.repeat(60);
  it.each<[string, string, Sent, number, string]>([
    ['an unknown route', `/v1/${encodeURIComponent(SECRET)}`, {}, 404, 'not-found'],
    ['a malformed address', '/v1/%E0%A4%A', {}, 400, 'malformed-url'],
    ['a parameter that is too long', `/v1/throw/${long}`, {}, 414, 'uri-too-long'],
    ['a form', '/v1/notes', json('a=b', 'application/x-www-form-urlencoded'), 415, 'unsupported-media-type'],
    ['plain text', '/v1/notes', json(SECRET, 'text/plain'), 415, 'unsupported-media-type'],
    ['another charset', '/v1/notes', json('{}', 'application/json; charset=utf-16'), 415, 'unsupported-media-type'],
    ['a media type that is none', '/v1/notes', json('{}', 'json'), 415, 'unsupported-media-type'],
    ['no JSON', '/v1/notes', json(`{"text":"${SECRET}"`), 400, 'malformed-body'],
    ['an empty body', '/v1/notes', json(''), 400, 'malformed-body'],
    ['invalid UTF-8', '/v1/notes', json(Buffer.from([0x22, 0xff, 0x22])), 400, 'malformed-body'],
    ['a name given twice', '/v1/notes', json(`{"text":"a","text":"${SECRET}"}`), 400, 'malformed-body'],
    ['invalid fields', '/v1/notes', json(`{"text":"${SECRET} and somebody else","${SECRET}":1}`), 400, 'invalid-input'],
    ['no body', '/v1/notes', { method: 'POST' }, 400, 'invalid-input'],
    ['an invalid query', `/v1/notes?q=${encodeURIComponent(SECRET)}`, {}, 400, 'invalid-input'],
    ['a wrong method', '/v1/notes?q=1', { method: 'DELETE' }, 405, 'method-not-allowed'],
    ['a wrong method on a path with a parameter', '/v1/throw/x', { method: 'PUT' }, 405, 'method-not-allowed'],
  ])('%s', async (_, path, init, status, code) => {
    expect(await send(path, init)).toMatchObject({ status, problem: { type: `/problems/${code}` } });
    expect(logged).toEqual([]);
  });

  it('tells the methods there are', async () => {
    expect((await send('/v1/notes', { method: 'DELETE' })).headers['allow']).toBe('GET, HEAD, POST');
    expect((await send('/v1/throw/x', { method: 'POST' })).headers['allow']).toBe('GET, HEAD');
  });

  /** What comes back for raw bytes until the server closes the connection. */
  const raw = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });

  it.each([
    ['no HTTP', `${SECRET}\r\n\r\n`, 'malformed-request', '400 Bad Request'],
    [
      'a body over the limit, before it is sent',
      `POST /v1/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`,
      'too-large',
      '413 Payload Too Large',
    ],
    [
      'a batch over the limit, before it is sent',
      `POST /v1/batch HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${MAX_BATCH_BYTES + 1}\r\n\r\n`,
      'too-large',
      '413 Payload Too Large',
    ],
    [
      'headers over the limit',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`,
      'headers-too-large',
      '431 Request Header Fields Too Large',
    ],
  ])('%s', async (_, bytes, code, status) => {
    const [head = '', body = ''] = (await raw(bytes)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status}\r\n`);
    expect(head).toContain('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ type: `/problems/${code}` });
    expect(body).not.toContain(SECRET);
  });
});

describe('a batch', () => {
  it('is read as it arrives', async () => {
    const response = await fetch(url('/v1/batch'), json('{"a":1}\nx\n', 'application/x-ndjson'));
    expect(await response.json()).toMatchObject([
      { line: 1, value: { a: 1 } },
      { line: 2, problem: { type: '/problems/malformed-body' } },
    ]);
  });

  it('over its limit is answered, although not all of it was read', async () => {
    const answer = await send('/v1/batch', json('1\n'.repeat(100_000), 'application/x-ndjson'));
    expect(answer).toMatchObject({ status: 413, problem: { limit: 1000 } });
  });
});

describe('what is logged of an error', () => {
  class Ours extends Error {
    override readonly name = 'Ours';
    readonly safeMessage = true;
  }

  it('is the message only where its class says that it is safe', () => {
    expect(loggable(new Ours('The store is closed.', { cause: new Error(SECRET) }))).toMatchObject({
      name: 'Ours',
      message: 'The store is closed.',
      cause: { name: 'Error' },
    });
    expect(JSON.stringify(loggable(new Error(SECRET, { cause: new Ours('x', { cause: SECRET }) })))).not.toContain(SECRET);
  });

  it.each([
    ['that was changed after it was made', () => Object.assign(new Error(SECRET), { message: 'other' })],
    ['whose stack is somebody’s text', () => Object.assign(new Error(''), { stack: `    at ${SECRET}\n    at x (${SECRET})` })],
    ['with lines that look like frames', () => new Error(`${SECRET}\n    at f (/${SECRET}:1:1)`)],
  ])('is nothing of a message %s', (_, make) => {
    expect(JSON.stringify(loggable(make()))).not.toContain(SECRET);
  });

  it('ends, even where causes go round', () => {
    const [a, b] = [new Error('a'), new Error('b')];
    Object.assign(a, { cause: b });
    Object.assign(b, { cause: a });
    expect(JSON.stringify(loggable(a)).length).toBeLessThan(20_000);
  });
});

describe('kinds of problems', () => {
  it('each have a page, and the list names them all', () => {
    for (const type of problemTypes()) {
      expect(problemPage(type)).toContain(`<h1>${type.title}</h1>`);
      expect(problemList()).toContain(`href="/problems/${type.code}"`);
    }
    expect(problemPage(problemTypes().find(({ code }) => code === 'odd')!)).toContain('<p>Write &#60;nothing&#62; here.</p>');
  });

  it('keep what their callers add apart from the standard members', () => {
    const made = problem('too-large', { members: { limit: 5 } });
    expect(made.problem).toMatchObject({ status: 413, limit: 5 });
    expect(toProblem(made)).toBe(made);
    expect(toProblem({ invalid: true, violations: [] })).toBeInstanceOf(ProblemError);
  });
});

describe('Swagger UI', () => {
  it.each([
    ['/docs', 'text/html', '<title>Rapport &#60;&#38;&#62;</title>'],
    ['/docs/start.js', 'text/javascript', '/openapi.json'],
    ['/docs/swagger-ui-bundle.js', 'text/javascript', 'SwaggerUIBundle'],
    ['/docs/swagger-ui-standalone-preset.js', 'text/javascript', 'SwaggerUIStandalonePreset'],
    ['/docs/swagger-ui.css', 'text/css', '.swagger-ui'],
    ['/openapi.json', 'application/json', '"openapi":"3.1.0"'],
  ])('%s', async (path, type, text) => {
    const response = await fetch(url(path));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(type);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await response.text()).toContain(text);
  });
});
