/** Doubles of a Rapport server and of its tokens: they answer batches as a test tells them to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, Line } from '../batches';
import type { Server } from '../server';
import type { TokenSource } from '../token';

export type Behavior = (lines: readonly Line[], response: ServerResponse, token: string) => void;

export class ServerDouble implements Server {
  /** What came in, a batch an entry. */
  readonly batches: (readonly Line[])[] = [];
  readonly tokens: TokenSource;
  private token = 1;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    private readonly behaviors: Behavior[],
  ) {
    this.tokens = {
      get: async () => `token ${this.token}`,
      renew: () => void this.token++,
      account: { issuer: 'https://issuer.example', client: 'importer' },
    } as unknown as TokenSource;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.take(request, response));
  }

  /** @param behaviors one for each batch that comes; after the last it answers every line with `done` */
  static async start(...behaviors: Behavior[]): Promise<ServerDouble> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ServerDouble(server, behaviors);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString();
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    this.batches.push(lines);
    (this.behaviors.shift() ?? answering(done))(lines, response, request.headers.authorization ?? '');
  }
}

export const done: Answer = { status: 201, changed: true, position: '0'.repeat(32) };

/** Answers the lines one after the other with these, the rest with the last. @param cut breaks off after as many */
export const answering =
  (...answers: readonly Answer[]): Behavior =>
  (lines, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.end(lines.map((_, index) => `${JSON.stringify(answers[index] ?? answers.at(-1))}\n`).join(''));
  };

/** Answers as many lines, and a half, and breaks off. */
export const cutAfter =
  (count: number): Behavior =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write(`${JSON.stringify(done)}\n`.repeat(count) + JSON.stringify(done).slice(0, 10), () => response.destroy());
  };

/** Refuses the whole batch. */
export const refusing =
  (status: number, problem: object): Behavior =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(problem));
  };
