/** The operator's command: `npm run rapport -- …`. Each command is a file in `commands/`; here they are only listed. */
import 'reflect-metadata';
import { Command } from 'commander';
import { importing } from './commands/import';
import { keys } from './commands/keys';
import { purposes } from './commands/purposes';
import { rebuild } from './commands/rebuild';
import { explain } from './errors';

const program = new Command('rapport')
  .description('What an operator of Rapport does from the command line.')
  .showHelpAfterError('Add --help to see how it is used.')
  .configureHelp({ sortSubcommands: true })
  .addHelpText(
    'after',
    '\nThe configuration is that of the server: DATA_DIR, EVENT_STORE_URL, RAPPORT_KEY_FILE, OIDC_ISSUER … (docs/operations.md).',
  )
  .exitOverride();

/** Commander hands its settings down only to commands that are made on the spot. */
function inherit(command: Command, from: Command): Command {
  command.copyInheritedSettings(from);
  for (const below of command.commands) inherit(below, command);
  return command;
}
for (const command of [importing(), keys(), purposes(), rebuild()]) program.addCommand(inherit(command, program));

program.parseAsync().catch((error: unknown) => {
  const { message, exitCode } = explain(error);
  if (message !== undefined) process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
});
