/** Commands as NDJSON: each answered in order, whatever stands in the lines around it. */
import { connect, type Socket } from 'node:net';
import { TestServer } from './server';

jest.setTimeout(60_000);

const categories = ['identity', 'contact', 'conversation', 'support', 'sign-in', 'feedback'];
const PURPOSE = {
  slug: 'customer-service',
  title: 'Customer service',
  explanation: 'We answer what you ask.',
  categories,
  subjects: ['customer-contact'],
  basis: 'contract',
  retention: categories.map((category) => ({ category, keep: 'P2Y', from: 'last-contact' })),
};
const about = { purpose: 'customer-service', source: 'data-subject' };
const customer = (name: string) => ({ command: 'AddPerson', body: { ...about, relationship: 'customer', name } });
const change = (number: string, counter: number, more: object = {}) => ({
  command: 'ImportCallChange',
  key: `${number}-${counter}`,
  body: {
    purpose: 'customer-service',
    source: 'import',
    occurredAt: `2016-03-01T10:${String(counter).padStart(2, '0')}:00Z`,
    system: 'desk',
    number,
    counter,
    status: 'active',
    reassignments: counter,
    ...more,
  },
});

interface LineAnswer {
  readonly line: number;
  readonly status: number;
  readonly id?: string;
  readonly revision?: number;
  readonly changed?: boolean;
  readonly position?: string;
  readonly problem?: { readonly type: string; readonly errors?: readonly { readonly pointer: string }[] };
}

const ndjson = (lines: readonly unknown[]) => lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
const parsed = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LineAnswer);

