/** What the vault refuses and what is broken. Messages hold ids, never a value or key. */

/** The owner is being erased or was erased: nothing more is sealed for them. */
export class OwnerFenced extends Error {
  override readonly name = 'OwnerFenced';
  constructor(readonly owner: string) {
    super(`${owner} is being erased or was erased; nothing more can be stored about them.`);
  }
}

/** The vault has no key for this owner and never had one. Call createOwner first. */
export class UnknownOwner extends Error {
  override readonly name = 'UnknownOwner';
  constructor(readonly owner: string) {
    super(`The vault has no key for ${owner}. Create the owner before sealing for it.`);
  }
}

/** Destroying needs the fence first, so that nothing is sealed while the key goes. */
export class OwnerNotFenced extends Error {
  override readonly name = 'OwnerNotFenced';
  constructor(readonly owner: string) {
    super(`${owner} is not fenced. Fence the owner before its key is destroyed.`);
  }
}

/**
 * A key or a secret is missing, and no tombstone says that it was destroyed: somebody must look at it. Never shown as
 * erased. Usual cause: a vault restored from a backup that is older than the events, or a key file that lost an epoch.
 */
export class KeyLost extends Error {
  override readonly name = 'KeyLost';
  constructor(readonly what: string) {
    super(`${what}, and no tombstone says it was destroyed. Restore the newest backup of the vault and its key file.`);
  }
}

/** The sealed value was changed, or moved to another event or field, or is not one of this vault. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  constructor(readonly at: string) {
    super(`The sealed value at ${at} does not open: it was changed or moved.`);
  }
}

/** Another process has the vault open. */
export class VaultInUse extends Error {
  override readonly name = 'VaultInUse';
  constructor(
    readonly file: string,
    options?: { cause?: unknown },
  ) {
    super(`${file} is open in another process. Stop it, or send the work to it.`, options);
  }
}

/** The last process ended without writing down which secrets it had used: `sweep` comes before anything else. */
export class VaultNotSwept extends Error {
  override readonly name = 'VaultNotSwept';
  constructor() {
    super('The vault was left in the middle of its work. Sweep it with the events since then before it is used.');
  }
}

/** The vault cannot be written: a full disk, for instance. Nothing was changed; it can be tried again. */
export class VaultUnavailable extends Error {
  override readonly name = 'VaultUnavailable';
  constructor(options: { cause: unknown }) {
    super('The vault could not be written. Nothing was changed; it can be tried again.', options);
  }
}

/** The vault and the events are not of one history. */
export class VaultMismatch extends Error {
  override readonly name = 'VaultMismatch';
  constructor(
    readonly file: string,
    reason: string,
  ) {
    super(
      `${file} does not belong to these events: ${reason}. Nothing was changed. Restore the events, the vault and its key file from one backup; another installation needs events and a vault of its own.`,
    );
  }
}

/** The write-ahead log could not be emptied, so it may still hold what was destroyed. */
export class CheckpointBusy extends Error {
  override readonly name = 'CheckpointBusy';
  constructor() {
    super('The write-ahead log could not be truncated because a reader holds it. What was destroyed may still be in it: try again.');
  }
}

/** The key file cannot be used as it is. */
export class KeyFileRefused extends Error {
  override readonly name = 'KeyFileRefused';
  constructor(
    readonly file: string,
    reason: string,
  ) {
    super(`${file} cannot be used as the file of keys: ${reason}.`);
  }
}
