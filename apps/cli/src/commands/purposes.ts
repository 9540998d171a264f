/** `purposes`: the register of purposes, from the file in which it is kept. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Purpose } from '@rapport/domain';
import { Command } from 'commander';
import { readConfiguration } from '../../../server/src/configuration';
import { compareRegister, readPurposes } from '../../../server/src/purposes-file';
import { locateServer } from '../server';
import { EXIT, Stop } from '../stop';
import { personToken } from '../token';

interface Options {
  readonly dryRun?: true;
  readonly withdraw?: true;
}

const say = (text: string) => process.stdout.write(`${text}\n`);

export function purposes(): Command {
  const load = new Command('load')
    .description('Declare what is new or changed in a file of purposes.')
    .argument('<file>', 'the register, such as config/purposes.yaml')
    .option('-n, --dry-run', 'say what would be done, and do nothing')
    .option('--withdraw', 'withdraw the purposes that are in force and not in the file')
    .addHelpText('after', HELP)
    .action(run);
  return new Command('purposes').description('What personal data is kept for: the register of purposes.').addCommand(load);
}

const HELP = `
What is the same already is not declared again. A purpose that is not in the file any more stays in force, and is named,
unless --withdraw is given: nothing can be stored or read for a purpose that was withdrawn.

A purpose is declared by the privacy officer, not by a program: RAPPORT_TOKEN is an access token of theirs. With the
development identity provider it is petra. A server that runs on DATA_DIR is used; where none runs, one is started for
as long as it takes. RAPPORT_URL names a server elsewhere.

Ends with 0 when it is done, 2 where the file or the token cannot be used and nothing was done, 3 where the server was
lost: then run it again.`;

async function run(file: string, { dryRun, withdraw }: Options): Promise<void> {
  const declared = readPurposes(read(file), file);
  const server = await locateServer(process.env);
  try {
    const ask = await asOfficer(server.url);
    const { purposes: inForce } = await ask<{ purposes: Purpose[] }>('GET', '/v1/purposes');
    const { declare, unchanged, absent } = compareRegister(declared, inForce);
    const would = dryRun === true ? 'would be ' : '';
    for (const purpose of declare) {
      if (dryRun !== true) await ask('POST', '/v1/purposes', purpose);
      say(`${purpose.slug}: ${would}declared${inForce.some(({ slug }) => slug === purpose.slug) ? ' anew' : ''}`);
    }
    for (const slug of absent) {
      if (withdraw === true && dryRun !== true) await ask('DELETE', `/v1/purposes/${slug}`);
      say(`${slug}: ${withdraw === true ? `${would}withdrawn` : 'in force, but not in the file; --withdraw withdraws it'}`);
    }
    say(`${unchanged.length} of ${declared.length} purposes unchanged.`);
  } finally {
    await server.close();
  }
}

/** @throws Stop where there is no such file */
function read(file: string): string {
  try {
    // npm runs a script in the project's folder, whatever the folder it was called in.
    return readFileSync(resolve(process.env['INIT_CWD'] ?? '.', file), 'utf8');
  } catch (error) {
    throw new Stop(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

type Ask = <T>(method: string, path: string, body?: object) => Promise<T>;

async function asOfficer(url: string): Promise<Ask> {
  const { issuer } = readConfiguration(process.env);
  const token = await personToken(process.env, issuer, url, 'petra');
  return async <T>(method: string, path: string, body?: object): Promise<T> => {
    const headers = {
      authorization: `Bearer ${token}`,
      'idempotency-key': randomUUID(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const answer = await fetch(`${url}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }).catch(
      () => {
        throw new Stop(`The server at ${url} does not answer. Run this again when it does.`, EXIT.broken);
      },
    );
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text) as T;
    throw new Stop(refused(answer.status, text), answer.status >= 500 ? EXIT.broken : EXIT.unusable);
  };
}

function refused(status: number, text: string): string {
  if (status === 401) return 'The server does not accept the token. Set RAPPORT_TOKEN to a current access token of the privacy officer.';
  let detail: unknown;
  try {
    ({ detail } = JSON.parse(text) as { detail?: unknown });
  } catch {
    // Something between here and the server answered, in its own words.
  }
  return `The server answered ${status}${typeof detail === 'string' ? `: ${detail}` : '.'}`;
}
