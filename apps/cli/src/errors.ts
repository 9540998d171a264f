/** What an operator is told of an error. */
import { CommanderError } from 'commander';
import { EXIT, Stop } from './stop';

/** Errors of ours whose message is written for an operator and holds no personal value. */
const TOLD = new Set([
  'CheckpointBusy',
  'EventStoreUnavailable',
  'InvalidConfiguration',
  'InvalidPolicySet',
  'InvalidPurposesFile',
  'KeyFileRefused',
  'KeyLost',
  'ProjectionDefect',
  'ProjectionFailed',
  'ReadModelInUse',
  'StoreLocked',
  'VaultInUse',
]);

/** @returns what to print, undefined where it has been printed, and the exit code */
export function explain(error: unknown): { message: string | undefined; exitCode: number } {
  if (error instanceof Stop) return { message: error.message, exitCode: error.exitCode };
  // Commander has said it; what it calls 1 is a command line that cannot be used.
  if (error instanceof CommanderError) return { message: undefined, exitCode: error.exitCode === 0 ? EXIT.done : EXIT.unusable };
  if (error instanceof Error && TOLD.has(error.name)) return { message: error.message, exitCode: EXIT.unusable };
  return { message: `${unexpected(error)}\nThis is a fault of the command: report it with the lines above.`, exitCode: EXIT.broken };
}

/** The kind and the place of an error; its message could hold a value of somebody. */
function unexpected(error: unknown): string {
  if (!(error instanceof Error)) return 'Something that is not an error was thrown.';
  const code = (error as NodeJS.ErrnoException).code;
  const stack = error.stack ?? '';
  const frames = stack.slice(stack.indexOf(error.message) + error.message.length).split('\n');
  return [`${error.name}${code === undefined ? '' : ` (${code})`}`, ...frames.filter((line) => /^ +at /.test(line)).slice(0, 8)].join('\n');
}
