/**
 * Sends requests over keep-alive connections and measures the answers: a process of its own, so that what it costs is
 * no part of what is measured. Each connection sends its next request when the last one is answered.
 *
 * Requests are written to the socket as bytes: a general client costs more time than the routes that are measured,
 * and would be what is measured then.
 */
import { connect, type Socket } from 'node:net';
import type { LoadReport, LoadRequest, LoadTask } from './load';

const HEAD_END = Buffer.from('\r\n\r\n');

class Load {
  private sent = 0;
  private answered = 0;
  private failed = 0;
  private firstFailure: string | undefined;
  private position = '';
  private readonly latencies: number[] = [];
  private open: number;
  private started = 0;
  private ended = 0;

  constructor(
    private readonly task: LoadTask,
    private readonly done: (report: LoadReport) => void,
  ) {
    this.open = task.connections;
  }

  async start(): Promise<void> {
    const sockets = await Promise.all(Array.from({ length: this.task.connections }, () => this.connect()));
    this.started = performance.now();
    for (const socket of sockets) this.converse(socket);
  }

  private connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.task.port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(socket));
    });
  }

  private get isOver(): boolean {
    const { count, seconds } = this.task;
    return (count !== undefined && this.sent >= count) || (seconds !== undefined && performance.now() - this.started >= seconds * 1000);
  }

  private converse(socket: Socket): void {
    let received: Buffer = Buffer.alloc(0);
    let sentAt = 0;
    const next = () => {
      if (this.isOver) return this.finish(socket);
      const number = this.sent++;
      const { requests, prefix } = this.task;
      const text = written(requests[number % requests.length]!, `${prefix}-${number}`);
      sentAt = performance.now();
      socket.write(text);
    };
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const headEnd = received.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = received.toString('latin1', 0, headEnd);
      const end = headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
      if (Number.isNaN(end)) throw new Error(`An answer without a length: ${head}`);
      if (received.length < end) return;
      this.latencies.push(performance.now() - sentAt);
      this.hear(head, received.toString('utf8', headEnd + 4, end));
      received = received.subarray(end);
      next();
    });
    socket.on('error', (error) => this.fail(error.message));
    next();
  }

  private hear(head: string, body: string): void {
    this.ended = performance.now();
    if (!/^HTTP\/1\.1 20[01] /.test(head)) return this.fail(`${head.slice(0, head.indexOf('\r'))} ${body}`);
    this.answered++;
    const position = /\r\nrapport-position: ([0-9a-f]{32})/i.exec(head)?.[1];
    if (position !== undefined && position > this.position) this.position = position;
  }

  private fail(what: string): void {
    this.failed++;
    this.firstFailure ??= what;
  }

  private finish(socket: Socket): void {
    socket.removeAllListeners('error').on('error', () => undefined);
    socket.end();
    if (--this.open > 0) return;
    const { answered, failed, firstFailure, position, latencies } = this;
    this.done({ answered, failed, firstFailure, position, latencies, milliseconds: this.ended - this.started });
  }
}

function written({ method, path, token, body }: LoadRequest, key: string): string {
  const auth = token === undefined ? '' : `authorization: Bearer ${token}\r\n`;
  if (body === undefined) return `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${auth}\r\n`;
  return (
    `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${auth}content-type: application/json\r\nidempotency-key: "${key}"\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

process.on('message', (task: LoadTask) => {
  void new Load(task, (report) => process.send!(report)).start();
});
