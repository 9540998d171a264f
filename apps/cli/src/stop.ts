/** How a command ends where it cannot go on. */

export const EXIT = {
  done: 0,
  /** Done, and some of the input was refused: it is in the rejects file. */
  rejects: 1,
  /** The command line, the mapping or the file cannot be used: nothing was done. */
  unusable: 2,
  /** Ended in the middle, by the other side: run it again to go on. */
  broken: 3,
  /** Ended in the middle, by the operator (128 + SIGINT). */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command. The message says what to do about it and holds no personal value. */
export class Stop extends Error {
  override readonly name = 'Stop';
  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.unusable,
  ) {
    super(message);
  }
}
