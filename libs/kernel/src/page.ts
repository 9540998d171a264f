/** Lists that come in pages: what their questions take, and what their answers have. */
import { Text, Whole } from './fields';
import { shape } from './shape';

/** A place in a list: of its last entry, what the list is sorted by. Stays where it is when entries are added. */
export type Place = readonly string[];

/** The class of a question to a list extends this. */
export abstract class Paged {
  @Text({ max: 300, description: 'Where to go on: `next` of the page before.', optional: true })
  cursor?: string;

  @Whole({ min: 1, max: 500, description: 'Entries on a page at most. 100 where it is left out.', example: 100, optional: true })
  limit?: number;

  /** What the cursor stands for. The reader sets it; no request can. */
  after?: Place;
}

/** Of an answer: the cursor of the next page, which the reader makes from `Found.next`. */
export const nextPage = shape.optional(shape.text('Where to go on: `cursor` of the next page. Left out where this is the last.'));
