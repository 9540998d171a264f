/** Whether those whom a command names by id are there to be named. */
import type { Vault } from '@rapport/vault';
import type { CommandDeclaration, Directory } from './aggregate';
import { Refused } from './errors';
import { ownerFields } from './fields';
import { refusal } from './refusal';

const unknownPerson = refusal.invalid('unknown-person', 'Nobody is known by this id. Add the person first, or check the id.');
const merged = refusal.conflict(
  'merged',
  'This is the same person as `survivor`, into whom they were merged: name that one, or undo the merge first.',
);

/**
 * Every person or organization a command names must be one we hold a key of: nothing is sealed for strangers. Whoever
 * was merged into somebody else is spoken of under that one's id, also as the one the command is sent to.
 *
 * @param id of the aggregate the command is sent to
 * @throws Refused
 */
export function checkNamed(
  command: object,
  id: string,
  { whileMerged }: Pick<CommandDeclaration, 'whileMerged'>,
  { vault, directory }: { readonly vault: Pick<Vault, 'ownerStatus'>; readonly directory: Pick<Directory, 'survivorOf'> },
): void {
  const survives = (person: string, field?: string) => {
    const survivor = directory.survivorOf(person);
    if (survivor !== person) throw new Refused(merged({ field, more: { survivor } }));
  };
  if (whileMerged !== true) survives(id);
  for (const { field, list } of ownerFields(command.constructor as new () => object)) {
    const value = (command as { [name: string]: unknown })[field] as string | readonly string[] | undefined;
    if (value === undefined) continue;
    (typeof value === 'string' ? [value] : value).forEach((named, index) => {
      const at = list ? `${field}/${index}` : field;
      if (vault.ownerStatus(named) !== 'live') throw new Refused(unknownPerson({ field: at }));
      survives(named, at);
    });
  }
}
