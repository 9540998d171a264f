/** External numbers and accounts, of which each has one holder: who that is, and how a command takes or gives up one. */
import type { EventStore } from '@rapport/event-store';
import { VaultUnavailable, type Claimed, type Vault } from '@rapport/vault';
import type { Claim } from './aggregate';
import { Refused, Unavailable } from './errors';
import { refusal } from './refusal';

const alreadyHeld = refusal.conflict('already-held', 'This number already belongs to somebody; `holder` is their id.');

/** What a command takes and gives up, and the stream in which it has its effect. */
export interface Claiming {
  readonly commandId: string;
  readonly stream: string;
  /** The aggregate's id. */
  readonly owner: string;
  readonly takes: readonly Claim[];
  readonly givesUp: readonly Claim[];
}

export class Holders {
  constructor(
    private readonly deps: { readonly store: EventStore; readonly vault: Vault },
    /** The command of this id, while it is being carried out. */
    private readonly inFlight: (commandId: string) => Promise<unknown> | undefined,
  ) {}

  /** The id of who is known to hold a number; undefined where a command that claimed it is not known to have taken effect. */
  of(namespace: string, value: string): string | undefined {
    const claim = this.deps.vault.claims.find({ namespace, value });
    return claim?.confirmed === true ? idOf(claim.stream) : undefined;
  }

  /** The holder of a number whose commands are kept waiting: what a crash left unconfirmed, the stream can tell. */
  async settled(namespace: string, value: string): Promise<string | undefined> {
    const claim = this.deps.vault.claims.find({ namespace, value });
    return claim !== undefined && (await this.tookEffect(claim)) ? idOf(claim.stream) : undefined;
  }

  /**
   * Runs what appends a command's events. What it takes is its own before, what it gives up is free afterwards, whatever
   * crashes in between: the next start asks the stream.
   * @throws Refused where somebody else holds a number, and whatever `append` throws
   */
  async whileClaiming<T>(claiming: Claiming, append: () => Promise<T>): Promise<T> {
    const { commandId, takes, givesUp } = claiming;
    const { claims } = this.deps.vault;
    if (takes.length === 0 && givesUp.length === 0) return append();
    try {
      // In one order for all commands, so that no two wait for each other.
      const inOrder = [...takes].sort((a, b) => (`${a.namespace} ${a.value}` < `${b.namespace} ${b.value}` ? -1 : 1));
      for (const claim of inOrder) await this.take(claim, claiming);
      if (givesUp.length > 0) claims.giveUp(givesUp, commandId);
      const appended = await append();
      claims.confirm(commandId);
      return appended;
    } catch (error) {
      // Where it may have been appended, it stays undecided until it is sent again, or until the next start.
      if (!(error instanceof Unavailable && error.code === 'outcome-unknown')) this.release(commandId);
      throw error;
    }
  }

  /** What cannot be released now stays undecided as well; why the command failed is what its sender is told. */
  private release(commandId: string): void {
    try {
      this.deps.vault.claims.release(commandId);
    } catch (error) {
      if (!(error instanceof VaultUnavailable)) throw error;
    }
  }

  private async take({ namespace, value, field }: Claim, { commandId, stream, owner }: Claiming): Promise<void> {
    const { claims } = this.deps.vault;
    for (;;) {
      const taken = claims.claim({ namespace, value, owner, stream, commandId });
      if (taken.held) return;
      const pending = taken.confirmed ? undefined : this.inFlight(taken.commandId);
      if (pending !== undefined) await pending.catch(() => undefined);
      else if (await this.tookEffect(taken)) throw new Refused(alreadyHeld({ field, more: { holder: idOf(taken.stream) } }));
      else claims.release(taken.commandId);
    }
  }

  /** Whether the command that claimed has its events in the store. */
  private async tookEffect({ stream, commandId, confirmed }: Claimed): Promise<boolean> {
    if (confirmed) return true;
    const isThere = (await this.deps.store.readStream(stream)).some((event) => event.metadata['commandId'] === commandId);
    if (isThere) this.deps.vault.claims.confirm(commandId);
    return isThere;
  }
}

/** The uuid in a stream's name. */
export const idOf = (stream: string) => stream.slice(stream.indexOf('-') + 1);
