import { Place, uuid } from './spec/place';

const number = { namespace: 'member', value: '17' };
const request = (commandId: string, n = 1) => ({ ...number, owner: uuid(n), stream: `person-${uuid(n)}`, commandId });

describe('A claim', () => {
  let place: Place;
  beforeEach(() => (place = new Place()));
  afterEach(() => place.close());
  const claims = () => place.vault.claims;
  const find = () => claims().find(number);

  it('is the command’s that took it, as often as it asks, and nobody else’s', () => {
    expect(claims().claim(request('c1'))).toEqual({ held: true });
    expect(claims().claim(request('c1'))).toEqual({ held: true });
    const held = { held: false, commandId: 'c1', stream: `person-${uuid(1)}`, confirmed: false };
    expect(claims().claim(request('c2', 2))).toEqual(held);
    claims().confirm('c1');
    expect(claims().claim(request('c2', 2))).toEqual({ ...held, confirmed: true });
    expect(claims().claim({ ...request('c2', 2), value: '18' })).toEqual({ held: true });
    expect(claims().claim({ ...request('c3', 3), namespace: 'incident' })).toEqual({ held: true });
  });

  it('is free again when its command came to nothing, and not when it took effect', () => {
    claims().claim(request('c1'));
    claims().release('c1');
    expect(find()).toBeUndefined();
    claims().claim(request('c2'));
    claims().confirm('c2');
    claims().release('c2');
    expect(find()).toMatchObject({ commandId: 'c2', confirmed: true });
    claims().flush();
    claims().release('c2');
    expect(find()).toMatchObject({ commandId: 'c2', confirmed: true });
  });

  it('is held until the command that gives it up has taken effect', () => {
    claims().claim(request('c1'));
    claims().confirm('c1');
    claims().giveUp([number], 'c2');
    expect(claims().claim(request('c3', 3))).toMatchObject({ held: false, commandId: 'c1' });
    claims().release('c2');
    expect(claims().pending()).toEqual([]);
    claims().giveUp([number], 'c4');
    claims().confirm('c4');
    expect(claims().claim(request('c3', 3))).toEqual({ held: true });
  });

  it('is durable before its events are, and undecided after a crash, whatever it was in the middle of', () => {
    claims().claim(request('c1'));
    place.crash();
    expect(claims().pending()).toEqual([{ commandId: 'c1', stream: `person-${uuid(1)}` }]);
    claims().confirm('c1');
    expect(claims().pending()).toEqual([]);
    // Not written yet: after a crash the stream is asked again, which gives the same answer.
    place.crash();
    expect(claims().pending()).toEqual([{ commandId: 'c1', stream: `person-${uuid(1)}` }]);
    claims().confirm('c1');
    claims().claim({ ...request('c2', 2), value: '18' });
    place.crash();
    expect(find()).toMatchObject({ commandId: 'c1', confirmed: true });
    expect(claims().pending()).toEqual([{ commandId: 'c2', stream: `person-${uuid(2)}` }]);
    claims().release('c2');

    claims().giveUp([number], 'c3');
    place.crash();
    expect(claims().pending()).toEqual([{ commandId: 'c3', stream: `person-${uuid(1)}` }]);
    expect(find()).toBeDefined();
    claims().confirm('c3');
    place.crash();
    expect(find()).toBeUndefined();
    expect(claims().pending()).toEqual([]);
  });

  it('is written when the vault is closed', () => {
    claims().claim(request('c1'));
    claims().confirm('c1');
    place.reopen();
    expect(claims().pending()).toEqual([]);
    expect(find()).toMatchObject({ confirmed: true });
  });

  it('is kept under a name that tells nothing of the number', () => {
    claims().claim({ ...request('c1'), value: 'INC0012345' });
    expect(place.holds(Buffer.from('INC0012345'))).toBe(false);
    const other = new Place();
    other.vault.claims.claim({ ...request('c1'), value: 'INC0012345' });
    const token = (where: Place) => where.raw((db) => db.prepare('SELECT token FROM claim').get());
    expect(token(place)).not.toEqual(token(other));
    other.close();
  });
});
