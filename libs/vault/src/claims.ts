/**
 * Identifiers that only one stream may hold: external numbers, accounts. They are kept as HMACs, so that nobody can
 * read them here, and guessing needs the key. A claim is durable before the events of its command are; whether it
 * came to anything after a crash, the command's stream can tell.
 */
import { mac } from './crypto';
import type { Database } from './database';

export interface Identifier {
  readonly namespace: string;
  readonly value: string;
}

export interface ClaimRequest extends Identifier {
  readonly owner: string;
  readonly stream: string;
  readonly commandId: string;
}

export interface Claimed {
  readonly stream: string;
  /** The command that claimed it. */
  readonly commandId: string;
  /** Whether that command's events are known to be there. */
  readonly confirmed: boolean;
}

/** A command that took or gives up identifiers, and is not known to have taken effect or not. */
export interface PendingClaim {
  readonly commandId: string;
  readonly stream: string;
}

export class Claims {
  /** Confirmed, and not yet written: that goes with the next write. Until then a crash only means asking the stream again. */
  private readonly confirmed = new Set<string>();

  constructor(
    private readonly db: Database,
    private readonly key: Buffer,
  ) {}

  private blind({ namespace, value }: Identifier): string {
    return mac(this.key, ['blind', namespace, value], 'base64url');
  }

  /**
   * Takes an identifier for a command, durable with `Vault.durable`.
   * @returns who holds it, where that is another command @throws VaultUnavailable
   */
  claim(request: ClaimRequest): { held: true } | ({ held: false } & Claimed) {
    const { owner, stream, commandId } = request;
    const known = this.find(request);
    if (known !== undefined) return known.commandId === commandId ? { held: true } : { held: false, ...known };
    this.write(() =>
      this.db.run(
        'INSERT INTO claim (token, owner, stream, command_id, confirmed) VALUES (?, ?, ?, ?, 0)',
        this.blind(request),
        owner,
        stream,
        commandId,
      ),
    );
    return { held: true };
  }

  find(identifier: Identifier): Claimed | undefined {
    const row = this.db.get<Omit<Claimed, 'confirmed'> & { confirmed: number }>(
      'SELECT stream, command_id AS commandId, confirmed FROM claim WHERE token = ?',
      this.blind(identifier),
    );
    return row && { stream: row.stream, commandId: row.commandId, confirmed: row.confirmed === 1 || this.confirmed.has(row.commandId) };
  }

  /** Writes down, durable with `Vault.durable`, that a command gives up identifiers; they stay held until it is confirmed. @throws VaultUnavailable */
  giveUp(identifiers: readonly Identifier[], commandId: string): void {
    this.write(() => {
      for (const identifier of identifiers) this.db.run('UPDATE claim SET freed_by = ? WHERE token = ?', commandId, this.blind(identifier));
    });
  }

  /** The command's events are there: what it claimed is its own, what it gave up may be claimed anew. */
  confirm(commandId: string): void {
    this.confirmed.add(commandId);
    if (this.givenUp(commandId)) this.flush();
  }

  /** The command came to nothing: what it claimed may be claimed anew, what it gave up stays held. @throws VaultUnavailable */
  release(commandId: string): void {
    this.write(() => {
      this.db.run('DELETE FROM claim WHERE command_id = ? AND confirmed = 0', commandId);
      this.db.run('UPDATE claim SET freed_by = NULL WHERE freed_by = ?', commandId);
    });
  }

  /** What a crash left undecided: each is to be confirmed or released, as its stream says. */
  pending(): PendingClaim[] {
    const rows = this.db.all<PendingClaim>(
      `SELECT command_id AS commandId, stream FROM claim WHERE confirmed = 0
       UNION SELECT freed_by, stream FROM claim WHERE freed_by IS NOT NULL`,
    );
    return rows.filter(({ commandId }) => !this.confirmed.has(commandId));
  }

  /** Writes what was confirmed. @throws VaultUnavailable */
  flush(): void {
    if (this.confirmed.size > 0) this.write(() => undefined);
  }

  private givenUp(commandId: string): boolean {
    return this.db.get('SELECT 1 FROM claim WHERE freed_by = ?', commandId) !== undefined;
  }

  private write(work: () => unknown): void {
    this.db.soon(() => {
      for (const commandId of this.confirmed) {
        this.db.run('UPDATE claim SET confirmed = 1 WHERE command_id = ? AND confirmed = 0', commandId);
        this.db.run('DELETE FROM claim WHERE freed_by = ?', commandId);
      }
      work();
    });
    this.confirmed.clear();
  }
}
