/** Several clients that send commands of all kinds, each with a key of its own, and remember every answer. */
import type { Answer, TestServer } from '../http/server';

export interface Sent {
  readonly key: string;
  readonly by: string;
  readonly method: string;
  readonly path: string;
  readonly body: object;
  /** Undefined as long as nothing was answered: then whether it had an effect is not known. */
  answer?: Answer;
}

/** Numbers that are the same in every run: where a kill falls may differ, what is sent does not. */
export function sequence(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export const about = { purpose: 'customer-service', source: 'data-subject' };
const MOST = 2_000;

/** What the clients know of, to send further commands about. */
export class Load {
  readonly sent: Sent[] = [];
  private readonly people: string[] = [];
  private readonly conversations: string[] = [];
  private readonly calls: string[] = [];
  private numbers = 0;

  constructor(
    private readonly server: TestServer,
    private readonly random: (below: number) => number,
  ) {}

  /**
   * Sends from several clients at once until so many commands are answered, and then ends the server while others are
   * under way. @returns what was sent
   */
  async untilKilled(clients: number, answered: number): Promise<Sent[]> {
    const from = this.sent.length;
    let left = answered;
    const client = async () => {
      while (left > 0 && this.sent.length - from < MOST) {
        const command = this.next();
        this.sent.push(command);
        try {
          await this.send(command);
        } catch (error) {
          if ((error as Error).name !== 'TypeError') throw error;
          return; // What fetch throws where the connection breaks: the server is gone.
        }
        if (--left === 0) this.server.signal('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    await this.server.kill('SIGKILL');
    return this.sent.slice(from);
  }

  /** Sends a command, again or for the first time. */
  async send(command: Sent): Promise<Answer> {
    const { by, method, path, body, key } = command;
    const answer = await this.server.call(by, method, path, body, { 'idempotency-key': `"${key}"` });
    if (command.answer === undefined) {
      command.answer = answer;
      this.learn(command, answer);
    }
    return answer;
  }

  private learn({ path }: Sent, { status, body: { id } }: Answer): void {
    if (status !== 201 || typeof id !== 'string') return;
    if (path === '/v1/people') this.people.push(id);
    else if (path === '/v1/conversations') this.conversations.push(id);
    else if (path === '/v1/calls') this.calls.push(id);
  }

  private next(): Sent {
    const n = this.sent.length;
    const any = <T>(of: readonly T[]) => of[this.random(of.length)];
    const person = any(this.people);
    const [conversation, call] = [any(this.conversations), any(this.calls)];
    const text = `Number ${n}: ${'what was said '.repeat(1 + this.random(20))}`;
    const make = (by: string, method: string, path: string, body: object): Sent => ({ key: `load-${n}`, by, method, path, body });
    const added = () =>
      make('petra', 'POST', '/v1/people', {
        ...about,
        relationship: 'customer',
        name: `Person ${n}`,
        email: `person.${n}@example.org`,
        externalSystem: 'desk',
        // Now and then a number that somebody has already: that is refused, and stays refused.
        externalNumber: `D${this.numbers > 0 && this.random(8) === 0 ? this.random(this.numbers) : this.numbers++}`,
      });
    if (person === undefined) return added();
    switch (this.random(10)) {
      case 0:
      case 1:
        return added();
      case 2:
        return make('petra', 'PATCH', `/v1/people/${person}`, { ...about, telephone: `+31 20 555 ${String(n).padStart(4, '0')}` });
      case 3:
        return make('sam', 'POST', '/v1/conversations', {
          ...about,
          participants: [...new Set([person, any(this.people)!])],
          medium: 'telephone',
          subject: `Conversation ${n}`,
          note: text,
        });
      case 4:
        return make('sam', 'POST', '/v1/calls', { ...about, caller: person, medium: 'telephone', subject: `Call ${n}`, description: text });
      case 5:
        return call === undefined
          ? added()
          : make('sam', 'POST', `/v1/calls/${call}/communications`, { ...about, direction: 'to-caller', text });
      case 6:
        // Few accounts: most are held by somebody; who leaves frees theirs.
        return make('petra', 'POST', `/v1/people/${person}/sign-ins`, {
          ...about,
          issuer: 'https://id.example',
          subject: `subject-${this.random(40)}`,
        });
      case 7:
        return this.random(3) > 0 ? added() : make('petra', 'POST', `/v1/people/${person}/leave`, {});
      default:
        return conversation === undefined ? added() : make('sam', 'POST', `/v1/conversations/${conversation}/notes`, { ...about, text });
    }
  }
}
