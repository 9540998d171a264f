import { Links } from './links';

const ALICE = 'a11ce000-0000-4000-8000-000000000001';
const NEWS = '0f000000-0000-4000-8000-0000000000ff';
const links = new Links(Buffer.alloc(32, 1));

it('a link says what it was made with, to whoever has the key and asks for its kind', () => {
  const link = links.make('unsubscribe', [ALICE, NEWS]);
  expect(links.read('unsubscribe', link)).toEqual([ALICE, NEWS]);
  expect(links.make('unsubscribe', [ALICE, NEWS])).toBe(link);
  expect(links.read('invitation', link)).toBeUndefined();
  expect(new Links(Buffer.alloc(32, 2)).read('unsubscribe', link)).toBeUndefined();
});

it('a link that was changed, cut or made up says nothing', () => {
  const link = links.make('unsubscribe', [ALICE]);
  expect(links.read('unsubscribe', link)).toEqual([ALICE]);
  for (let at = 0; at < link.length - 1; at++) {
    const other = link[at] === 'A' ? 'B' : 'A';
    expect(links.read('unsubscribe', link.slice(0, at) + other + link.slice(at + 1))).toBeUndefined();
  }
  for (const wrong of ['', 'x', link.slice(1), `${link}AAAA`, 'ü'.repeat(30), 'A'.repeat(5_000)]) {
    expect(links.read('unsubscribe', wrong)).toBeUndefined();
  }
});
