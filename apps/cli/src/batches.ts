/** Commands sent to `POST /v1/batch`, and sent again where the answer was lost: their keys make it one effect. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Server } from './server';
import { duration } from './progress';
import { EXIT, Stop } from './stop';

export interface Line {
  readonly command: string;
  /** Idempotency-Key: the same for the same command in every run. */
  readonly key: string;
  readonly body: object;
}

/** A problem document (RFC 9457), as far as it is used here. */
export interface Problem {
  readonly type?: string;
  readonly detail?: string;
  readonly reason?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export interface Answer {
  readonly status: number;
  readonly id?: string;
  readonly changed?: boolean;
  readonly position?: string;
  readonly problem?: Problem;
}

export interface BatchOptions {
  /** How long a server that does not answer is waited for, in milliseconds. */
  readonly patience?: number;
  /** How often a line is sent that the server fails at (500): then it is refused. */
  readonly tries?: number;
}

const LONGEST_PAUSE = 5_000;

/** The request did not get through, or its answer broke off. */
class Broken extends Error {}

export class Batches {
  private readonly patience: number;
  private readonly tries: number;

  constructor(
    private readonly server: Server,
    { patience = 120_000, tries = 3 }: BatchOptions = {},
  ) {
    this.patience = patience;
    this.tries = tries;
  }

  /**
   * Sends lines in their order and waits for every answer. From the first one that is missing, or that the server
   * could not carry out, all that follow are sent again, so that lines about one record keep their order.
   *
   * @returns an answer a line
   * @throws Stop where the server cannot be reached for long, or lets the service do nothing at all
   */
  async send(lines: readonly Line[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    let failures = 0;
    const faults = { line: -1, count: 0 };
    const isHopeless = ({ status }: Answer) => {
      if (status !== 500) return false;
      faults.count = faults.line === answers.length ? faults.count + 1 : 1;
      faults.line = answers.length;
      return faults.count >= this.tries;
    };
    for (let waitingSince: number | undefined; answers.length < lines.length;) {
      const before = answers.length;
      let why = '';
      try {
        for await (const answer of this.post(lines.slice(before))) {
          if (mayPass(answer) && !isHopeless(answer)) {
            why = answer.problem?.detail ?? `It answers ${answer.status}.`;
            break;
          }
          answers.push(answer);
        }
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        why = error.message;
      }
      if (answers.length > before) [waitingSince, failures] = [undefined, 0];
      if (answers.length === lines.length) break;
      waitingSince ??= Date.now();
      if (Date.now() - waitingSince > this.patience) {
        throw new Stop(
          `${this.server.url} did not take anything for ${duration(this.patience / 1000)}. ${why} Run the command again: it goes on.`,
          EXIT.broken,
        );
      }
      await pause(Math.min(LONGEST_PAUSE, 100 * 2 ** failures++));
    }
    return answers;
  }

  /** The answers to these lines as they come. @throws Broken, Stop */
  private async *post(lines: readonly Line[]): AsyncGenerator<Answer> {
    const response = await this.request(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    if (!response.ok) throw await this.refused(response);
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body!) {
        rest += decoder.decode(chunk as Uint8Array, { stream: true });
        for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
          const answer = JSON.parse(rest.slice(0, end)) as Answer;
          rest = rest.slice(end + 1);
          yield answer;
        }
      }
    } catch (error) {
      throw new Broken('Its answer broke off.', { cause: error });
    }
  }

  private async request(body: string): Promise<Response> {
    const headers = { authorization: `Bearer ${await this.server.tokens.get()}`, 'content-type': 'application/x-ndjson' };
    try {
      return await fetch(`${this.server.url}/v1/batch`, { method: 'POST', headers, body });
    } catch (error) {
      const code = (error as { cause?: { code?: unknown } }).cause?.code;
      throw new Broken(`The connection fails${typeof code === 'string' ? ` (${code})` : ''}.`, { cause: error });
    }
  }

  /** Why a whole batch was not taken. */
  private async refused(response: Response): Promise<Error> {
    const problem = (await response.json().catch(() => ({}))) as Problem;
    if (response.status === 401) {
      this.server.tokens.renew();
      return new Broken('It does not accept the access token: its issuer, audience and clock must be those of this command.');
    }
    if (response.status === 403 && problem.reason === 'account-unknown') return new Stop(this.unregistered());
    if (response.status >= 500 || response.status === 408 || response.status === 429)
      return new Broken(problem.detail ?? `It answers ${response.status}.`);
    return new Stop(`${this.server.url} does not take commands: ${problem.detail ?? `it answers ${response.status}.`}`, EXIT.broken);
  }

  private unregistered(): string {
    const { issuer, client } = this.server.tokens.account;
    const body = JSON.stringify({ name: 'import', issuer, client, purposes: ['…'] });
    return `The service ${client} is not registered. The privacy officer registers it, with the purposes it may act for:\n  POST ${this.server.url}/v1/services ${body}`;
  }
}

/** What may be otherwise a moment later. */
function mayPass({ status, problem }: Answer): boolean {
  return status >= 500 || status === 429 || problem?.type === '/problems/concurrent-change';
}
