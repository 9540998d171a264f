/**
 * What must not compile does not. Checked by the build: an expectation that is not met is an error, and each has a
 * twin beside it that must compile, so that it cannot be met for another reason. Nothing here runs.
 */
import { ContactAdded, NoteTaken } from '@rapport/domain';
import { aggregate, declareEvent, never, plain, sealed, whose, type Recorded, type Sealed } from '@rapport/kernel';
import { insert, jsonOf, on, table } from '@rapport/read-model';

const LampLit = declareEvent('LampLit', {
  title: 'A lamp was lit',
  fields: { room: plain<string>('the name of a room'), by: sealed<string>('identity', whose.record) },
});
const LampPutOut = declareEvent('LampPutOut', { title: 'A lamp was put out', fields: {} });
type LampEvent = Recorded<typeof LampLit> | Recorded<typeof LampPutOut>;
type Lamp = 'dark' | 'lit';

// An event that evolve does not answer.
export const answersAll = (state: Lamp, event: LampEvent): Lamp => {
  switch (event.type) {
    case 'LampLit':
      return 'lit';
    case 'LampPutOut':
      return 'dark';
    default:
      return never(event);
  }
};
export const forgetsOne = (state: Lamp, event: LampEvent): Lamp => {
  switch (event.type) {
    case 'LampLit':
      return 'lit';
    default:
      // @ts-expect-error LampPutOut is left over
      return never(event);
  }
};

// An event that an aggregate declares and its evolve does not know.
export const declaresItsEvents = aggregate<Lamp, LampEvent>({
  name: 'lamp',
  events: [LampLit, LampPutOut],
  initial: 'dark',
  evolve: answersAll,
  commands: [],
});
export const declaresAnothers = aggregate<Lamp, LampEvent>({
  name: 'lamp',
  // @ts-expect-error NoteTaken is not one of its events
  events: [LampLit, LampPutOut, NoteTaken],
  initial: 'dark',
  evolve: answersAll,
  commands: [],
});

// A field that was not declared, is missing, or has another type.
export const complete = LampLit({ room: 'hall', by: 'Alice' });
// @ts-expect-error `by` is missing
export const missing = LampLit({ room: 'hall' });
// @ts-expect-error `colour` is not declared
export const surplus = LampLit({ room: 'hall', by: 'Alice', colour: 'red' });
// @ts-expect-error a relationship is one of four words
export const otherWord = ContactAdded({ relationship: 'friend', name: 'Alice' });
export const oneOfFour = ContactAdded({ relationship: 'customer', name: 'Alice' });

// A sealed value read as if it were readable.
export const room = (event: Recorded<typeof LampLit>): string => event.data.room;
export const sealedBy = (event: Recorded<typeof LampLit>): Sealed<string> => event.data.by;
// @ts-expect-error it is sealed
export const readBy = (event: Recorded<typeof LampLit>): string => event.data.by;

// A personal value in a column that anybody with the file can read.
const lamps = table('lamp', { room: 'text', by: jsonOf<Sealed>() }, { key: ['room'] });
export const shown = on(LampLit, (event) => insert(lamps, { room: event.data.room, by: event.data.by }));
// @ts-expect-error the column is for sealed values
export const plainly = on(LampLit, (event) => insert(lamps, { room: event.data.room, by: 'Alice' }));
// @ts-expect-error a sealed value is no text
export const asText = on(LampLit, (event) => insert(lamps, { room: event.data.by, by: event.data.by }));
