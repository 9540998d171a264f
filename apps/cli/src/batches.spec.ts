import { Batches, type Line } from './batches';
import { answering, cutAfter, done, refusing, ServerDouble, type Behavior } from './spec/server.double';
import { EXIT, Stop } from './stop';

const lines: Line[] = Array.from({ length: 5 }, (_, index) => ({ command: 'TakeNote', key: `k${index}`, body: {} }));
const problem = (status: number, code = 'trouble') => ({ status, problem: { type: `/problems/${code}`, detail: 'Try later.' } });

let server: ServerDouble;
afterEach(() => server.close());

async function sent(...behaviors: Behavior[]) {
  server = await ServerDouble.start(...behaviors);
  const answers = await new Batches(server).send(lines);
  return { statuses: answers.map(({ status }) => status), batches: server.batches.map((batch) => batch.map(({ key }) => key).join(' ')) };
}

async function stopped(behavior: Behavior): Promise<Stop> {
  server = await ServerDouble.start(...Array.from({ length: 50 }, () => behavior));
  const error: unknown = await new Batches(server, { patience: 300 }).send(lines).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Stop);
  return error as Stop;
}

describe('A batch', () => {
  it('is answered line by line', async () => {
    expect(await sent(answering(done, problem(422), done))).toEqual({ statuses: [201, 422, 201, 201, 201], batches: ['k0 k1 k2 k3 k4'] });
  });

  it('whose answer breaks off is sent again from the first line without an answer', async () => {
    expect(await sent(cutAfter(2), cutAfter(0), cutAfter(1))).toEqual({
      statuses: [201, 201, 201, 201, 201],
      batches: ['k0 k1 k2 k3 k4', 'k2 k3 k4', 'k2 k3 k4', 'k3 k4'],
    });
  });

  it('with a line that must wait is sent again from there, so that the order stays', async () => {
    const { statuses, batches } = await sent(answering(done, problem(503), done), answering(problem(409, 'concurrent-change'), done));
    expect(statuses).toEqual([201, 201, 201, 201, 201]);
    expect(batches).toEqual(['k0 k1 k2 k3 k4', 'k1 k2 k3 k4', 'k1 k2 k3 k4']);
  });

  it('with a line the server fails at goes on without it, once that is sure', async () => {
    const { statuses, batches } = await sent(
      answering(done, problem(500), done),
      answering(problem(500), done),
      answering(problem(500), done),
    );
    expect(statuses).toEqual([201, 500, 201, 201, 201]);
    expect(batches).toHaveLength(3);
  });

  it('is sent with another token where the one until now is not accepted', async () => {
    const tokens: string[] = [];
    const hearing =
      (behavior: Behavior): Behavior =>
      (batch, response, token) => {
        tokens.push(token);
        behavior(batch, response, token);
      };
    await sent(hearing(refusing(401, {})), hearing(answering(done)));
    expect(tokens).toEqual(['Bearer token 1', 'Bearer token 2']);
  });

  it('is sent again where the server says that it cannot now', async () => {
    expect((await sent(refusing(503, {}), refusing(429, {}), refusing(408, {}))).statuses).toEqual([201, 201, 201, 201, 201]);
  });

  it('of a service that is not registered stops, and says what to do', async () => {
    const { message } = await stopped(refusing(403, { reason: 'account-unknown' }));
    expect(message).toContain('The privacy officer registers it');
    expect(message).toContain('/v1/services {"name":"import","issuer":"https://issuer.example","client":"importer"');
  });

  it('that is not taken at all stops', async () => {
    expect(await stopped(refusing(415, { detail: 'NDJSON is expected.' }))).toMatchObject({
      exitCode: EXIT.broken,
      message: expect.stringContaining('NDJSON is expected.'),
    });
  });

  it('to a server that takes nothing for long stops, and can be gone on with', async () => {
    const { message, exitCode } = await stopped((_, response) => response.destroy());
    expect(exitCode).toBe(EXIT.broken);
    expect(message).toMatch(/did not take anything for 1 s.*it goes on/);
  });
});
