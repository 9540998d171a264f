import {
  Day,
  Duration,
  Email,
  Flag,
  Id,
  Ids,
  Instant,
  Language,
  Nested,
  NestedList,
  OneOf,
  Slug,
  Slugs,
  Telephone,
  Text,
  Url,
  Whole,
} from '../fields';
import { fieldsOf, isInvalid, validate, type InputClass } from '../fields';

const ID = '0198c5a0-7d3e-7cc1-9a44-5b8e1f0d2c63';
const OTHER_ID = '1198c5a0-7d3e-4cc1-9a44-5b8e1f0d2c63';
const d = { description: 'What it is.' };

class Address {
  @Text({ ...d, max: 20 }) street!: string;
  @Text({ ...d, max: 20, optional: true }) town?: string;
}
class Everything {
  @Id({ ...d, optional: true, owner: true }) id?: string;
  @Ids({ ...d, optional: true, min: 1, max: 3, owner: true }) ids?: string[];
  @Text({ ...d, optional: true, min: 2, max: 5 }) text?: string;
  @Text({ ...d, optional: true, max: 40, lines: true }) lines?: string;
  @OneOf(['call', 'visit'], { ...d, optional: true }) choice?: string;
  @OneOf(['call', 'visit'], { ...d, optional: true, list: true }) choices?: string[];
  @Slug({ ...d, optional: true }) slug?: string;
  @Slugs({ ...d, optional: true, min: 0, max: 2 }) slugs?: string[];
  @Day({ ...d, optional: true }) day?: string;
  @Instant({ ...d, optional: true }) instant?: string;
  @Duration({ ...d, optional: true }) duration?: string;
  @Email({ ...d, optional: true }) email?: string;
  @Telephone({ ...d, optional: true }) telephone?: string;
  @Language({ ...d, optional: true }) language?: string;
  @Url({ ...d, optional: true }) url?: string;
  @Flag({ ...d, optional: true }) flag?: boolean;
  @Whole({ ...d, optional: true, min: -5, max: 10 }) whole?: number;
  @Nested(() => Address, { ...d, optional: true }) nested?: Address;
  @NestedList(() => Address, { ...d, optional: true, min: 1, max: 2 }) nestedList?: Address[];
}

/** `pointer code` of each violation. */
function found(type: InputClass, input: unknown): string[] {
  const result = validate(type, input);
  return isInvalid(result) ? result.violations.map(({ pointer, code }) => `${pointer} ${code}`) : [];
}

