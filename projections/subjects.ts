/** Whose data an event holds, for every projection that shows people what is about them. */
import { declarations } from '@rapport/domain';
import { ACTOR_KINDS, isSealed, shape, type RecordedEvent, type Sealed } from '@rapport/kernel';

type Data = { readonly [field: string]: unknown };

/** The personal values of an event, by field. */
export function valuesOf(event: RecordedEvent): { field: string; value: Sealed }[] {
  return Object.entries(event.data as Data).flatMap(([field, value]) => (isSealed(value) ? [{ field, value }] : []));
}

/** The people a value is about: its owner, or those listed where it is sealed to the record they share. */
export function subjectsOf(event: RecordedEvent, value: Sealed): readonly string[] {
  if (value.owner !== event.streamId) return [value.owner];
  const listed = (event.data as Data)['participants'];
  return Array.isArray(listed) ? (listed as string[]) : [value.owner];
}

/** The people and organizations an event is about, whether it holds a value of theirs or not. */
export function peopleOf(event: RecordedEvent): readonly string[] {
  const {
    participants = [],
    caller,
    organization,
    survivor,
  } = event.data as {
    participants?: readonly string[];
    caller?: string;
    organization?: string;
    survivor?: string;
  };
  const own = /^(person|organization)-/.test(event.stream) ? [event.streamId] : [];
  return [...own, ...participants, ...[caller, organization, survivor].filter((id) => id !== undefined)];
}

const titles = new Map(declarations.map(({ type, title }) => [type, title]));

/** What an event of this type says happened, for people. */
export const titleOf = (type: string): string => titles.get(type) ?? type;

/** What answers say of an event. */
export const ofEvent = {
  event: shape.id('The event.'),
  type: shape.text('Its type, for programs.'),
  what: shape.text('What happened, in a sentence.'),
  by: shape.oneOf(ACTOR_KINDS, 'What kind of actor did it.'),
};
