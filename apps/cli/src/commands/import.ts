/** `import`: what other systems kept, through the same commands as everything else. */
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { IANAZone } from 'luxon';
import { Command } from 'commander';
import { callPlanner, CALLS } from '../import/calls';
import { readMapping, readyMappings, type Mapping, type Target } from '../import/mapping';
import { rehearse, runImport, type Import, type Summary } from '../import/run';
import { duration } from '../progress';
import { reachServer } from '../server';
import { EXIT, Stop } from '../stop';

interface Options {
  readonly mapping: string;
  readonly purpose?: string;
  readonly timeZone?: string;
  readonly rejects?: string;
  readonly dryRun?: true;
}

const say = (text: string) => process.stdout.write(`${text}\n`);
const amount = (count: number) => count.toLocaleString('en');
const are = (count: number, one: string, many: string) => (count === 1 ? `1 ${one} is` : `${amount(count)} ${many} are`);

export function importing(): Command {
  const group = new Command('import').description('Bring in what another system kept.');
  const calls = new Command('calls').description('Import the history of a service desk: one row a change of a call.');
  return group.addCommand(
    withOptions(calls, 'servicenow').action((file: string, options: Options) =>
      run(file, options, { unit: 'calls', target: CALLS, planner: callPlanner }),
    ),
  );
}

function withOptions(command: Command, mapping: string): Command {
  return command
    .argument('<file>', 'the CSV file')
    .option('-m, --mapping <name|file>', `how the file is read; ready: ${readyMappings().join(', ')}`, mapping)
    .option('-p, --purpose <slug>', 'the purpose the values are kept for, instead of the mapping’s')
    .option('-z, --time-zone <name>', 'whose clock the times are of (Europe/Amsterdam), instead of the mapping’s')
    .option('-r, --rejects <file>', 'where rejected rows go; else beside the file, under a name that is free')
    .option('-n, --dry-run', 'read and check every row, send nothing')
    .addHelpText('after', HELP);
}

const HELP = `
Everybody the file names is added first, then its rows, in batches. A server that runs on DATA_DIR is used; where none
runs, one is started for as long as it takes. RAPPORT_URL names a server elsewhere. The command acts as a service, with
RAPPORT_CLIENT_ID and RAPPORT_CLIENT_SECRET; the development identity provider knows the service "import". The privacy
officer registers the service and allows it the purpose.

The same file again changes nothing: a row is imported once, however often it is sent. Interrupted, by whatever, run the
same command again: it goes on. A row that cannot be imported goes to the rejects file, as it was, with line, column and
reason before it; correct it there and import that file. It is readable by you only, and holds people's data: delete it
when you are done. Rows read = imported + unchanged + rejected. Times are the file's own; what is recorded says also when
it was imported.

A mapping is a YAML file: copy one from config/mappings and change what is different in your file.

Ends with 0 where every row is in, 1 where rows were rejected, 2 where the file, the mapping or the service cannot be
used and nothing was sent, 3 where the server was lost and 130 where it was interrupted: then run it again.

Examples:
  npm run rapport -- import calls incidents.csv --dry-run
  npm run rapport -- import calls incidents.csv --mapping our-desk.yaml --time-zone Europe/Amsterdam`;

interface Kind {
  readonly unit: string;
  readonly target: Target;
  planner(mapping: Mapping): Import['plan'];
}

async function run(file: string, options: Options, { unit, target, planner }: Kind): Promise<void> {
  const path = fromHere(file);
  checkFile(path, file);
  const mapping = adjusted(readMapping(fromHereIfFile(options.mapping), target), options);
  const rejects = options.rejects === undefined ? undefined : fromHere(options.rejects);
  const work: Import = { file: path, mapping, unit, rejects, plan: planner(mapping) };
  const summary = options.dryRun === true ? await dryRun(work) : await realRun(work);
  process.exitCode = summary.rejected > 0 ? EXIT.rejects : EXIT.done;
}

async function realRun(work: Import): Promise<Summary> {
  const startedAt = performance.now();
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    process.stderr.write('\nEnding after this batch; interrupt again to end at once.\n');
  };
  process.once('SIGINT', interrupt);
  const server = await reachServer(process.env);
  try {
    const summary = await runImport(work, server, () => interrupted);
    const seconds = (performance.now() - startedAt) / 1000;
    const { rows, imported, unchanged, rejected, peopleAdded, peopleKnown } = summary;
    say(`${amount(rows)} rows read: ${amount(imported)} imported, ${amount(unchanged)} unchanged, ${amount(rejected)} rejected.`);
    say(`${amount(peopleAdded + peopleKnown)} people named: ${amount(peopleAdded)} added, ${amount(peopleKnown)} known before.`);
    tellUnread(summary);
    tellRejects(summary);
    say(`It took ${duration(seconds)}, ${amount(Math.round(rows / seconds))} rows/s.`);
    return summary;
  } finally {
    process.off('SIGINT', interrupt);
    await server.close();
  }
}

const SHOWN = 20;

async function dryRun(work: Import): Promise<Summary> {
  let shown = 0;
  const summary = await rehearse(work, ({ line }, { column, reason }) => {
    if (shown++ < SHOWN) say(`line ${line}${column === undefined ? '' : `, ${column}`}: ${reason}`);
  });
  const { rows, rejected, peopleAdded } = summary;
  if (rejected > SHOWN) say(`… and ${amount(rejected - SHOWN)} more; --rejects FILE writes all of them.`);
  say(`${amount(rows)} rows read: ${amount(rows - rejected)} would be sent, ${amount(rejected)} rejected.`);
  say(`${are(peopleAdded, 'person', 'people')} named. Who and what is known already, the server knows: nothing was sent.`);
  tellUnread(summary);
  tellRejects(summary);
  return summary;
}

function tellUnread({ unread }: Summary): void {
  if (unread > 0) say(`${are(unread, 'column', 'columns')} not read: the mapping names no use for ${unread === 1 ? 'it' : 'them'}.`);
}

function tellRejects({ rejectsFile }: Summary): void {
  if (rejectsFile === undefined) return;
  say(`Rejected rows, with line, column and reason: ${rejectsFile}`);
  say('Correct them there and import that file. It holds people’s data and is readable by you only: delete it when you are done.');
}

/** npm runs commands in the project’s folder; names of files are meant from where the user is. */
const fromHere = (file: string) => resolve(process.env['INIT_CWD'] ?? '', file);
const fromHereIfFile = (mapping: string) => (readyMappings().includes(mapping) ? mapping : fromHere(mapping));

function checkFile(path: string, named: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Stop(`There is no file ${named}.`);
  // It is read twice: whom it names, then its rows.
  if (!found.isFile()) throw new Stop(`${basename(named)} is no file that can be read twice.`);
}

function adjusted(mapping: Mapping, { purpose = mapping.purpose, timeZone = mapping.dates.timeZone }: Options): Mapping {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(purpose))
    throw new Stop('--purpose is expected as the register names it: lower-case letters, digits and hyphens.');
  if (!IANAZone.isValidZone(timeZone))
    throw new Stop('--time-zone is expected as a name of the IANA database, such as UTC or Europe/Amsterdam.');
  return { ...mapping, purpose, dates: { ...mapping.dates, timeZone } };
}