const accepted: { readonly [field in keyof Everything]-?: readonly unknown[] } = {
  id: [ID, '2ed6657d-e927-568b-95e1-2665a8aea6a2', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', '0198c5a0-7d3e-8cc1-bfff-5b8e1f0d2c63'],
  ids: [[ID], [ID, OTHER_ID]],
  text: ['ab', 'a b', 'abcde', '😀😀😀😀😀', 'ÿ ç', '家族 '],
  lines: ['a\nb', 'a\r\nb', '\ta', 'x'],
  choice: ['call', 'visit'],
  choices: [['call'], ['visit', 'call']],
  slug: ['a', 'service-desk', `a${'9'.repeat(63)}`],
  slugs: [[], ['a', 'b']],
  day: ['2024-02-29', '2000-02-29', '1900-01-01', '2200-12-31', '2026-04-30'],
  instant: ['2026-03-31T10:15:00Z', '2026-03-31T10:15:00.123456789+02:00', '2026-03-31t23:59:59z', '2026-03-31T10:15:00-00:00'],
  duration: ['P6M', 'P1Y6M', 'P30D', 'P2W', 'P7Y', 'P1Y2M3D', 'P10D', 'P0Y6M'],
  email: ['name@example.org', "o'brien+tag@mail.example.org", 'jörg@müller.example', 'a@b.co', 'foo..bar@example.jp', '用户@例子.广告'],
  telephone: [
    '112',
    '+31205550100',
    '+31 (0)20 555 01 00',
    '020-555 0100 ext. 12',
    '020/555.01.00',
    '020–5550100',
    '1-800 555 0100 x9',
    '06 12345678 EXT12',
  ],
  language: ['nl', 'pt-BR', 'zh-Hant', 'de-1996', 'nl-NL-u-ca-gregory'],
  url: ['https://example.org', 'http://example.org:8080/a?b=c#d', 'HTTPS://EXAMPLE.ORG/', 'https://müller.example/straße'],
  flag: [true, false],
  whole: [-5, 0, 10],
  nested: [{ street: 'Dam' }, { street: 'Dam', town: 'Amsterdam' }],
  nestedList: [[{ street: 'Dam' }], [{ street: 'a' }, { street: 'b' }]],
};

const NOT_A_STRING = [1, true, {}, ['ab'], 0.5];
const AWKWARD_TEXT: readonly [unknown, string][] = [
  ['a\0b', 'control-character'],
  ['a\u001bb', 'control-character'],
  ['a\u007fb', 'control-character'],
  ['a\u0085b', 'control-character'],
  ['a\ud800', 'lone-surrogate'],
  ['\udc00a', 'lone-surrogate'],
  ['\ud800\ud800\udc00', 'lone-surrogate'],
];

const refused: { readonly [field in keyof Everything]-?: readonly (readonly [unknown, string])[] } = {
  id: [
    ...NOT_A_STRING.map((value) => [value, 'type'] as const),
    ['', 'format'],
    [ID.toUpperCase(), 'case'],
    [ID.replace('c', 'C'), 'case'],
    [`${ID} `, 'format'],
    [`${ID}\n`, 'format'],
    [`{${ID}}`, 'format'],
    [ID.replaceAll('-', ''), 'format'],
    ['00000000-0000-0000-0000-000000000000', 'format'],
    ['ffffffff-ffff-ffff-ffff-ffffffffffff', 'format'],
    [ID.replace('7cc1', '9cc1'), 'format'],
    [ID.replace('9a44', 'ca44'), 'format'],
  ],
  ids: [
    [ID, 'type'],
    [{ 0: ID, length: 1 }, 'type'],
    [[], 'size'],
    [[ID, ID, ID, ID], 'size'],
    [[ID, ID], 'unique'],
  ],
  text: [
    ...NOT_A_STRING.map((value) => [value, 'type'] as const),
    ...AWKWARD_TEXT,
    ['', 'length'],
    ['a', 'length'],
    ['😀', 'length'],
    ['abcdef', 'length'],
    ['😀😀😀😀😀😀', 'length'],
    ['   ', 'blank'],
    ['\u200b\u200b', 'blank'],
    ['\u00a0\u2003', 'blank'],
    ['a\nb', 'control-character'],
    ['a\tb', 'control-character'],
  ],
  lines: [...AWKWARD_TEXT, ['a\rb', 'control-character'], ['a\r', 'control-character'], ['a\u000bb', 'control-character']],
  choice: [...NOT_A_STRING.map((value) => [value, 'type'] as const), ['Call', 'choice'], ['', 'choice'], ['toString', 'choice']],
  choices: [
    ['call', 'type'],
    [[], 'size'],
    [['call', 'call'], 'unique'],
  ],
  slug: [
    ['', 'format'],
    ['A', 'format'],
    ['1a', 'format'],
    ['a_b', 'format'],
    [`a${'9'.repeat(64)}`, 'format'],
    ['a\n', 'format'],
    [1, 'type'],
  ],
  slugs: [
    ['a', 'type'],
    [['a', 'b', 'c'], 'size'],
    [['a', 'a'], 'unique'],
  ],
  day: [
    ['2026-02-30', 'date'],
    ['2023-02-29', 'date'],
    ['2100-02-29', 'date'],
    ['2026-04-31', 'date'],
    ['2026-13-01', 'date'],
    ['2026-00-10', 'date'],
    ['2026-01-00', 'date'],
    ['1899-12-31', 'date'],
    ['2201-01-01', 'date'],
    ['26-01-01', 'date'],
    ['2026-1-1', 'date'],
    ['31-03-2026', 'date'],
    ['2026-03-31T00:00:00Z', 'date'],
    ['2026-03-31\n', 'date'],
    [20260331, 'type'],
  ],
  instant: [
    ['2026-03-31', 'date'],
    ['2026-03-31T10:15:00', 'date'],
    ['2026-02-30T10:15:00Z', 'date'],
    ['2026-03-31T24:00:00Z', 'date'],
    ['2026-03-31T10:60:00Z', 'date'],
    ['2026-03-31T10:15:60Z', 'date'],
    ['2026-03-31T10:15Z', 'date'],
    ['2026-03-31 10:15:00Z', 'date'],
    ['2026-03-31T10:15:00+2', 'date'],
    ['2026-03-31T10:15:00+24:00', 'date'],
    ['1900-01-01T00:00:00+00:01', 'date'],
    ['0050-01-01T00:00:00Z', 'date'],
    ['2200-12-31T23:59:59-00:01', 'date'],
    ['', 'date'],
    [1774951200000, 'type'],
  ],
  duration: [
    ['P', 'format'],
    ['P0D', 'format'],
    ['PT1H', 'format'],
    ['P1DT1H', 'format'],
    ['6M', 'format'],
    ['P1.5Y', 'format'],
    ['P1W1D', 'format'],
    ['P-1D', 'format'],
    ['p6m', 'format'],
    [6, 'type'],
  ],
  email: [
    ['', 'format'],
    ['name', 'format'],
    ['@example.org', 'format'],
    ['name@', 'format'],
    ['name@localhost', 'format'],
    ['name@example..org', 'format'],
    ['name@-example.org', 'format'],
    ['na me@example.org', 'format'],
    ['Name <name@example.org>', 'format'],
    ['a@example.org, b@example.org', 'format'],
    ['name@example.org\n', 'format'],
    ['na\0me@example.org', 'format'],
    ['na\ud800me@example.org', 'format'],
    [`${'a'.repeat(65)}@example.org`, 'format'],
    [`a@${'b.'.repeat(130)}org`, 'format'],
    [7, 'type'],
  ],
  telephone: [
    ['', 'format'],
    ['1', 'format'],
    ['call me', 'format'],
    ['()-', 'format'],
    ['0'.repeat(41), 'format'],
    ['020\n5550100', 'format'],
    ['020 555 ext', 'format'],
    ['12\0', 'format'],
    [112, 'type'],
  ],
  language: [
    ['', 'format'],
    ['n', 'format'],
    ['en_US', 'format'],
    ['Nederlands!', 'format'],
    ['nl\0', 'format'],
    [`nl-${'a'.repeat(40)}`, 'format'],
    [['nl'], 'type'],
  ],
  url: [
    ['example.org', 'format'],
    ['ftp://example.org', 'format'],
    ['javascript:alert(1)', 'format'],
    ['http:example.org', 'format'],
    ['https://', 'format'],
    ['https://user:secret@example.org/', 'format'],
    ['https://user@example.org/', 'format'],
    ['https://exa mple.org', 'format'],
    ['https://example.org/\n', 'format'],
    ['https://example.org/\0', 'format'],
    [`https://example.org/${'a'.repeat(2048)}`, 'format'],
    [{}, 'type'],
  ],
  flag: [
    ['true', 'type'],
    [1, 'type'],
    [0, 'type'],
    ['', 'type'],
  ],
  whole: [
    ['1', 'type'],
    [1.5, 'type'],
    [Number.POSITIVE_INFINITY, 'type'],
    [Number.NaN, 'type'],
    [2 ** 53, 'type'],
    [1n, 'type'],
    [true, 'type'],
    [-6, 'range'],
    [11, 'range'],
  ],
  nested: [
    ['Dam', 'type'],
    [[], 'type'],
    [[{ street: 'Dam' }], 'type'],
    [1, 'type'],
  ],
  nestedList: [
    [{ street: 'Dam' }, 'type'],
    ['Dam', 'type'],
    [[], 'size'],
    [[{ street: 'a' }, { street: 'b' }, { street: 'c' }], 'size'],
  ],
};

const fields = Object.keys(accepted) as (keyof Everything)[];

describe('each decorator', () => {
  test.each(fields.flatMap((field) => accepted[field].map((value) => [field, value] as const)))('%s takes %j', (field, value) => {
    expect(found(Everything, { [field]: value })).toEqual([]);
  });

  test.each(fields.flatMap((field) => refused[field].map(([value, code]) => ({ field, value, code }))))(
    '$field refuses with $code ($value)',
    ({ field, value, code }) => {
      expect(found(Everything, { [field]: value })).toEqual([`/${field} ${code}`]);
    },
  );

  test.each(fields)('%s may be left out, but null is refused with a message of its own', (field) => {
    expect(found(Everything, {})).toEqual([]);
    expect(found(Everything, { [field]: undefined })).toEqual([]);
    expect(validate(Everything, { [field]: null })).toEqual({
      invalid: true,
      violations: [{ pointer: `/${field}`, code: 'null', detail: 'Null is not a value here: leave the field out instead.' }],
    });
  });

  test('a field is required unless it is optional, even where every object inherits one of its name', () => {
    class Inherited {
      @Text({ ...d, max: 5 }) valueOf!: () => object;
    }
    expect(found(Inherited, {})).toEqual(['/valueOf required']);
    expect(found(Address, {})).toEqual(['/street required']);
    expect(found(Address, { street: null })).toEqual(['/street null']);
  });

  test('every example in the documentation passes', () => {
    for (const { name, example } of fieldsOf(Everything))
      if (example !== undefined) expect([name, found(Everything, { [name]: example })]).toEqual([name, []]);
  });
});

describe('elements and nested objects', () => {
  test.each([
    [{ ids: [ID, null, ID.toUpperCase(), 3] }, ['/ids size']],
    [{ ids: [ID, null, 3] }, ['/ids/1 null', '/ids/2 type']],
    [{ ids: [ID, OTHER_ID.toUpperCase()] }, ['/ids/1 case']],
    [{ choices: ['call', 'fax'] }, ['/choices/1 choice']],
    [{ slugs: ['A', null] }, ['/slugs/0 format', '/slugs/1 null']],
    [{ nested: {} }, ['/nested/street required']],
    [{ nested: { street: 'a\0' } }, ['/nested/street control-character']],
    [{ nested: { street: 'a', zip: 1 } }, ['/nested/zip unknown-field']],
    [{ nestedList: [{ street: 'a' }, { street: null, town: 3 }] }, ['/nestedList/1/street null', '/nestedList/1/town type']],
    [{ nestedList: [null, 'a'] }, ['/nestedList/0 null', '/nestedList/1 type']],
    [{ nestedList: [{ street: 'a', constructor: {} }] }, ['/nestedList/0/constructor unknown-field']],
  ])('%j', (input, expected) => {
    expect(found(Everything, input)).toEqual(expected);
  });
});

describe('unknown fields', () => {
  test.each([
    ['{"__proto__":{"street":"a"}}', ['/__proto__ unknown-field', '/street required']],
    ['{"street":"a","__proto__":{"town":1}}', ['/__proto__ unknown-field']],
    ['{"street":"a","constructor":1,"toString":2}', ['/constructor unknown-field', '/toString unknown-field']],
    ['{"street":"a","0":1}', [' unknown-field']],
    ['{"street":"a","Somebody Somewhere":1}', [' unknown-field']],
    ['{"street":"a","Street":"b"}', ['/Street unknown-field']],
  ])('%s', (json, expected) => {
    expect(found(Address, JSON.parse(json))).toEqual(expected);
  });

  test('the message names the fields there are', () => {
    expect(validate(Address, { street: 'a', city: 'b' })).toMatchObject({
      violations: [{ pointer: '/city', detail: 'There is no such field here; the fields are: street, town.' }],
    });
  });
});

describe('the input as a whole', () => {
  test.each([[null], [undefined], ['a'], [1], [[]], [[{ street: 'a' }]], [true], [() => 0]])('%p is no object', (input) => {
    expect(found(Address, input)).toEqual([' type']);
  });

  test('everything that is wrong is told at once', () => {
    expect(found(Everything, { id: 1, day: '2026-02-30', extra: 1, text: 'a\0bcdef' })).toEqual([
      '/extra unknown-field',
      '/id type',
      '/text length',
      '/text control-character',
      '/day date',
    ]);
  });

  test('but never more than a hundred violations', () => {
    const input = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, 1]));
    expect(found(Everything, input)).toHaveLength(100);
  });
});

