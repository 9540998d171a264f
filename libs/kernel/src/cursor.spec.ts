import { createHmac } from 'node:crypto';
import { Cursors } from './cursor';
import { InvalidCursor } from './errors';
import { Id } from './fields';
import { Paged } from './page';

class ReadCalls extends Paged {
  @Id({ description: 'Whose.' }) personId!: string;
}
class ReadNotes extends ReadCalls {}

const make = <T extends Paged>(type: new () => T, fields: Partial<T>): T => Object.assign(new type(), fields);
const calls = (fields: Partial<ReadCalls> = {}) => make(ReadCalls, { personId: 'p1', ...fields });
const keyed = (key: string) => new Cursors((text) => createHmac('sha256', key).update(text).digest('base64url'));
const cursors = keyed('a key');
const place = ['0000000000000000000000000000002a', 'name'];

describe('A cursor', () => {
  const cursor = cursors.seal(calls(), place);

  it('is read back for the same question, with whatever limit', () => {
    expect(cursors.open(calls({ cursor, limit: 7 }), cursor)).toEqual(place);
    expect(keyed('a key').open(calls(), cursor)).toEqual(place);
    expect(cursor).toMatch(/^[\w-]{20,120}$/);
  });

  it.each([
    ['of another question', make(ReadNotes, { personId: 'p1' }), cursor],
    ['with other parameters', calls({ personId: 'p2' }), cursor],
    ['of another installation', calls(), keyed('another').seal(calls(), place)],
    ['of nothing', calls(), ''],
    ['made up', calls(), Buffer.from(JSON.stringify(place)).toString('base64url')],
    ['in another spelling', calls(), `${cursor}=`],
    ['with something behind it', calls(), `${cursor}!`],
    ['cut short', calls(), cursor.slice(0, -1)],
  ])('%s is refused', (_, query, given) => {
    expect(() => cursors.open(query, given)).toThrow(InvalidCursor);
  });

  it('is refused with any one character changed', () => {
    for (let at = 0; at < cursor.length; at++) {
      const changed = cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1);
      expect(() => cursors.open(calls(), changed)).toThrow(InvalidCursor);
    }
  });
});
