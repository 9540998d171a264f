/** Kills between two chosen steps: of the first start, of a command, of recovering from the kill before. */
import { eventsOf, differFromRebuild, openAll, send, setUp, unlucky } from './place';
import { about } from './load';
import { TestServer, type Answer } from '../http/server';

jest.setTimeout(300_000);

const COMMIT = 'libs/event-store/src/embedded/group-commit GroupCommit';
const CLAIMS = 'libs/vault/src/claims Claims';
const SECRETS = 'libs/vault/src/secrets Secrets';
const DATABASE = 'libs/vault/src/database Database';
/** Before an append is handed to the store, and after it was committed and before anybody hears of it. */
const beforeAppend = (n: number) => `${COMMIT}.append before ${n}`;
const afterCommit = (n: number) => `${COMMIT}.answer before ${n}`;

describe('A server that is killed between two steps', () => {
  let server: TestServer;
  beforeAll(async () => (server = await TestServer.prepare()));
  afterAll(() => server.close());

  const startAndDie = async (FAULT: string) => {
    await expect(server.start(unlucky({ FAULT }))).rejects.toThrow('ended with null');
  };
  const call = (key: string, by: string, method: string, path: string, body: object) =>
    server.call(by, method, path, body, { 'idempotency-key': `"${key}"` });
  /** Sends a command that the server dies of. */
  const die = async (...command: Parameters<typeof call>) => {
    await expect(call(...command)).rejects.toThrow('fetch failed');
    expect(await server.ended()).toBeNull();
  };
  const answered = ({ status, body }: Answer) => ({ status, ...body });

  it('of its first start goes on with it, and does nothing twice', async () => {
    await startAndDie(`${DATABASE}.transaction before 3`); // The key file is there, and no key of the vault.
    await startAndDie(`${DATABASE}.transaction after 1`);
    await startAndDie(beforeAppend(1));
    await startAndDie(afterCommit(1));
    await startAndDie(beforeAppend(2));
    await startAndDie(`${CLAIMS}.claim after 1`);
    // Each of these records that it started, and takes one step more, until there is none left.
    let starts = 0;
    while ((await server.start(unlucky({ FAULT: afterCommit(2) })).catch(() => 'died')) === 'died') starts++;
    expect(starts).toBeGreaterThan(2);
    await server.kill();
    await server.start();
    const types = (await eventsOf(server)).map(({ type }) => type).filter((type) => type !== 'SoftwareStarted');
    expect(types).toEqual(expect.arrayContaining(['PolicySetPublished', 'ContactAdded', 'SignInBound', 'TrainingAttested', 'RoleGranted']));
    expect(new Set(types).size).toBe(types.length);
    await setUp(server);
    expect((await server.call(undefined, 'GET', '/health/ready')).status).toBe(200);
  });

  it('of a command has carried it out or not, and says so when it is sent again', async () => {
    const person = (name: string) => ({ ...about, relationship: 'customer', name, externalSystem: 'desk', externalNumber: 'D-1' });
    const account = { ...about, issuer: 'https://id.example', subject: 'somebody' };
    await server.kill();

    // Its secret is reserved, its number claimed, nothing appended.
    await server.start(unlucky({ FAULT: beforeAppend(2) }));
    await die('one', 'petra', 'POST', '/v1/people', person('One'));

    // So the number is nobody's. Appended, the claim not confirmed, no answer.
    await server.start(unlucky({ FAULT: `${CLAIMS}.confirm before 1` }));
    await die('two', 'petra', 'POST', '/v1/people', person('Two'));

    // Now it is the second one's. An account is given up, and not yet.
    await server.start(unlucky({ FAULT: `${CLAIMS}.giveUp after 1` }));
    const two = await call('two', 'petra', 'POST', '/v1/people', person('Two'));
    expect(two.status).toBe(201);
    const id = two.body['id'] as string;
    expect(answered(await call('one', 'petra', 'POST', '/v1/people', person('One')))).toMatchObject({ status: 409, holder: id });
    const other = await send(server, 'petra', 'POST', '/v1/people', { ...about, relationship: 'customer', name: 'Three' });
    await send(server, 'petra', 'POST', `/v1/people/${id}/sign-ins`, account);
    await die('leave', 'petra', 'POST', `/v1/people/${id}/leave`, {});

    // The account is still held; and now given up, but killed before that is known.
    await server.start(unlucky({ FAULT: afterCommit(2) }));
    expect((await call('bind', 'petra', 'POST', `/v1/people/${other}/sign-ins`, account)).status).toBe(409);
    await die('leave', 'petra', 'POST', `/v1/people/${id}/leave`, {});

    // A block of secrets is reserved for a command, and none of it is used.
    await server.start(unlucky({ FAULT: `${SECRETS}.reserve after 1` }));
    const leave = await call('leave', 'petra', 'POST', `/v1/people/${id}/leave`, {});
    expect(leave).toMatchObject({ status: 200, body: { changed: true } });
    await die('bind', 'petra', 'POST', `/v1/people/${other}/sign-ins`, account);

    // In the middle of the sweep, and right after it.
    await startAndDie(`${SECRETS}.dropBlocks after 1`);
    await startAndDie(`${SECRETS}.sweep after 1`);
    await server.start();
    expect(answered(await call('two', 'petra', 'POST', '/v1/people', person('Two')))).toEqual(answered(two));
    expect(answered(await call('leave', 'petra', 'POST', `/v1/people/${id}/leave`, {}))).toEqual(answered(leave));
    expect((await call('bind', 'petra', 'POST', `/v1/people/${other}/sign-ins`, account)).status).toBe(200);
    expect((await server.call('sam', 'GET', `/v1/people/${id}/timeline?purpose=customer-service`)).status).toBe(200);

    expect(await server.kill()).toBe(0);
    const events = await eventsOf(server);
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
    const count = (type: string) => events.filter((event) => event.type === type).length;
    expect({ added: count('ContactAdded'), left: count('PersonLeft') }).toEqual({ added: 4, left: 1 });
    expect((await openAll(server)).length).toBeGreaterThan(0);
    expect(await differFromRebuild(server)).toEqual([]);
  });
});
