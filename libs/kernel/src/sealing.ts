/** From an event as `decide` returned it to the event that is appended: its personal values sealed, the rest plain. */
import type { JsonObject, NewEvent } from '@rapport/event-store';
import type { FieldToSeal, Vault } from '@rapport/vault';
import type { EventDeclaration, EventMetadata, Owner } from './events';

interface Unsealed {
  readonly stream: string;
  readonly streamId: string;
  readonly eventId: string;
  readonly declaration: EventDeclaration;
  readonly data: object;
  readonly metadata: Omit<EventMetadata, 'version'>;
}

/**
 * @throws UnknownOwner, OwnerFenced where a value belongs to somebody whose key is not there (any more)
 * @throws Error where the event has a field that was not declared
 */
export function sealEvent(vault: Vault, { stream, streamId, eventId, declaration, data, metadata }: Unsealed): NewEvent {
  const values: { [name: string]: unknown } = {};
  const fields: FieldToSeal[] = [];
  let isOwn = false;
  for (const [name, value] of Object.entries(data)) {
    const field = declaration.fields[name];
    if (field === undefined) throw new Error(`${declaration.type} declares no field ${name}.`);
    if (value === undefined) continue;
    values[name] = value;
    if (field.kind === 'plain') continue;
    const owner = ownerOf(field.owner, data as { [name: string]: unknown }, streamId);
    isOwn ||= owner === streamId;
    fields.push({ field: name, category: field.category, owner, value });
  }
  // Only a record is its own reason to have a key; a person's exists since the person was added.
  if (isOwn && vault.ownerStatus(streamId) === 'unknown') vault.createOwner(streamId);
  for (const [name, sealed] of vault.sealFields(stream, eventId, fields)) values[name] = sealed;
  return {
    id: eventId,
    type: declaration.type,
    data: values as JsonObject,
    metadata: { version: declaration.version, ...metadata } as unknown as JsonObject,
  };
}

/** Whose key seals a field: see `whose`. */
export function ownerOf(owner: Owner, data: { readonly [name: string]: unknown }, streamId: string): string {
  if (owner.kind === 'record') return streamId;
  const named = data[owner.field] as string | readonly string[] | undefined;
  if (owner.kind === 'field') return named as string;
  if (typeof named === 'string') return named;
  return named?.length === 1 ? named[0]! : streamId;
}