describe('what the command holds', () => {
  test('an instance of its class with the fields that were given, nested ones too', () => {
    const command = validate(Everything, { text: 'abc', nested: { street: 'Dam' }, nestedList: [{ street: 'Dam' }] }) as Everything;
    expect(command).toBeInstanceOf(Everything);
    expect(command.nested).toBeInstanceOf(Address);
    expect(command.nestedList?.[0]).toBeInstanceOf(Address);
    expect(Object.keys(command)).toEqual(['text', 'nested', 'nestedList']);
  });

  test.each([
    ['2026-03-31T10:15:00+02:00', '2026-03-31T08:15:00.000Z'],
    ['2026-03-31T10:15:00.987654Z', '2026-03-31T10:15:00.987Z'],
    ['2026-03-31T10:15:00.5-01:30', '2026-03-31T11:45:00.500Z'],
    ['2024-02-29T23:30:00-01:00', '2024-03-01T00:30:00.000Z'],
  ])('the instant %s in UTC, which passes again', (given, utc) => {
    const once = validate(Everything, { instant: given }) as Everything;
    expect(once.instant).toBe(utc);
    expect(validate(Everything, once)).toEqual(once);
  });

  test('zero for minus zero, because JSON writes only one of them', () => {
    expect(Object.is((validate(Everything, { whole: -0 }) as Everything).whole, 0)).toBe(true);
  });

  test('a default of the class where the field was left out', () => {
    class Page {
      @Whole({ ...d, min: 1, max: 100, optional: true }) limit = 20;
    }
    expect(validate(Page, {})).toEqual({ limit: 20 });
    expect(validate(Page, { limit: 5 })).toEqual({ limit: 5 });
  });
});
