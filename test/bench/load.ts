/** The load generator, as the benchmarks call it. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  /** JSON text. Each request with a body gets an Idempotency-Key of its own. */
  readonly body?: string;
}

export interface LoadTask {
  readonly port: number;
  readonly connections: number;
  /** Taken one after the other, from the start again after the last. */
  readonly requests: readonly LoadRequest[];
  /** Begins every Idempotency-Key. */
  readonly prefix: string;
  /** Until then; or so many requests. */
  readonly seconds?: number;
  readonly count?: number;
}

export interface LoadReport {
  readonly answered: number;
  readonly failed: number;
  readonly firstFailure?: string;
  /** The highest `Rapport-Position` that was answered; empty where none was. */
  readonly position: string;
  /** Of each request, in milliseconds. */
  readonly latencies: readonly number[];
  /** From the first request to the last answer. */
  readonly milliseconds: number;
}

export class LoadGenerator {
  private readonly child: ChildProcess = fork(join(__dirname, 'load.child'), { serialization: 'advanced' });
  private tasks = 0;

  /** @throws Error where a request was not answered with success: a number about failures means nothing */
  async run(task: Omit<LoadTask, 'prefix'>): Promise<LoadReport> {
    const report = await new Promise<LoadReport>((resolve, reject) => {
      const ended = () => reject(new Error('The load generator ended.'));
      this.child.once('exit', ended);
      this.child.once('message', (message: LoadReport) => {
        this.child.off('exit', ended);
        resolve(message);
      });
      this.child.send({ ...task, prefix: `bench-${process.pid}-${this.tasks++}` });
    });
    if (report.failed > 0) throw new Error(`${report.failed} requests failed; the first: ${report.firstFailure}`);
    return report;
  }

  close(): void {
    this.child.kill();
  }
}
