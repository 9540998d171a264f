import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import * as fc from 'fast-check';
import { MAX_BODY_BYTES, parseJson } from './json';
import { jsonLines, type JsonLine } from './json-lines';
import { ProblemError } from './problems';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

function refusal(body: Uint8Array): ProblemError['problem'] {
  try {
    parseJson(body);
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  throw new Error('It was taken.');
}

describe('parseJson', () => {
  it.each([
    '{}',
    '[]',
    '"a"',
    '1',
    'null',
    ' {"a":[{"b":1},{"b":2}],"c":{"a":"a:b{[\\"}"}} ',
    '{"a":"\\u00e9\\ud83d\\ude00"}',
    '{"a":"\\\\","b":1}',
    '{"a":"x\\\\\\":","b":[]}',
  ])('takes %s as JSON.parse does', (text) => {
    expect(parseJson(bytes(text))).toEqual(JSON.parse(text));
  });

  it('takes whatever JSON.stringify makes of values with well-formed text and names that are no numbers', () => {
    const name = fc.string({ unit: 'grapheme' }).filter((text) => !/^\d+$/.test(text));
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', maxDepth: 8 },
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(name, tie('value')),
      ),
    }));
    fc.assert(fc.property(value, (given) => expect(parseJson(bytes(JSON.stringify(given)))).toEqual(JSON.parse(JSON.stringify(given)))));
  });

  it.each([
    ['{"a":1', 'The body is not JSON.'],
    ['{"a":1}}', 'The body is not JSON.'],
    ["{'a':1}", 'The body is not JSON.'],
    ['{"a":"\n"}', 'The body is not JSON.'],
    ['{"a":"\\ud8"}', 'The body is not JSON.'],
    ['"', 'The body is not JSON.'],
    ['"\\', 'The body is not JSON.'],
    ['undefined', 'The body is not JSON.'],
    ['NaN', 'The body is not JSON.'],
    ['', 'The body is empty; JSON is expected.'],
    [' \n', 'The body is empty; JSON is expected.'],
    ['\ufeff{}', 'The body begins with a byte order mark; write UTF-8 without one (RFC 8259 §8.1).'],
    [`${'['.repeat(33)}${']'.repeat(33)}`, 'The body is nested deeper than 32 levels.'],
    ['{"a":'.repeat(100_000), 'The body is nested deeper than 32 levels.'],
  ])('refuses %j', (text, detail) => {
    expect(refusal(bytes(text))).toMatchObject({ status: 400, type: '/problems/malformed-body', detail });
  });

  it.each([
    ['a cut sequence', [0x22, 0xc3, 0x22]],
    ['a byte that is none', [0x22, 0xff, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ])('refuses invalid UTF-8: %s', (_, body) => {
    expect(refusal(Uint8Array.from(body)).detail).toBe('The body is not valid UTF-8.');
  });

  it.each([
    ['{"a":{"b":["x","\\u0000"]}}', '/a/b/1', 'control-character'],
    ['{"a":"\\ud800"}', '/a', 'lone-surrogate'],
    ['{"a":"\\ude00\\ud83d"}', '/a', 'lone-surrogate'],
    ['{"\\ud800":1}', '', 'lone-surrogate'],
    ['{"a":{"\\u0000":1}}', '/a', 'control-character'],
    ['{"a":[{"0":1}]}', '/a/0', 'integer-like-name'],
    ['{"4294967295":1}', '', 'integer-like-name'],
    ['{"007":1}', '', 'integer-like-name'],
    ['{"a":1,"a":2}', '/a', 'duplicate-name'],
    ['{"a":1,"\\u0061":2}', '/a', 'duplicate-name'],
    ['{"a":{"x":1},"b":[{"c":1},{"c":1,"d":",","c":{}}]}', '/b/1/c', 'duplicate-name'],
    ['{"a":{"x":1,"x":1},"a":2}', '/a/x', 'duplicate-name'],
    ['{"__proto__":1,"__proto__":2}', '/__proto__', 'duplicate-name'],
    ['[["a","a"],{"a b":[{"c":1,"c":1}]}]', '/1', 'duplicate-name'],
    ['{"Somebody Somewhere":{"x":"\\u0000"}}', '', 'control-character'],
  ])('refuses %s at %j', (text, pointer, code) => {
    const { errors } = refusal(bytes(text));
    expect(errors).toEqual([{ pointer, code, detail: expect.any(String) as string }]);
  });

  it('never repeats the body', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 2 }), fc.constantFrom('"', '{"', '{"a":"\\u0000', '{"x":1,"x":"'), (text, before) => {
        const body = `${before}§${text}`;
        try {
          parseJson(bytes(body));
        } catch (error) {
          expect(JSON.stringify((error as ProblemError).problem) + String(error)).not.toContain('§');
        }
      }),
    );
  });
});

