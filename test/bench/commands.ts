/** How fast a command is: through everything a command goes through, beside a bare route that writes the same bytes. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventStore } from '@rapport/event-store';
import type { BareTask } from './bare.child';
import { inTurns, median, quantile, type Benchmark, type Measured, type Options } from './benchmark';
import { LoadGenerator, type LoadReport, type LoadRequest } from './load';
import { about, enroll, sendAll } from './seed';
import { freePort, Issuer, MeasuredServer } from './server';

const CONNECTIONS = 64;
const SECONDS = 4;
const CONVERSATIONS = 1_000;
const TEXT =
  'They asked whether the delivery of next week can be moved to the afternoon, because nobody is there before noon. ' +
  'Promised to ask the planner and to come back to it; they prefer to be called.';

/** Both servers, with conversations in the one and as many bytes to write in the other. */
class Setting {
  private constructor(
    private readonly server: MeasuredServer,
    private readonly bare: ChildProcess,
    private readonly bareFolder: string,
    private readonly barePort: number,
    private readonly load: LoadGenerator,
    private readonly requests: readonly LoadRequest[],
  ) {}

  static async open(): Promise<Setting> {
    const server = await MeasuredServer.create(await Issuer.start());
    const load = new LoadGenerator();
    await server.start();
    const token = await enroll(server);
    const customers = Array.from({ length: CONVERSATIONS }, (_, n) => ({ ...about, relationship: 'customer', name: `Customer ${n}` }));
    const people = await sendAll(server, token, '/v1/people', customers);
    const conversations = people.map((person) => ({ ...about, participants: [person], medium: 'telephone', subject: 'Delivery' }));
    const requests = (await sendAll(server, token, '/v1/conversations', conversations)).map((id) => ({
      method: 'POST',
      path: `/v1/conversations/${id}/notes`,
      token,
      body: JSON.stringify({ ...about, text: TEXT }),
    }));
    const warmUp = { connections: CONNECTIONS, requests, count: 4 * CONVERSATIONS };
    await load.run({ port: server.port, ...warmUp });

    const bareFolder = mkdtempSync(join(tmpdir(), 'rapport-bare-'));
    const barePort = await freePort();
    const bare = fork(join(__dirname, 'bare.child'));
    const task: BareTask = { file: join(bareFolder, 'events.db'), port: barePort, ...(await lastEvent(server)) };
    bare.send(task);
    await once(bare, 'message');
    await load.run({ port: barePort, ...warmUp });
    return new Setting(server, bare, bareFolder, barePort, load, requests);
  }

  /** Commands a second, from the first request until every read model shows the last of them. */
  async ours(connections: number): Promise<{ report: LoadReport; rate: number }> {
    const started = performance.now();
    const report = await this.load.run({ port: this.server.port, connections, requests: this.requests, seconds: SECONDS });
    await this.server.projected(report.position);
    return { report, rate: (1_000 * report.answered) / (performance.now() - started) };
  }

  async base(connections: number): Promise<{ report: LoadReport; rate: number }> {
    const report = await this.load.run({ port: this.barePort, connections, requests: this.requests, seconds: SECONDS });
    return { report, rate: (1_000 * report.answered) / report.milliseconds };
  }

  async close(): Promise<void> {
    this.load.close();
    this.bare.kill();
    rmSync(this.bareFolder, { recursive: true, force: true });
    await this.server.discard();
    this.server.issuer.close();
  }
}

/** The last event of the measured server, as text. */
async function lastEvent(server: MeasuredServer): Promise<Pick<BareTask, 'type' | 'data' | 'metadata'>> {
  const store = await openEventStore({ dataDir: server.dataDir, readOnly: true });
  const [event] = await store.readAll({ direction: 'backwards', limit: 1 });
  await store.close();
  return { type: event!.type, data: JSON.stringify(event!.data), metadata: JSON.stringify(event!.metadata) };
}

async function measured<T>(work: (setting: Setting) => Promise<T>): Promise<T> {
  const setting = await Setting.open();
  try {
    return await work(setting);
  } finally {
    await setting.close();
  }
}

const perSecond = (values: readonly number[]) => values.map((value) => value.toFixed(0)).join(' ');

export const commandThroughput: Benchmark = {
  name: 'command-throughput',
  title: `durable commands over HTTP with ${CONNECTIONS} connections, until the read models show them`,
  unit: 'commands/s',
  limit: { least: 0.35 },
  run: ({ rounds }: Options): Promise<Measured> =>
    measured(async (setting) => {
      const [ours, base] = await inTurns(
        rounds,
        () => setting.ours(CONNECTIONS),
        () => setting.base(CONNECTIONS),
      );
      const latencies = ours!.flatMap(({ report }) => report.latencies);
      return {
        ours: median(ours!.map(({ rate }) => rate)),
        base: median(base!.map(({ rate }) => rate)),
        notes: [
          `ours by round: ${perSecond(ours!.map(({ rate }) => rate))}; base: ${perSecond(base!.map(({ rate }) => rate))}`,
          `ours under this load: p50 ${quantile(latencies, 0.5).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms`,
        ],
      };
    }),
};

export const commandLatency: Benchmark = {
  name: 'command-latency',
  title: 'one connection, one command after the other',
  unit: 'µs',
  limit: { most: 3 },
  run: ({ rounds }: Options): Promise<Measured> =>
    measured(async (setting) => {
      const microseconds = async (side: 'ours' | 'base') => 1_000 * median((await setting[side](1)).report.latencies);
      const [ours, base] = await inTurns(
        rounds,
        () => microseconds('ours'),
        () => microseconds('base'),
      );
      return {
        ours: median(ours!),
        base: median(base!),
        notes: [`p50 by round: ours ${perSecond(ours!)}; base ${perSecond(base!)}`],
      };
    }),
};
