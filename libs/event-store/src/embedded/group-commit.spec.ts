import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { AppendFailed, OutcomeUnknown } from '../port';
import { GroupCommit } from './group-commit';
import type { BatchMessage } from './protocol';
import { Tail } from './tail';

/** A worker that the test plays. */
class PlayedWorker extends EventEmitter {
  readonly received: BatchMessage[] = [];
  postMessage(message: BatchMessage): void {
    this.received.push(message);
  }
}

const EVENT = ['id', 'Type', '{}', '{}'];

describe('GroupCommit', () => {
  let worker: PlayedWorker;
  let group: GroupCommit;
  let commits: number;
  beforeEach(() => {
    worker = new PlayedWorker();
    commits = 0;
    group = new GroupCommit(worker as unknown as Worker, 2, new Tail(), () => commits++);
  });
  const append = (stream: string) => group.append(stream, 'none', EVENT);
  const settled = async (promises: Promise<unknown>[]) =>
    (await Promise.allSettled(promises)).map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as unknown)));

  it('sends what one turn of the event loop brings together, one batch at a time', async () => {
    const answers = [append('a-1')];
    await Promise.resolve();
    answers.push(append('a-2'), append('a-3'));
    await setImmediate();
    expect(worker.received.map(({ texts }) => texts)).toEqual([['a-1', ...EVENT, 'a-2', ...EVENT]]);
    worker.emit('message', { outcomes: [1, 0, 1, 1, 0, 2], wrote: true });
    await Promise.all(answers.slice(0, 2));
    answers.push(append('a-4'));
    await setImmediate();
    expect(worker.received.slice(1).map(({ texts }) => texts)).toEqual([['a-3', ...EVENT, 'a-4', ...EVENT]]);
    worker.emit('message', { outcomes: [1, 0, 3, 1, 0, 4], wrote: true });
    expect(await answers[2]).toEqual({ revision: 0, position: '00000000000000030000000000000003' });
    expect(commits).toBe(2);
  });

  it('says that the outcome is not known where the commit itself failed', async () => {
    const answer = settled([append('a-1')]);
    await setImmediate();
    worker.emit('message', { failure: 'disk I/O error', outcomeUnknown: true });
    expect((await answer)[0]).toBeInstanceOf(OutcomeUnknown);
    expect(commits).toBe(0);
  });

  it('tells what it knows when the worker dies: unknown for what was sent, not written for the rest', async () => {
    const answers = settled([append('a-1'), append('a-2'), append('a-3')]);
    await setImmediate();
    worker.emit('error', new Error('out of memory'));
    const [first, second, third] = await answers;
    expect(first).toBeInstanceOf(OutcomeUnknown);
    expect(second).toBeInstanceOf(OutcomeUnknown);
    expect(third).toBeInstanceOf(AppendFailed);
    await expect(append('a-4')).rejects.toThrow('out of memory');
    await group.close();
  });
});
