/** The worker thread that commits: the only writer of the file. It takes one batch after the other. */
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { DatabaseSync } from '@photostructure/sqlite';
import { channelName, CLOSE, Code, Outcome, type BatchMessage, type BatchReply, type CommitterData, type Ready } from './protocol';
import { openForWriting } from './schema';

const REMEMBERED_STREAMS = 50_000;

class Committer {
  private readonly last;
  private readonly idsFrom;
  private readonly insert;
  /** Last revision of streams written lately (-1: no such stream). Nobody else writes, so it cannot be out of date. */
  private readonly revisions = new Map<string, number>();

  constructor(private readonly db: InstanceType<typeof DatabaseSync>) {
    this.last = db.prepare('SELECT max(revision) AS revision FROM events WHERE stream = ?');
    this.idsFrom = db.prepare('SELECT id, position FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?');
    this.insert = db.prepare('INSERT INTO events (stream, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)');
  }

  /** One transaction. Each append in it is taken or refused on its own; if the transaction fails, none is taken. */
  commit(batch: BatchMessage): BatchReply {
    const outcomes: number[] = [];
    let wrote = false;
    let committing = false;
    try {
      this.db.exec('BEGIN IMMEDIATE');
      for (let i = 0, text = 0; i < batch.appends.length; i += 2) {
        const count = batch.appends[i + 1] as number;
        wrote = this.append(batch.appends[i] as number, count, batch.texts, text, outcomes) || wrote;
        text += 1 + 4 * count;
      }
      committing = true;
      this.db.exec('COMMIT');
      return { outcomes, wrote };
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      this.revisions.clear();
      return { failure: (error as Error).message, outcomeUnknown: committing };
    }
  }

  /** @returns whether something was written */
  private append(expected: number, count: number, texts: readonly string[], at: number, outcomes: number[]): boolean {
    const stream = texts[at] as string;
    const last = this.revisions.get(stream) ?? (this.last.get(stream) as { revision: number | null }).revision ?? -1;
    if (expected === last || expected === Code.ANY || (expected === Code.EXISTS && last >= 0)) {
      let position = 0;
      for (let i = 0, text = at + 1; i < count; i++, text += 4) {
        const { lastInsertRowid } = this.insert.run(stream, last + 1 + i, texts[text], texts[text + 1], texts[text + 2], texts[text + 3]);
        position = Number(lastInsertRowid);
      }
      this.remember(stream, last + count);
      outcomes.push(Outcome.WRITTEN, last + count, position);
      return true;
    }
    const position = expected === Code.EXISTS ? undefined : this.positionOfSame(stream, expected + 1, count, texts, at);
    if (position === undefined) outcomes.push(Outcome.REFUSED, last, 0);
    else outcomes.push(Outcome.REPEATED, expected + count, position);
    return false;
  }

  /** Where these very events already stand at that place, the last one's position: the append is answered as the first time. */
  private positionOfSame(stream: string, from: number, count: number, texts: readonly string[], at: number): number | undefined {
    const rows = this.idsFrom.all(stream, from, count) as { id: string; position: number }[];
    const same = rows.length === count && rows.every((row, i) => row.id === texts[at + 1 + 4 * i]);
    return same ? rows[count - 1]?.position : undefined;
  }

  private remember(stream: string, revision: number): void {
    this.revisions.set(stream, revision);
    if (this.revisions.size > REMEMBERED_STREAMS) this.revisions.delete(this.revisions.keys().next().value as string);
  }
}

if (parentPort !== null) {
  const port = parentPort;
  const { file, newStoreId } = workerData as CommitterData;
  const { db, storeId } = openForWriting(file, newStoreId);
  const committer = new Committer(db);
  const others = new BroadcastChannel(channelName(file));
  port.on('message', (message: BatchMessage | typeof CLOSE) => {
    if (message === CLOSE) {
      // A clean file for whoever copies it now; a reader that is still busy only leaves it to the next start.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
      others.close();
      port.close();
      return;
    }
    const reply = committer.commit(message);
    port.postMessage(reply);
    if ('wrote' in reply && reply.wrote) others.postMessage(null);
  });
  const ready: Ready = { storeId };
  port.postMessage(ready);
}
