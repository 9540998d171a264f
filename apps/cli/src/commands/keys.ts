/** `keys`: the key-encryption keys, which wrap every key of the vault and are kept apart from it. */
import { createInterface } from 'node:readline/promises';
import { addEpoch, dropEpoch, loadKeyRing, pooledRandom } from '@rapport/vault';
import { Command, InvalidArgumentError } from 'commander';
import { Stop } from '../stop';
import { withStores } from '../stores';

const say = (text: string) => process.stdout.write(`${text}\n`);

export function keys(): Command {
  const group = new Command('keys').description('The key-encryption keys, kept in RAPPORT_KEY_FILE: list, rotate, destroy.').addHelpText(
    'after',
    `
Every key in the vault is wrapped by a key-encryption key. Each of those is an epoch: a line of the key file. Rotating
adds an epoch and wraps every key of the vault anew with it; events and read models stay as they are. An older epoch is
needed only by older copies of the vault: destroy it once the backups that were made before the rotation are gone.

The server must not run meanwhile. An interrupted rotation is finished by running it again.`,
  );
  group.command('list').description('Show the epochs, and which of them the vault needs.').action(list);
  group.command('rotate').description('Add an epoch and wrap every key of the vault anew with it.').action(rotate);
  group
    .command('drop')
    .description('Destroy an epoch that the vault no longer needs. Copies of the vault that need it can never be opened again.')
    .argument('<epoch>', 'its number, as `keys list` shows it', epochNumber)
    .option('--yes', 'do not ask')
    .action(drop);
  return group;
}

function epochNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('The number of an epoch is expected, such as 1.');
  return Number(text);
}

async function list(): Promise<void> {
  await withStores(({ vault, keyFile }) => {
    const { epochs, current } = loadKeyRing(keyFile);
    const needed = vault.epochsInUse();
    say(`Key file: ${keyFile}`);
    for (const epoch of epochs) {
      const state = [...(epoch === current ? ['current'] : []), needed.includes(epoch) ? 'needed by the vault' : 'not needed by the vault'];
      say(`  epoch ${epoch}: ${state.join(', ')}`);
    }
  });
}

/** Adds no further epoch where an earlier rotation was interrupted: that one is finished. */
async function rotate(): Promise<void> {
  await withStores(({ vault, keyFile }) => {
    const before = loadKeyRing(keyFile);
    const unfinished = vault.epochsInUse().some((epoch) => epoch !== before.current);
    say(unfinished ? `Finishing the rotation to epoch ${before.current}.` : `Adding an epoch to ${keyFile}.`);
    const ring = unfinished ? before : addEpoch(keyFile, pooledRandom());
    const rewrapped = vault.rotate(ring);
    const older = ring.epochs.filter((epoch) => epoch !== ring.current);
    say(`${rewrapped.toLocaleString('en')} keys are wrapped anew: the vault needs epoch ${ring.current} and no other.`);
    say('Back up the key file now, apart from the data.');
    say(`Once no backup of the vault from before this rotation is left: ${older.map((epoch) => `keys drop ${epoch}`).join(', ')}`);
  });
}

async function drop(epoch: number, { yes }: { yes?: true }): Promise<void> {
  await withStores(async ({ vault, keyFile }) => {
    const { epochs, current } = loadKeyRing(keyFile);
    const needed = vault.epochsInUse();
    if (!epochs.includes(epoch)) throw new Stop(`${keyFile} has no epoch ${epoch}: it has ${epochs.join(', ')}.`);
    if (epoch === current) throw new Stop(`Epoch ${epoch} is the current one. Rotate first: keys rotate`);
    if (needed.includes(epoch)) throw new Stop(`The vault still needs epoch ${epoch}. Finish the rotation first: keys rotate`);
    if (yes !== true) await confirm(epoch);
    dropEpoch(keyFile, epoch, needed);
    say(`Epoch ${epoch} is destroyed. Destroy it in the backups of the key file as well.`);
  });
}

async function confirm(epoch: number): Promise<void> {
  if (!process.stdin.isTTY) throw new Stop('Nothing was destroyed: add --yes to destroy without being asked.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `Every backup of the vault from before epoch ${epoch} was rotated out becomes unreadable, for good. Type ${epoch} to destroy it: `,
  );
  terminal.close();
  if (answer.trim() !== String(epoch)) throw new Stop('Nothing was destroyed.');
}
