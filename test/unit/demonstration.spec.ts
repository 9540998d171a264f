/** The demonstration is told once, whatever keeps it from being told in one go. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Demonstration } from '../../apps/server/src/demo/demonstration';
import type { Edge } from '../../apps/server/src/edge';
import type { Rapport } from '../../apps/server/src/rapport';
import { ISSUER, World } from './world';

jest.setTimeout(180_000);

const LATER = '2026-04-02T09:00:00.000Z';

describe('The demonstration', () => {
  let folder: string;
  let world: World;
  let looks: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rapport-demo-'));
    world = await World.open();
    await world.colleague('petra', 'privacy-officer');
    looks = 0;
  });
  afterEach(async () => {
    await world.close();
    rmSync(folder, { recursive: true });
  });

  const begin = () => Demonstration.of(folder, ISSUER, world.now);

  /** As a process that was just started. The read models and what is asked of them are doubles. */
  const complete = (demonstration = begin()!) => {
    const funnel = world.newFunnel();
    const edge = {
      execute: (command: object, principal: never, envelope: object) => funnel.execute(command, { principal, ...envelope } as never),
    };
    const { vault, authorities } = world;
    const rapport = {
      vault,
      authorities,
      store: world.line.store,
      readModels: { waitFor: async () => undefined },
      reader: { ask: async () => void looks++ },
    };
    return demonstration.complete(rapport as unknown as Rapport, edge as unknown as Edge);
  };

  /** The types of the events of each stream, without the ids. */
  const told = async () => {
    const streams = new Map<string, string[]>();
    for (const { stream, type } of await world.line.real.readAll({ limit: 10_000 })) {
      streams.set(stream, [...(streams.get(stream) ?? []), type]);
    }
    return [...streams].map(([stream, types]) => `${stream.split('-')[0]}: ${types.join(' ')}`).sort();
  };

  it('is told once, and not again at the next start', async () => {
    expect(await complete()).toBe(true);
    const head = await world.line.real.head();
    expect((await told()).length).toBeGreaterThan(15);
    await complete();
    expect(await world.line.real.head()).toBe(head);
    expect(looks).toBe(1);
  });

  it('is completed by the next start where it was killed, wherever that was, also days later', async () => {
    await complete();
    const whole = await told();

    // Before an append, and after it, before anybody heard of it.
    for (const [moment, count] of [...[0, 7, 50].map((n) => ['before', n] as const), ...[0, 33].map((n) => ['after', n] as const)]) {
      await world.close();
      world = await World.open();
      await world.colleague('petra', 'privacy-officer');
      rmSync(join(folder, 'demonstration.json'));
      const begun = begin()!;
      let left = count;
      world.line[moment] = () => {
        if (left-- <= 0) throw new Error('killed');
      };
      await expect(complete(begun)).rejects.toThrow(/could not be told: .*killed.* begin anew/);
      world.line[moment] = () => undefined;
      world.now = LATER;
      expect(await told()).not.toEqual(whole);
      await complete();
      expect(await told()).toEqual(whole);
    }
  });

  it('is for a store that was begun with it', () => {
    writeFileSync(join(folder, 'vault.db'), '');
    expect(begin()).toBeUndefined();
  });

  it('is not told into a history that is older', async () => {
    const begun = Demonstration.of(folder, ISSUER, LATER)!;
    const head = await world.line.real.head();
    expect(await complete(begun)).toBe(false);
    expect(await world.line.real.head()).toBe(head);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps nothing but when it was begun', async () => {
    await complete();
    const state = JSON.parse(readFileSync(join(folder, 'demonstration.json'), 'utf8')) as object;
    expect(state).toEqual({ begunAt: '2026-03-31T10:00:00.000Z', complete: true });
  });
});
