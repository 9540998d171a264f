/**
 * Two records that turn out to be one person. The duplicate is merged into the survivor by an event in its own stream
 * and nothing else: what was recorded stays where it is, and a question about either asks about both. So undoing it
 * brings back both as they were.
 */
import {
  declareEvent,
  Id,
  plain,
  refusal,
  type Actor,
  type Context,
  type Decision,
  type Directory,
  type Facts,
  type Recorded,
} from '@rapport/kernel';
import { Command } from '../commands';

const survivor = plain<string>('id of a person, made here, random');

export const MergedInto = declareEvent('MergedInto', {
  title: 'A person was found to be the same as another, and merged into that one',
  fields: { survivor },
});

export const Unmerged = declareEvent('Unmerged', {
  title: 'A merge was undone: they are two people',
  fields: { survivor },
});

export type MergeEvent = Recorded<typeof MergedInto> | Recorded<typeof Unmerged>;

export class MergePeople extends Command {
  @Id({ description: 'The duplicate: from now on it is spoken of under the survivor’s id.' })
  personId!: string;

  @Id({ owner: true, description: 'The person it is the same as.' })
  survivor!: string;
}

export class UnmergePerson extends Command {
  @Id({ description: 'The duplicate that turned out to be somebody else.' })
  personId!: string;
}

/** What is asked of the two. */
export interface Mergeable {
  readonly status: 'unknown' | 'current' | 'left';
  readonly mergedInto?: string;
}

const survivorUnknown = refusal.invalid('survivor-unknown', 'There is no such person. Add the person first, or check the id.');
const mergedWithItself = refusal.invalid('merged-with-itself', 'These are one record already: name another person.');
const survivorLeft = refusal.conflict('survivor-left', 'The relationship with this person has ended: merge them the other way round.');
const colleagueMerged = refusal.conflict(
  'colleague-merged',
  'A colleague has roles under this id. Withdraw them first, or merge the other way round.',
);
const notMerged = refusal.conflict('not-merged', 'This person is not merged into another.');

/** Whether somebody signs in as either, who then sees what is kept about the other; and whether it is about who asks. */
export function mergeFacts({ personId, survivor }: MergePeople, actor: Actor, directory: Directory): Facts {
  const group = directory.groupOf(actor.id);
  return {
    self: group.includes(personId) || group.includes(survivor),
    signsIn: directory.signsIn(personId) || directory.signsIn(survivor),
  };
}

/** That neither of them is merged already, and so that no circle can be closed, is what every command is checked for. */
export function mergePeople(c: MergePeople, { id, directory, other }: Context): Decision {
  const { status } = other as Mergeable;
  if (c.survivor === id) return mergedWithItself({ field: 'survivor' });
  if (status === 'unknown') return survivorUnknown({ field: 'survivor' });
  if (status === 'left') return survivorLeft({ field: 'survivor' });
  if (directory.isStaff(id)) return colleagueMerged({ field: 'personId' });
  return [MergedInto({ survivor: c.survivor })];
}

export function unmergePerson(_: UnmergePerson, { mergedInto }: Mergeable): Decision {
  return mergedInto === undefined ? notMerged() : [Unmerged({ survivor: mergedInto })];
}
