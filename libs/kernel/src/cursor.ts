/**
 * Cursors: a place in a list as clients carry it. Opaque, and bound by a keyed digest to the list it is of, so that
 * none can be made up, altered, or used with other parameters.
 */
import { timingSafeEqual } from 'node:crypto';
import canonicalize from 'canonicalize';
import { InvalidCursor } from './errors';
import type { Paged, Place } from './page';

const MAC_BYTES = 16;

export class Cursors {
  /** @param digest keyed; base64url */
  constructor(private readonly digest: (text: string) => string) {}

  /** @param query the question that the place is in the answer of */
  seal(query: Paged, place: Place): string {
    const text = Buffer.from(JSON.stringify(place));
    return Buffer.concat([this.mac(query, text), text]).toString('base64url');
  }

  /** @throws InvalidCursor where it was not made here, for this question with these parameters */
  open(query: Paged, cursor: string): Place {
    const bytes = Buffer.from(cursor, 'base64url');
    const text = bytes.subarray(MAC_BYTES);
    // Decoding is lenient, and a cursor has one spelling.
    const isWhole = bytes.length > MAC_BYTES && bytes.toString('base64url') === cursor;
    if (!isWhole || !timingSafeEqual(bytes.subarray(0, MAC_BYTES), this.mac(query, text))) throw new InvalidCursor();
    return JSON.parse(text.toString()) as Place;
  }

  private mac(query: Paged, text: Buffer): Buffer {
    const { cursor: _, limit: __, after: ___, ...parameters } = query;
    const list = `cursor ${query.constructor.name} ${canonicalize(parameters)} ${text.toString('base64url')}`;
    return Buffer.from(this.digest(list), 'base64url').subarray(0, MAC_BYTES);
  }
}