describe('jsonLines', () => {
  async function read(chunks: readonly (string | Buffer)[], limits?: { line: number; total: number }): Promise<JsonLine[]> {
    const lines: JsonLine[] = [];
    for await (const line of jsonLines(
      Readable.from(
        chunks.map((chunk) => Buffer.from(chunk)),
        { objectMode: false },
      ),
      limits,
    ))
      lines.push(line);
    return lines;
  }
  const problem = (line: number, detail: string) => ({ line, problem: expect.objectContaining({ detail }) as unknown });

  it.each([
    [[''], []],
    [['{"a":1}'], [{ line: 1, value: { a: 1 } }]],
    [['{"a":1}\n'], [{ line: 1, value: { a: 1 } }]],
    [['1\n2\n3'], [1, 2, 3].map((value) => ({ line: value, value }))],
    [['1\r\n2\r\n'], [1, 2].map((value) => ({ line: value, value }))],
    [
      ['1\n\n\r\n4'],
      [
        { line: 1, value: 1 },
        { line: 4, value: 4 },
      ],
    ],
  ])('%j', async (chunks, expected) => {
    await expect(read(chunks)).resolves.toEqual(expected);
  });

  it('gives the same however the body is cut into chunks', async () => {
    const body = bytes('{"a":"é😀"}\r\nnonsense\n\n{"b":[1,2]}\n"last"');
    const whole = await read([body]);
    expect(whole).toHaveLength(4);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(body.length), { maxLength: 8 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), body.length];
        const chunks = at
          .slice(1)
          .map((end, index) => body.subarray(at[index], end))
          .filter(({ length }) => length > 0);
        expect(await read(chunks)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('explains what is wrong with a line and goes on', async () => {
    const lines = await read(['\ufeff1\n', Buffer.from([0xff, 0xfe, 0x31]), '\n{\n', Buffer.from([0x22, 0xc3, 0x22]), '\n5']);
    expect(lines).toEqual([
      problem(1, 'The body begins with a byte order mark; write UTF-8 without one (RFC 8259 §8.1).'),
      problem(2, 'The line is not UTF-8; it looks like UTF-16. Write UTF-8 without a byte order mark.'),
      problem(3, 'The body is not JSON.'),
      problem(4, 'The body is not valid UTF-8.'),
      { line: 5, value: 5 },
    ]);
  });

  it('refuses a line over its limit, to the byte, without the next one', async () => {
    const limits = { line: 6, total: 100 };
    await expect(read(['"1234"\r\n"12345"\n7'], limits)).resolves.toEqual([
      { line: 1, value: '1234' },
      { line: 2, problem: expect.objectContaining({ status: 413, limit: 6 }) as unknown },
      { line: 3, value: 7 },
    ]);
    await expect(read(['"', '1', '2', '3', '4', '5', '6', '7', '8', '"\n2'], limits)).resolves.toMatchObject([
      { problem: { status: 413 } },
      { value: 2 },
    ]);
  });

  it('refuses a body over its limit after the lines before', async () => {
    const lines: JsonLine[] = [];
    const body = Readable.from([bytes('1\n2\n'), bytes('3\n4'), bytes('5')]);
    const reading = (async () => {
      for await (const line of jsonLines(body, { line: 10, total: 5 })) lines.push(line);
    })();
    await expect(reading).rejects.toMatchObject({ problem: { status: 413, limit: 5 } });
    expect(lines).toEqual([
      { line: 1, value: 1 },
      { line: 2, value: 2 },
    ]);
    // A request that was destroyed takes the connection with it, and one that is not read to its end blocks it.
    expect(body.destroyed).toBe(false);
    await finished(body);
  });

  it('has the limits of one command for a line', async () => {
    const fits = `"${'a'.repeat(MAX_BODY_BYTES - 2)}"`;
    await expect(read([`${fits}\n ${fits}`])).resolves.toMatchObject([{ line: 1 }, { line: 2, problem: { limit: MAX_BODY_BYTES } }]);
  });
});
