/**
 * `kill -9` of the server under load, twenty times, at whatever it is doing: what was acknowledged is there, once; what
 * was not answered is sent again with its key and is there, once; everything opens; the read models are what a rebuild
 * makes of the events.
 */
import type { StoredEvent } from '@rapport/event-store';
import type { Answer } from '../http/server';
import { TestServer } from '../http/server';
import { Load, sequence, type Sent } from './load';
import { differFromRebuild, eventsOf, openAll, setUp } from './place';

jest.setTimeout(300_000);

const KILLS = 20;
const CLIENTS = 8;

const took = ({ status, body }: Answer) => status < 300 && body['changed'] === true;
const essence = ({ status, body, headers }: Answer) => ({ status, body, etag: headers.get('etag') });

describe('A server that is killed under load', () => {
  const random = sequence(20_260_301);
  let server: TestServer;
  let load: Load;
  /** The last event before the load, and the last one that was looked at. */
  let begun: string;
  let seen: string;

  beforeAll(async () => {
    server = await TestServer.start();
    await setUp(server);
    load = new Load(server, random);
    seen = begun = (await eventsOf(server)).at(-1)!.position;
  });
  afterAll(() => server.close());

  /** What a command that was acknowledged did, found by the position it was answered with. */
  const effectOf = (events: ReadonlyMap<string, StoredEvent>, { answer }: Sent): StoredEvent => {
    const { id, revision, position } = answer!.body as { id: string; revision: number; position: string };
    const event = events.get(position);
    expect({ stream: event?.stream.endsWith(`-${id}`), revision: event?.revision }).toEqual({ stream: true, revision });
    return event!;
  };

  it(`${KILLS} times, at another point of its work each time`, async () => {
    let lost = 0;
    let late = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const sent = await load.untilKilled(CLIENTS, 5 + random(60));
      await server.start();
      const atRestart = new Map((await eventsOf(server, seen)).map((event) => [event.position, event]));
      const head = [...atRestart.keys()].at(-1)!;

      // Every acknowledged command is there. Sent again, it is answered as the first time.
      const acknowledged = sent.filter(({ answer }) => answer !== undefined && took(answer));
      for (const command of acknowledged) effectOf(atRestart, command);
      const again = await Promise.all(acknowledged.map(async (command) => [essence(command.answer!), essence(await load.send(command))]));
      for (const [first, second] of again) expect(second).toEqual(first);

      // So is one whose answer was lost, whether it had its effect before the kill or has it only now.
      const unanswered = sent.filter(({ answer }) => answer === undefined);
      lost += unanswered.length;
      for (const command of unanswered) {
        const first = await load.send(command);
        expect(first.status).toBeLessThan(500);
        if (!took(first)) continue;
        if ((first.body['position'] as string) <= head) {
          late++;
          effectOf(atRestart, command);
        }
        expect(essence(await load.send(command))).toEqual(essence(first));
      }

      // Whatever was stored since the kill before opens: a secret that is missing would be answered with 500.
      const people = new Set(
        [...atRestart.values()].flatMap(({ stream, data: { participants, caller } }) => [
          ...((participants as string[] | undefined) ?? []),
          ...(typeof caller === 'string' ? [caller] : []),
          ...(stream.startsWith('person-') ? [stream.slice('person-'.length)] : []),
        ]),
      );
      const timelines = await Promise.all(
        [...people].map(async (id) => {
          const position = { 'rapport-position': head };
          return (await server.call('sam', 'GET', `/v1/people/${id}/timeline?purpose=customer-service`, undefined, position)).status;
        }),
      );
      expect(timelines.filter((status) => status !== 200)).toEqual([]);
      seen = (await eventsOf(server, seen)).at(-1)!.position;
    }
    // The kills fell into the middle of something, and some answers were lost after the effect.
    expect(lost).toBeGreaterThan(KILLS);
    expect(late).toBeGreaterThan(0);
  });

  it('and in the end each command is there once, and none that was not sent', async () => {
    expect(await server.kill()).toBe(0);
    const events = await eventsOf(server);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);

    // One append a command: its events stand one behind the other in one stream.
    const byCommand = new Map<unknown, StoredEvent[]>();
    for (const event of events) {
      const { commandId } = event.metadata;
      byCommand.set(commandId, [...(byCommand.get(commandId) ?? []), event]);
    }
    for (const of of byCommand.values()) {
      expect(new Set(of.map(({ stream }) => stream)).size).toBe(1);
      expect(of.map(({ revision }) => revision)).toEqual(of.map((_, index) => of[0]!.revision + index));
    }

    const byPosition = new Map(events.map((event) => [event.position, event]));
    const taken = load.sent.filter(({ answer }) => took(answer!)).map((command) => effectOf(byPosition, command).metadata['commandId']);
    expect(new Set(taken).size).toBe(taken.length);
    const stored = events.filter(({ position, metadata }) => position > begun && actionsOfLoad.has(actionOf(metadata)));
    expect(new Set(stored.map(({ metadata }) => metadata['commandId']))).toEqual(new Set(taken));
  });

  it('every value opens, each number and account has one holder, and the read models are what a rebuild makes of the events', async () => {
    const values = await openAll(server);
    expect(values.length).toBeGreaterThan(load.sent.length);
    const numbers = values.filter(({ field }) => field === 'externalNumber').map(({ value }) => JSON.stringify(value));
    expect(new Set(numbers).size).toBe(numbers.length);

    const accounts = new Map(values.filter(({ field }) => field === 'account').map(({ event, value }) => [event.data['signInId'], value]));
    const holders = new Map<string, string>();
    for (const { type, stream, data } of await eventsOf(server)) {
      const account = JSON.stringify(accounts.get(data['signInId']));
      if (type === 'SignInRevoked') holders.delete(account);
      else if (type === 'SignInBound') {
        expect(holders.get(account)).toBeUndefined();
        holders.set(account, stream);
      }
    }
    expect(holders.size).toBeGreaterThan(5);
    expect(await differFromRebuild(server)).toEqual([]);
  });
});

const actionsOfLoad = new Set([
  'AddPerson',
  'CorrectDetails',
  'RecordConversation',
  'TakeNote',
  'OpenCall',
  'AddCommunication',
  'BindSignIn',
  'RecordPersonLeft',
]);
const actionOf = (metadata: StoredEvent['metadata']) => (metadata['decision'] as { action: string }).action;
