/** What can go wrong with read models. No error holds data of an event or a row. */
import { isNativeError } from 'node:util/types';
import type { Position } from '@rapport/event-store';
import { UnknownEventType } from '@rapport/kernel/recorded';

/** Where projecting stopped; plain data, so that it can be sent from the worker. */
export interface Failure {
  /** Name and version, where one projection is at fault. */
  readonly projection?: string;
  readonly event?: string;
  readonly type?: string;
  readonly position?: Position;
  readonly reason: string;
}

/** Projecting stopped. The read models stay as they were after the last batch before it; nothing is skipped. */
export class ProjectionFailed extends Error {
  override readonly name = 'ProjectionFailed';
  constructor(readonly failure: Failure) {
    const { projection, event, type, position, reason } = failure;
    const where = event === undefined ? '' : ` at ${type} (event ${event}, position ${position})`;
    super(`The read models stopped${where}${projection === undefined ? '' : `, in ${projection}`}: ${reason}`);
  }
}

/** A projection that cannot work as it is declared. Its message holds names of tables and columns only. */
export class ProjectionDefect extends Error {
  override readonly name = 'ProjectionDefect';
}

/** The read models have not come as far as was asked for within the time given. Ask again later. */
export class ReadModelBehind extends Error {
  override readonly name = 'ReadModelBehind';
  constructor(
    readonly wanted: Position,
    readonly applied: Position | undefined,
    /** For how long they have not been up to date, in milliseconds. */
    readonly lag: number,
  ) {
    super(
      `The read models are at ${applied ?? 'the start'} and not yet at ${wanted}; they have been behind for ${lag} ms. Ask again later.`,
    );
  }
}

/** Another process has the file open. */
export class ReadModelInUse extends Error {
  override readonly name = 'ReadModelInUse';
  constructor(file: string) {
    super(`${file} is in use. Stop the server before rebuilding its read models.`);
  }
}

/**
 * What may be told about an error. SQLite's messages name tables and columns; a message from elsewhere could hold
 * a value, so only its kind and place are told.
 */
export function reasonOf(error: unknown): string {
  if (!isNativeError(error)) return 'something that is not an error was thrown';
  if (error instanceof ProjectionDefect || error instanceof UnknownEventType || codeOf(error) === 'ERR_SQLITE_ERROR') return error.message;
  const frames = (error.stack ?? '').slice((error.stack ?? '').indexOf(error.message) + error.message.length);
  const place = /^ +at (?:.*\()?([^()\n]+:\d+:\d+)\)?$/m.exec(frames)?.[1];
  return `${error.constructor.name}${place === undefined ? '' : ` at ${place}`}`;
}

function codeOf(error: Error): unknown {
  return (error as { code?: unknown }).code;
}
