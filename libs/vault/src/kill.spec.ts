/** The same in processes of their own, which are killed at whatever they are doing. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Sealed } from '@rapport/kernel/events';
import { loadKeyRing } from './key-file';
import { Place, useOf, uuid } from './spec/place';

jest.setTimeout(60_000);

type Line = 'open' | { value: string; sealed: Sealed } | { rotated: number } | { error: string };

/** Runs the child until it has said so many lines, kills it, and returns them all. */
async function run(place: Place, work: string, until: number): Promise<Line[]> {
  const args = ['--require', '@swc-node/register', join(__dirname, 'spec', 'child.ts'), work, place.file, place.keyFile];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: Line[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => {
    lines.push(JSON.parse(line) as Line);
    if (lines.length === until) child.kill('SIGKILL');
  });
  await new Promise((resolve) => reader.once('close', resolve));
  return lines;
}

describe('A vault whose process is killed', () => {
  let place: Place;
  beforeEach(() => (place = new Place({ reserve: 8 })));
  afterEach(() => place.close());

  it('while it seals: whatever was sealed and is in an event opens', async () => {
    const all: { value: string; sealed: Sealed }[] = [];
    for (const until of [2, 9, 30]) {
      place.vault.close();
      const lines = await run(place, 'seal', until);
      const said = lines.filter((line): line is { value: string; sealed: Sealed } => typeof line === 'object' && 'sealed' in line);
      expect(said.length).toBeGreaterThanOrEqual(until - 1);
      all.push(...said);
      place.crash();
      expect(place.vault.unswept).toBeDefined();
      place.vault.sweep(said.map(({ sealed }) => useOf('person-1', sealed)));
      expect(all.map(({ sealed }) => place.vault.open(sealed))).toEqual(all.map(({ value }) => value));
    }
  });

  it('while it rotates: every key opens with the key file as it is then', async () => {
    for (let n = 0; n < 300; n++) place.vault.createOwner(uuid(n));
    const sealed = Array.from({ length: 300 }, (_, n) => place.seal('person-1', uuid(1_000 + n), uuid(n), n));
    for (const until of [3, 7]) {
      place.vault.close();
      expect((await run(place, 'rotate', until)).length).toBeGreaterThanOrEqual(until);
      place.crash();
      expect(sealed.map((each) => place.vault.open(each))).toEqual(sealed.map((_, n) => n));
      const { epochs } = loadKeyRing(place.keyFile);
      expect(place.vault.epochsInUse().every((epoch) => epochs.includes(epoch))).toBe(true);
    }
  });

  it('lets nobody else in as long as it lives', async () => {
    expect(await run(place, 'open', 9)).toEqual([{ error: 'VaultInUse' }]);
    place.vault.close();
    expect(await run(place, 'open', 9)).toEqual(['open']);
  });
});
