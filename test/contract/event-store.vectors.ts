/** JSON that stores and client libraries like to change, and JSON that must be refused because it would change. */
import type { Json } from '@rapport/event-store';

export const AWKWARD: [name: string, value: Json][] = [
  ['keys in an order of their own', { b: 1, a: 2, Z: 3, é: 4, '': 5, 'a b': 6, '\u20ac': 7, '\ufb33': 8, '😀': 9 }],
  ['a key that could mean something', { __proto__x: 1, constructor: 'c', toString: 's', hasOwnProperty: 'h', length: 3 }],
  ['the key __proto__', JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as Json],
  ['keys that only begin like integers', { '0x': 1, '1.5': 2, '-1': 3, '01': 4, '1e3': 5, ' 1': 6 }],
  ['large and small numbers', [1e21, 1e20, 999999999999999900000, 1e-7, 1e-6, 5e-324, 1.7976931348623157e308, -1e21]],
  ['zero, minus zero and fractions', [0, -0, 0.1, 0.30000000000000004, 1 / 3, -0.5, 100, 1.0]],
  ['the limits of exact integers', [2 ** 53, 2 ** 53 - 1, -(2 ** 53), 2 ** 53 + 2, 2 ** 31, 2 ** 32, 2 ** 63]],
  ['astral characters', { '😀🧑‍💻': '𝒳𝒴 👩‍👩‍👧', flag: '🇳🇱', last: '\u{10ffff}' }],
  ['escapes and controls', '\u0001\b\t\n\f\r\u001f"\\/\u007f\u0080\u2028\u2029\ufeff\uffff'],
  ['unnormalized text', ['é', 'e\u0301', '\u212b', '\u00c5', '\u1e9b\u0323']],
  ['text that looks like something else', ['null', 'true', '1e21', '2024-02-30', '{"a":1}', '', ' ']],
  ['nested empties', { a: {}, b: [], c: [[]], d: [{}], e: { f: { g: [] } }, h: [[], [[], {}]], i: '', j: null }],
  ['nulls and booleans', [null, true, false, { a: null, b: false }]],
  ['a long string', 'long é 😀 '.repeat(20_000)],
  ['a long array', Array.from({ length: 5_000 }, (_, i) => i / 7)],
  ['deep nesting', Array.from({ length: 90 }).reduce<Json>((inner) => [inner], 'deep')],
];

/** The path continues from the value. */
export const REFUSED: [name: string, value: unknown, path: string][] = [
  ['a BigInt', { amount: 12n }, '/amount'],
  ['undefined in an array', [1, undefined], '/1'],
  ['a hole in an array', new Array(2), '/0'],
  ['NaN', { a: [0, NaN] }, '/a/1'],
  ['infinity', -Infinity, ''],
  ['half a surrogate pair', { a: 'SECRET\ud83d' }, '/a'],
  ['the other half', 'SECRET\ude00', ''],
  ['NUL', { a: { b: 'SECRET\0' } }, '/a/b'],
  ['the key 0', { a: { 0: 'SECRET' } }, '/a'],
  ['an integer-like key, without naming it', { '42': 'SECRET' }, ''],
  ['a key with NUL', { a: { 'SECRET\0': 1 } }, '/a'],
  ['a key with half a surrogate pair', { 'SECRET\udc00': 1 }, ''],
  ['a date', { at: new Date(0) }, '/at'],
  ['a map', new Map([['SECRET', 1]]), ''],
  ['a boxed number', [Object(1)], '/0'],
  ['a function', { f: () => 'SECRET' }, '/f'],
  ['a symbol', Symbol('SECRET'), ''],
  ['nesting without end', Array.from({ length: 200 }).reduce<unknown>((inner) => [inner], 'SECRET'), '/0'.repeat(97)],
];

/**
 * The RFC 8785 form: members sorted by the UTF-16 units of their keys, everything else as ECMAScript writes it (§3.2.2, §3.2.3).
 * @returns undefined only for undefined
 */
export function canonical(value: unknown): string | undefined {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join(',')}}`;
}
