/**
 * The demonstration: on its first start with the development identity provider, an empty store gets people who do not
 * exist, and something that happened with each of them. It is told by the same commands as everything else.
 *
 * A file beside the store says that it was begun, when, and whether it is complete, so that a start that was killed
 * half-way is completed by the next one. Each command has a key of its own: told again, it has no second effect.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Principal } from '@rapport/access';
import { isInvalid, validate, type InputClass } from '@rapport/kernel';
import { readTimeline } from '@rapport/projections/timeline/timeline';
import type { Edge } from '../edge';
import { DEMO_PEOPLE } from '../identity/development-people';
import type { Rapport } from '../rapport';
import { tell, type Stage } from './story';

interface State {
  readonly begunAt: string;
  readonly complete: boolean;
}

/** How long the first start waits for the read models, in milliseconds. */
const PATIENCE = 30_000;
const DAY = 86_400_000;

export class Demonstration {
  private constructor(
    private readonly file: string,
    /** Of the accounts by which its people sign in. */
    private readonly issuer: string,
    private state: State,
  ) {}

  /**
   * To be called before the stores are opened.
   *
   * @param now ISO 8601, UTC
   * @returns undefined where the store was begun without a demonstration
   */
  static of(dataDir: string, issuer: string, now: string): Demonstration | undefined {
    const file = join(dataDir, 'demonstration.json');
    if (existsSync(file)) return new Demonstration(file, issuer, JSON.parse(readFileSync(file, 'utf8')) as State);
    if (existsSync(join(dataDir, 'vault.db'))) return undefined;
    const begun = new Demonstration(file, issuer, { begunAt: now, complete: false });
    begun.save();
    return begun;
  }

  /**
   * Tells what is not told yet.
   * @returns false where the history is older than the demonstration, so somebody's own: nothing is told there
   * @throws Error where a command is refused
   */
  async complete(rapport: Rapport, edge: Edge): Promise<boolean> {
    if (this.state.complete) return true;
    const [first] = await rapport.store.readAll({ limit: 1 });
    if ((first?.metadata['recordedAt'] as string) < this.state.begunAt) {
      rmSync(this.file);
      return false;
    }
    const stage = this.stage(rapport, edge);
    try {
      const { alice } = await tell(stage);
      await rapport.readModels.waitFor((await rapport.store.head())!, PATIENCE);
      // Last, because each answer is recorded anew: so that Alice sees that somebody looked.
      const query = { personId: alice, purpose: 'customer-service' };
      const asking = { principal: stage.principal('sam'), correlationId: 'demonstration', purpose: query.purpose };
      await rapport.reader.ask(readTimeline, query, asking);
    } catch (error) {
      throw new Error(`The demonstration could not be told: ${(error as Error).message} ${OR_ANOTHER}`, { cause: error });
    }
    this.state = { ...this.state, complete: true };
    this.save();
    return true;
  }

  /** What to print: where it is, who is in it, and a first command for a shell. */
  introduction(url: string, rapport: Rapport): string {
    const width = (of: 'subject' | 'name' | 'about') => Math.max(...DEMO_PEOPLE.map((person) => person[of].length));
    const people = DEMO_PEOPLE.map(({ subject, name, about }) => {
      const id = rapport.authorities.principal({ issuer: this.issuer, subject }, this.state.begunAt)?.id ?? '';
      return `  ${subject.padEnd(width('subject'))}  ${name.padEnd(width('name'))}  ${about.padEnd(width('about'))}  ${id}`;
    });
    return `
Rapport is at ${url}, its API is described at ${url}/docs. The people of the demonstration sign in without a password;
none of them exists:

${people.join('\n')}

What is kept about Alice, as she sees it:

  ${firstCommand(url)}

Start with an empty store instead: DEMO=off DATA_DIR=./another npm start
`;
  }

  private stage(rapport: Rapport, edge: Edge): Stage & { principal(who: string): Principal } {
    const { issuer } = this;
    const begun = Date.parse(this.state.begunAt);
    const principal = (subject: string) => {
      const found = rapport.authorities.principal({ issuer, subject }, new Date().toISOString());
      if (found === undefined) throw new Error(`${subject} is bound to nobody.`);
      return found;
    };
    return {
      issuer,
      principal,
      day: (days) => new Date(begun + days * DAY).toISOString().slice(0, 10),
      ago: (days, hours = 0) => new Date(begun - days * DAY + hours * 3_600_000).toISOString(),
      whoIs: (who) => principal(who).id,
      send: async (who, type, key, fields) => {
        const sender = principal(who);
        const command = validate(type as InputClass, fields);
        if (isInvalid(command))
          throw new Error(`${key}: ${command.violations.map(({ pointer, detail }) => `${pointer} ${detail}`).join(' ')}`);
        const commandId = rapport.vault.commandId([sender.id, 'demonstration', key]);
        try {
          return (await edge.execute(command, sender, { commandId, correlationId: 'demonstration' })).id;
        } catch (cause) {
          throw new Error(`${key}: ${(cause as Error).message}`, { cause });
        }
      },
    };
  }

  private save(): void {
    const written = `${this.file}.new`;
    writeFileSync(written, JSON.stringify(this.state), { mode: 0o600 });
    renameSync(written, this.file);
  }
}

const OR_ANOTHER = 'Or begin anew: DATA_DIR=./another npm start';

/** One line for a shell: what the demo person alice sees of herself. */
export function firstCommand(url: string): string {
  const grant = '-d grant_type=urn:rapport:demo-person -d client_id=demo -d person=alice';
  const token = String.raw`$(curl -s ${url}/identity/token ${grant} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`;
  return `curl -s ${url}/v1/people/me/data -H "Authorization: Bearer ${token}"`;
}
