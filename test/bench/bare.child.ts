/**
 * The base of the command benchmarks: what HTTP, JSON and a durable append cost where nothing is decided, sealed,
 * recorded or shown. One thread; appends that arrive in one turn of the event loop share a transaction and its fsync.
 */
import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import { openForWriting } from '../../libs/event-store/src/embedded/schema';

export interface BareTask {
  readonly file: string;
  readonly port: number;
  /** An event as the measured server wrote it: the bare route writes as many bytes. */
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

interface Pending {
  readonly stream: string;
  readonly resolve: (revision: number) => void;
  readonly reject: (error: unknown) => void;
}

async function serve({ file, port, type, data, metadata }: BareTask): Promise<void> {
  const { db } = openForWriting(file, randomUUID());
  const insert = db.prepare('INSERT INTO events (stream, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)');
  const revisions = new Map<string, number>();
  let waiting: Pending[] = [];

  const commit = () => {
    const batch = waiting;
    waiting = [];
    try {
      db.exec('BEGIN IMMEDIATE');
      const appended = batch.map(({ stream }) => {
        const revision = (revisions.get(stream) ?? -1) + 1;
        insert.run(stream, revision, randomUUID(), type, data, metadata);
        revisions.set(stream, revision);
        return revision;
      });
      db.exec('COMMIT');
      batch.forEach(({ resolve }, index) => resolve(appended[index]!));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const append = (stream: string) =>
    new Promise<number>((resolve, reject) => {
      if (waiting.push({ stream, resolve, reject }) === 1) setImmediate(commit);
    });

  const app = fastify();
  app.post<{ Params: { conversationId: string }; Body: { text: string } }>('/v1/conversations/:conversationId/notes', async (request) => {
    if (typeof request.body.text !== 'string') throw new Error('There is no text.');
    const id = request.params.conversationId;
    return { id, revision: await append(`conversation-${id}`), changed: true };
  });
  await app.listen({ port, host: '127.0.0.1' });
  process.send!('ready');
}

process.once('message', (task: BareTask) => void serve(task));