describe('POST /v1/batch', () => {
  let server: TestServer;
  let crm: string;

  const send = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, token = crm) =>
    fetch(`${server.url}/v1/batch`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson', ...headers },
    });
  const batch = async (lines: readonly unknown[]) => {
    const answer = await send(ndjson(lines));
    const body = parsed(await answer.text());
    const { status, headers } = answer;
    await server.conforms({ method: 'POST', path: '/v1/batch', status, mediaType: headers.get('content-type') ?? '', body });
    return body;
  };

  /** A batch whose body is written by hand. */
  const open = async (
    head = 'transfer-encoding: chunked',
  ): Promise<{ socket: Socket; heard: () => string; write: (text: string) => Promise<void> }> => {
    const socket = connect(server.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString()));
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(
      `POST /v1/batch HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${crm}\r\ncontent-type: application/x-ndjson\r\n${head}\r\n\r\n`,
    );
    const write = async (text: string) => {
      if (!socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)) {
        await new Promise((resolve) => socket.once('drain', resolve));
      }
    };
    return { socket, heard: () => heard, write };
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  beforeAll(async () => {
    server = await TestServer.start();
    await server.call('petra', 'POST', '/v1/purposes', PURPOSE);
    const issuer = `${server.url}/identity`;
    await server.call('petra', 'POST', '/v1/services', { name: 'crm', issuer, client: 'crm', purposes: ['customer-service'] });
    crm = await server.serviceToken('crm');
  });
  afterAll(() => server.close());

  it('carries out each line and answers in order; a bad one does not stop the next', async () => {
    const answers = await batch([
      customer('Ada'),
      '{"command": "AddPerson", "body": {',
      { command: 'AddPersn', body: {} },
      '',
      { command: 'AddPerson', body: { ...about, relationship: 'customer', name: 'Bo', colour: 'red' } },
      { command: 'TakeNote', body: { ...about, conversationId: '0198c0de-0000-7000-8000-000000000000', text: 'x' } },
      { ...customer('Cy'), nonsense: 1 },
      { command: 'AddPerson' },
      [1],
      { command: 'AddPerson', key: 'not ok', body: {} },
      { command: 'OpenCall', body: { ...about, caller: '0198c0de-0000-7000-8000-000000000000', medium: 'portal', subject: 'x' } },
      customer('Dee'),
    ]);
    expect(answers.map(({ line, status, problem }) => [line, status, problem?.type, problem?.errors?.[0]?.pointer])).toEqual([
      [1, 201, undefined, undefined],
      [2, 400, '/problems/malformed-body', undefined],
      [3, 400, '/problems/invalid-input', '/command'],
      [5, 400, '/problems/invalid-input', '/colour'],
      [6, 404, '/problems/conversation-not-found', undefined],
      [7, 400, '/problems/invalid-input', '/nonsense'],
      [8, 400, '/problems/malformed-body', '/body'],
      [9, 400, '/problems/malformed-body', ''],
      [10, 400, '/problems/invalid-header', undefined],
      [11, 422, '/problems/unknown-person', '/caller'],
      [12, 201, undefined, undefined],
    ]);
    expect(answers[0]).toEqual({
      line: 1,
      status: 201,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      revision: 0,
      changed: true,
      position: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
    });
  });

  it('has one effect a key, in one batch and across batches; another body with it is 422', async () => {
    const line = { ...customer('Eve'), key: 'eve' };
    const [first, again, other] = await batch([line, line, { ...customer('Not Eve'), key: 'eve' }]);
    expect(first?.status).toBe(201);
    expect(again).toEqual({ ...first, line: 2 });
    expect(other?.problem?.type).toBe('/problems/idempotency-mismatch');
    expect(await batch([line])).toEqual([first]);
  });

  it('keeps lines about one record in their order, also where the first of them makes it', async () => {
    const lines = Array.from({ length: 400 }, (_, index) => change(`INC${index % 4}`, Math.floor(index / 4) % 60));
    const answers = await batch(lines);
    expect(answers.map(({ line }) => line)).toEqual(lines.map((_, index) => index + 1));
    for (let call = 0; call < 4; call++) {
      const own = answers.filter((_, index) => index % 4 === call);
      expect(new Set(own.map(({ id }) => id)).size).toBe(1);
      // The first 60 rows are new; then the same keys come again and are answered as before.
      expect(own.slice(0, 60).map(({ revision }) => revision)).toEqual(Array.from({ length: 60 }, (_, revision) => revision));
      expect(own.slice(60)).toEqual(own.slice(0, 40).map((answer, index) => ({ ...answer, line: own[60 + index]!.line })));
    }
  });

  it('keeps the order where some lines name a record by its number and others by its id', async () => {
    const [made] = await batch([change('MIXED', 0)]);
    const lines = Array.from({ length: 100 }, (_, index) =>
      index % 2 === 0
        ? change('MIXED', 1 + index / 2)
        : { command: 'AddCommunication', body: { ...about, callId: made!.id, direction: 'from-caller', text: `It is the ${index}th` } },
    );
    const answers = await batch(lines);
    expect(answers.map(({ revision }) => revision)).toEqual(lines.map((_, index) => index + 1));
  });

  it('answers a line while the next is not there yet', async () => {
    const { socket, heard, write } = await open();
    await write(`${JSON.stringify(customer('Flo'))}\n`);
    await until(() => heard().includes('"line":1,"status":201'));
    await write(`${JSON.stringify(customer('Gus'))}\n`);
    await until(() => heard().includes('"line":2,"status":201'));
    socket.write('0\r\n\r\n');
    await until(() => heard().endsWith('0\r\n\r\n'));
    socket.destroy();
  });

  it('carries out the whole lines of a body that was cut off, and not the rest', async () => {
    const { socket, heard, write } = await open();
    const whole = { ...customer('Hal'), key: 'hal' };
    const half = { ...customer('Ivy'), key: 'ivy' };
    await write(`${JSON.stringify(whole)}\n${JSON.stringify(half)}`);
    await until(() => heard().includes('"line":1'));
    socket.destroy();
    const [hal] = await batch([whole]);
    expect(hal).toMatchObject({ status: 201 });
    const { body } = await server.call('petra', 'GET', '/v1/audit-trail?limit=500', undefined, { 'rapport-position': hal!.position! });
    const people = (body['entries'] as { type: string; by: string }[]).filter(
      ({ type, by }) => type === 'ContactAdded' && by === 'service',
    );
    const [ivy] = await batch([half]);
    const after = await server.call('petra', 'GET', '/v1/audit-trail?limit=500', undefined, { 'rapport-position': ivy!.position! });
    const added = (after.body['entries'] as { type: string; by: string }[]).filter(
      ({ type, by }) => type === 'ContactAdded' && by === 'service',
    );
    expect(added).toHaveLength(people.length + 1);
    expect(server.log).not.toContain('"level":50');
  });

  it('answers a body that ends too early with nothing in the middle of its answers', async () => {
    const { socket, heard } = await open('content-length: 10000');
    socket.write(`${JSON.stringify(customer('Jan'))}\n`);
    await until(() => heard().includes('"line":1'));
    socket.end();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(heard().match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('bounds a line and a body', async () => {
    const long = { command: 'AddPerson', body: { ...about, relationship: 'customer', name: 'x'.repeat(300_000) } };
    expect((await batch([long, customer('Kim')])).map(({ status }) => status)).toEqual([413, 201]);
    const announced = await send('x', { 'content-length': String(9 * 1024 * 1024) }).catch(() => undefined);
    expect([undefined, 413]).toContain(announced?.status);
    const { socket, heard, write } = await open();
    for (let kib = 0; kib < 8 * 1024 + 64; kib += 64) {
      await write(`${' '.repeat(64 * 1024 - 1)}\n`);
    }
    await until(() => heard().includes('"status":413'));
    socket.destroy();
  });

  it.each([
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from('{"command":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
      '/problems/malformed-body',
    ],
    ['UTF-16', Buffer.from(`\ufeff${JSON.stringify(customer('x'))}`, 'utf16le'), '/problems/malformed-body'],
    ['a name given twice', Buffer.from('{"command":"AddPerson","command":"AddPerson","body":{}}'), '/problems/malformed-body'],
    ['__proto__', Buffer.from('{"command":"AddPerson","body":{"__proto__":{"name":"x"}}}'), '/problems/invalid-input'],
  ])('refuses a line of %s', async (_, bytes, type) => {
    const [answer] = parsed(await (await send(bytes)).text());
    expect(answer?.problem?.type).toBe(type);
  });

  it('takes nothing but NDJSON from somebody known, and NDJSON nowhere else', async () => {
    expect((await send('{}', { 'content-type': 'application/json' })).status).toBe(415);
    expect((await send('{}', {}, 'nobody')).status).toBe(401);
    expect((await send('{}', {}, await server.serviceToken('demo-untrusted'))).status).toBe(403);
    const elsewhere = await server.call('petra', 'POST', '/v1/people', '{}', { 'content-type': 'application/x-ndjson' });
    expect(elsewhere.status).toBe(415);
    expect(await (await send('\n\r\n')).text()).toBe('');
  });
});
