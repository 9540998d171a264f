/** `rebuild`: all read models anew, from the first event. */
import { rebuild as rebuildReadModels } from '@rapport/read-model';
import { declarations, projections } from '@rapport/projections';
import { Command } from 'commander';
import { Progress } from '../progress';
import { withStores } from '../stores';

export function rebuild(): Command {
  return new Command('rebuild')
    .description('Build all read models anew from the events.')
    .addHelpText(
      'after',
      `
They are built beside those there are and put into place in one step: whenever this is interrupted, the old ones are
still there. Nothing is lost or sent. The server must not run meanwhile; it needs no rebuild after an update, because it
builds what has changed by itself.`,
    )
    .action(run);
}

async function run(): Promise<void> {
  await withStores(async ({ store, readModelFile }) => {
    const progress = new Progress('Rebuilding', 'events');
    const { events } = await rebuildReadModels({
      store,
      file: readModelFile,
      projections,
      declarations,
      onProgress: (count) => progress.at(count),
    });
    progress.end();
    process.stdout.write(`All read models are built anew from ${events.toLocaleString('en')} events.\n`);
  });
}
