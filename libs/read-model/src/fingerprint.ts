/** What is in the read models, in a form that can be compared. */
import { createHash } from 'node:crypto';
import { openForReading, type Database } from './sqlite';

/**
 * SHA-256 of each table's columns and rows, the rows ordered by their key. Two files with the same fingerprint show the same.
 * @param file of read models, all of whose tables are read
 * @returns by the table's name in the database
 */
export function fingerprint(file: string): { [table: string]: string } {
  const database = openForReading(file);
  try {
    const lists = database.prepare('SELECT tables FROM projection_checkpoint').all() as { tables: string }[];
    const tables = lists.flatMap((each) => JSON.parse(each.tables) as string[]).sort();
    return Object.fromEntries(tables.map((table) => [table, digestOf(database, table)]));
  } finally {
    database.close();
  }
}

/** @returns names of the tables that are not alike in two files, or are in one of them only; none where they show the same */
export function compare(fileA: string, fileB: string): string[] {
  const [a, b] = [fingerprint(fileA), fingerprint(fileB)];
  const tables = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...tables].filter((table) => a[table] !== b[table]).sort();
}

function digestOf(database: Database, table: string): string {
  const columns = database.prepare('SELECT name, pk FROM pragma_table_info(?)').all(table) as { name: string; pk: number }[];
  const key = columns.filter((column) => column.pk > 0).sort((a, b) => a.pk - b.pk);
  const hash = createHash('sha256').update(JSON.stringify(columns.map((column) => column.name)));
  const order = key.map((column) => `"${column.name}"`).join(', ');
  const rows = database.prepare(`SELECT * FROM "${table}" ORDER BY ${order}`, { returnArrays: true });
  for (const row of rows.iterate()) hash.update(`${JSON.stringify(row)}\n`);
  return hash.digest('hex');
}
