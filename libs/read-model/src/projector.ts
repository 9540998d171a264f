/** A set of projections on one database: their tables, their checkpoints, and the events applied to them. */
import type { Position, StoredEvent } from '@rapport/event-store';
import type { RecordedEvent } from '@rapport/kernel';
import { recorded, type Declarations } from '@rapport/kernel/recorded';
import { ProjectionDefect, ProjectionFailed, reasonOf } from './errors';
import type { Operations, RowOperation } from './operations';
import type { Handler, Projection } from './projection';
import { inTransaction, type Database } from './sqlite';
import { createTable, dropTable, indexesOf } from './statements';
import { failed, Writer, type Source } from './writer';

interface Running {
  readonly projection: Projection;
  position: Position | undefined;
}
interface Step {
  readonly running: Running;
  readonly handle: Handler['handle'];
}
interface Checkpoint {
  readonly name: string;
  readonly version: number;
  readonly definition: string;
  readonly tables: string;
  readonly position: string | null;
}

export class Projector {
  readonly #running: Running[];
  readonly #steps = new Map<string, readonly Step[]>();
  readonly #writer: Writer;
  readonly #saveCheckpoint;

  /**
   * Makes the tables that are missing. A projection that is new here, has another version or another definition of
   * its tables starts from the beginning; the tables of an older version stay until `retire`.
   *
   * @param database open for writing
   * @param options.indexes `last`: made when an operation needs them, or by `finish`
   * @throws ProjectionDefect two projections of one name, or one that handles an event that is not declared
   */
  constructor(
    private readonly database: Database,
    projections: readonly Projection[],
    private readonly declarations: Declarations,
    options: { indexes: 'first' | 'last' } = { indexes: 'first' },
  ) {
    check(projections, declarations);
    const tables = projections.flatMap((projection) => Object.values(projection.tables));
    const later = new Map(options.indexes === 'last' ? tables.map((table) => [table, indexesOf(table)]) : []);
    this.#running = inTransaction(database, () => {
      database.exec(CHECKPOINTS);
      return projections.map((projection) => ({ projection, position: resume(database, projection, options.indexes === 'first') }));
    });
    this.#writer = new Writer(database, later);
    this.#saveCheckpoint = database.prepare('UPDATE projection_checkpoint SET position = ? WHERE name = ? AND version = ?');
    for (const type of declarations.keys()) this.#steps.set(type, this.#stepsFor(type));
  }

  /** How far all of them have come: the position of the one that is furthest behind; undefined: one is at the start. */
  get position(): Position | undefined {
    let lowest: Position | undefined;
    for (const { position } of this.#running) {
      if (position === undefined) return undefined;
      if (lowest === undefined || position < lowest) lowest = position;
    }
    return lowest;
  }

  /**
   * Applies events, in their order, and moves the checkpoints; all of it in one transaction, or none. A projection
   * that is further on than an event does not get it again.
   *
   * @param position how far these events go, those included that were filtered out
   * @throws ProjectionFailed nothing was changed
   */
  apply(events: readonly StoredEvent[], position: Position | undefined): void {
    inTransaction(this.database, () => this.applyInTransaction(events, position));
  }

  /** As `apply`, in a transaction that is open. After an error it must be rolled back, and the projector thrown away. */
  applyInTransaction(events: readonly StoredEvent[], position: Position | undefined): void {
    for (const stored of events) {
      const event = this.#read(stored);
      for (const { running, handle } of this.#steps.get(event.type) as readonly Step[]) {
        if (running.position === undefined || running.position < event.position)
          this.#handle({ projection: running.projection, event }, handle);
      }
    }
    this.#writer.flush();
    if (position === undefined) return;
    for (const running of this.#running) {
      if (running.position !== undefined && running.position >= position) continue;
      this.#saveCheckpoint.run(position, running.projection.name, running.projection.version);
      running.position = position;
    }
  }

  /** Makes the indexes that were left for last. */
  finish(): void {
    this.#writer.finish();
  }

  /** Drops the tables of older versions, and of projections that are no more. To be called when all have caught up. */
  retire(): void {
    const current = new Set(this.#running.map(({ projection }) => `${projection.name} ${projection.version}`));
    const old = checkpoints(this.database).filter(({ name, version }) => !current.has(`${name} ${version}`));
    if (old.length > 0) inTransaction(this.database, () => old.forEach((each) => drop(this.database, each)));
  }

  #stepsFor(type: string): Step[] {
    return this.#running.flatMap((running) =>
      [running.projection.onEvery, running.projection.handlers.get(type)].flatMap((handle) =>
        handle === undefined ? [] : [{ running, handle }],
      ),
    );
  }

  #read(stored: StoredEvent): RecordedEvent {
    try {
      return recorded(stored, this.declarations);
    } catch (error) {
      throw new ProjectionFailed({ event: stored.id, type: stored.type, position: stored.position, reason: reasonOf(error) });
    }
  }

  #handle(source: Source, handle: Handler['handle']): void {
    let operations: Operations;
    try {
      operations = handle(source.event);
    } catch (error) {
      throw failed(source, error);
    }
    if (isList(operations)) for (const operation of operations) this.#writer.apply(operation, source);
    else this.#writer.apply(operations, source);
  }
}

function isList(operations: Operations): operations is readonly RowOperation[] {
  return Array.isArray(operations);
}

const CHECKPOINTS = `CREATE TABLE IF NOT EXISTS projection_checkpoint (
  name TEXT NOT NULL, version INTEGER NOT NULL, definition TEXT NOT NULL, tables TEXT NOT NULL, position TEXT, PRIMARY KEY (name, version))`;

function checkpoints(database: Database): Checkpoint[] {
  return database.prepare('SELECT name, version, definition, tables, position FROM projection_checkpoint').all() as Checkpoint[];
}

/** @returns where the projection goes on; undefined where its tables are new */
function resume(database: Database, projection: Projection, withIndexes: boolean): Position | undefined {
  const tables = Object.values(projection.tables);
  const indexes = tables.flatMap(indexesOf).map((index) => index.sql);
  const definition = [...tables.map(createTable), ...indexes].join(';\n');
  const known = checkpoints(database).find(({ name, version }) => name === projection.name && version === projection.version);
  if (known?.definition === definition) return known.position ?? undefined;
  if (known !== undefined) drop(database, known);
  for (const table of tables) database.exec(createTable(table));
  if (withIndexes) for (const sql of indexes) database.exec(sql);
  database
    .prepare('INSERT INTO projection_checkpoint (name, version, definition, tables) VALUES (?, ?, ?, ?)')
    .run(projection.name, projection.version, definition, JSON.stringify(tables.map((table) => table.storedAs)));
  return undefined;
}

function drop(database: Database, { name, version, tables }: Checkpoint): void {
  for (const table of JSON.parse(tables) as string[]) database.exec(dropTable(table));
  database.prepare('DELETE FROM projection_checkpoint WHERE name = ? AND version = ?').run(name, version);
}

function check(projections: readonly Projection[], declarations: Declarations): void {
  const names = new Set<string>();
  for (const { name, handlers } of projections) {
    if (names.has(name)) throw new ProjectionDefect(`Two projections have the name ${name}.`);
    names.add(name);
    for (const type of handlers.keys()) {
      if (!declarations.has(type)) throw new ProjectionDefect(`${name} handles ${type}, which is not among the declared events.`);
    }
  }
}
