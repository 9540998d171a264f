/** What a start does first, after a crash or not: the vault learns from the events what became of what it had begun. */
import type { EventStore, Position } from '@rapport/event-store';
import type { Vault } from '@rapport/vault';
import { isSealed } from './events';

const PAGE = 2_000;

/**
 * Gives the secrets that events use their rows and destroys the others, and settles every claim that was left
 * undecided. Nothing may be sealed or appended meanwhile. It may be interrupted, and run again.
 */
export async function recover(store: EventStore, vault: Vault): Promise<void> {
  const head = await store.head();
  if (head !== undefined) vault.passed(head);
  const { unswept } = vault;
  if (unswept !== undefined) vault.sweep(await usesSince(store, unswept.after));
  for (const { commandId, stream } of vault.claims.pending()) {
    const events = await store.readStream(stream);
    if (events.some((event) => event.metadata['commandId'] === commandId)) vault.claims.confirm(commandId);
    else vault.claims.release(commandId);
  }
  vault.claims.flush();
}

async function usesSince(store: EventStore, after: Position): Promise<Parameters<Vault['sweep']>[0]> {
  const uses = [];
  for (let from = after === '' ? undefined : after; ;) {
    const events = await store.readAll({ from, limit: PAGE });
    for (const { id: event, stream, data } of events) {
      for (const value of Object.values(data)) {
        if (isSealed(value)) uses.push({ secret: value.secret, owner: value.owner, category: value.category, stream, event });
      }
    }
    if (events.length < PAGE) return uses;
    from = events[events.length - 1]!.position;
  }
}
