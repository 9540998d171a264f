import { existsSync, readFileSync } from 'node:fs';

/**
 * How many transactions a database's write-ahead log holds, read from the file itself: each ends with a frame that
 * carries the size of the database (https://www.sqlite.org/fileformat2.html#walformat). With `synchronous=FULL` each
 * was one fsync.
 *
 * @param database its file, not the log's
 */
export function commitsInLog(database: string): number {
  const file = `${database}-wal`;
  if (!existsSync(file)) return 0;
  const log = readFileSync(file);
  if (log.length < 32) return 0;
  const frame = 24 + log.readUInt32BE(8);
  const salt = log.subarray(16, 24);
  let commits = 0;
  for (let at = 32; at + frame <= log.length && log.subarray(at + 8, at + 16).equals(salt); at += frame) {
    if (log.readUInt32BE(at + 4) !== 0) commits++;
  }
  return commits;
}
