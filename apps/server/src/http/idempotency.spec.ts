import { etag, formatIdempotencyKey, parseIdempotencyKey, parseIfMatch, parsePositionToken, parsePreferWait } from './idempotency';

const refused = (header: string) =>
  expect.objectContaining({
    problem: expect.objectContaining({ status: 400, type: '/problems/invalid-header', header }) as unknown,
  }) as unknown;

function thrown(run: () => unknown): unknown {
  try {
    return { returned: run() };
  } catch (error) {
    return error;
  }
}

describe('Idempotency-Key', () => {
  it.each([
    [undefined, undefined],
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    [' "a" ', 'a'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['"a,b;c"', 'a,b;c'],
    [`"${'k'.repeat(200)}"`, 'k'.repeat(200)],
    ['call:7/row=3', 'call:7/row=3'],
  ])('%j is %j', (header, key) => expect(parseIdempotencyKey(header)).toBe(key));

  it.each(['a', 'a"b\\c', 'call:7/row=3'])('%j is read back as it is written', (key) => {
    expect(parseIdempotencyKey(formatIdempotencyKey(key))).toBe(key);
  });

  it.each([
    '',
    '""',
    '" "',
    '"a b"',
    'a b',
    '"a',
    'a"',
    '"a"b"',
    '"a\\b"',
    '"a";b=1',
    '"a", "b"',
    'a,b',
    'é',
    '"é"',
    'a\tb',
    `"${'k'.repeat(201)}"`,
  ])('%j is refused', (header) => expect(thrown(() => parseIdempotencyKey(header))).toEqual(refused('Idempotency-Key')));

  it('is refused where it was sent twice', () =>
    expect(thrown(() => parseIdempotencyKey(['"a"', '"b"']))).toEqual(refused('Idempotency-Key')));
});

describe('If-Match', () => {
  it.each([
    [undefined, undefined],
    ['*', '*'],
    ['"0"', 0],
    [' "17" ', 17],
  ])('%j is %j', (header, revision) => expect(parseIfMatch(header)).toBe(revision));

  it.each(['', '7', 'W/"7"', '"7", "8"', '"-1"', '"07"', '"abc"', '"1.0"', `"${'9'.repeat(30)}"`])('%j is refused', (header) =>
    expect(thrown(() => parseIfMatch(header))).toEqual(refused('If-Match')),
  );

  it('reads the ETag we give', () => expect(parseIfMatch(etag(42))).toBe(42));
});

describe('Prefer: wait', () => {
  it.each([
    [undefined, undefined],
    ['wait=5', 5],
    ['WAIT = "5"', 5],
    ['respond-async, wait=3', 3],
    ['wait=3; foo, wait=9', 3],
    [['respond-async', 'wait=2'], 2],
    ['wait=100000', 10],
    ['wait=-1', undefined],
    ['wait=soon', undefined],
    ['await=5', undefined],
    ['wait', undefined],
  ])('%j is %j', (header, seconds) => expect(parsePreferWait(header, 10)).toBe(seconds));
});

describe('Rapport-Position', () => {
  const position = '0'.repeat(31) + 'a';
  it('is handed on', () => {
    expect(parsePositionToken(position)).toBe(position);
    expect(parsePositionToken(undefined)).toBeUndefined();
  });
  it.each(['', 'a', position.toUpperCase(), `${position}0`, `"${position}"`])('%j is refused', (header) =>
    expect(thrown(() => parsePositionToken(header))).toEqual(refused('Rapport-Position')),
  );
});
