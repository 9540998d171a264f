import { validateSync } from 'class-validator';
import * as fc from 'fast-check';
import { Day, Email, Flag, Id, Ids, Instant, isInvalid, Nested, NestedList, OneOf, Telephone, Text, Url, validate, Whole } from '../fields';

const d = { description: 'What it is.' };

class Part {
  @Text({ ...d, max: 20, lines: true }) text!: string;
  @Day({ ...d, optional: true }) day?: string;
}
class Input {
  @Id(d) id!: string;
  @Ids({ ...d, min: 1, max: 3 }) ids!: string[];
  @Email({ ...d, optional: true }) email?: string;
  @Telephone({ ...d, optional: true }) telephone?: string;
  @Url({ ...d, optional: true }) url?: string;
  @OneOf(['call', 'visit'], { ...d, list: true, optional: true }) channels?: string[];
  @Flag({ ...d, optional: true }) flag?: boolean;
  @Whole({ ...d, min: 0, max: 9, optional: true }) whole?: number;
  @Nested(() => Part, { ...d, optional: true }) part?: Part;
  @NestedList(() => Part, { ...d, min: 0, max: 2, optional: true }) parts?: Part[];
}

/** Mostly right, so that the rules behind the first one are reached too. */
const id = fc.uuid();
const anyText = fc.oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 30 }));
const oftenWrong = <T>(right: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 40, arbitrary: right }, { weight: 1, arbitrary: fc.jsonValue() }, { weight: 1, arbitrary: anyText });
const part = fc.record(
  { text: oftenWrong(anyText), day: oftenWrong(fc.constantFrom('2026-03-31', '2026-02-30')) },
  { requiredKeys: ['text'] },
);
const likelyInput = fc.record(
  {
    id: oftenWrong(id),
    ids: oftenWrong(fc.uniqueArray(oftenWrong(id), { minLength: 1, maxLength: 4 })),
    email: oftenWrong(fc.emailAddress()),
    telephone: oftenWrong(fc.constantFrom('112', '+31 20 555 0100')),
    url: oftenWrong(fc.webUrl()),
    channels: oftenWrong(fc.constantFrom(['call'], ['visit', 'call'], ['fax'], [])),
    flag: oftenWrong(fc.boolean()),
    whole: oftenWrong(fc.integer({ min: 0, max: 10 })),
    part: oftenWrong(part),
    parts: oftenWrong(fc.array(oftenWrong(part), { maxLength: 3 })),
  },
  { requiredKeys: ['id', 'ids'] },
);

/** What class-validator needs before it can look into nested objects. */
function asInstance(input: Record<string, unknown>): object {
  const inner = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.assign(new Part(), value) : value;
  const { part: one, parts } = input;
  return Object.assign(
    new Input(),
    input,
    'part' in input ? { part: inner(one) } : {},
    'parts' in input ? { parts: Array.isArray(parts) ? parts.map(inner) : parts } : {},
  );
}

describe('validate', () => {
  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom('id', 'ids', 'part', 'parts', 'x'), fc.anything())), (input) => {
        const result = validate(Input, input);
        expect(isInvalid(result) ? result.violations.length : 0).toBeLessThanOrEqual(100);
      }),
      { numRuns: 700 },
    );
  });

  it('never repeats a value in what it says', () => {
    // The mark makes every text of the input one that our sentences cannot hold by accident.
    const marked = fc.string({ maxLength: 20 }).map((text) => `§${text}`);
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        marked,
        fc.integer(),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(fc.constantFrom('text', 'day', 'x'), tie('value')),
      ),
    })).value;
    const input = fc.dictionary(fc.oneof(fc.constantFrom('id', 'ids', 'email', 'channels', 'part', 'parts', 'other'), marked), value);
    fc.assert(
      fc.property(input, (given) => {
        const result = validate(Input, given);
        const said = isInvalid(result) ? JSON.stringify(result.violations) : '';
        expect(said).not.toContain('§');
      }),
      { numRuns: 700 },
    );
  });

  it('lets through what class-validator lets through by the same rules, and nothing else', () => {
    let [passed, failed] = [0, 0];
    fc.assert(
      fc.property(likelyInput, (input) => {
        const ours = isInvalid(validate(Input, input));
        const theirs =
          validateSync(asInstance(input), { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true }).length > 0;
        if (ours) failed++;
        else passed++;
        expect(ours).toBe(theirs);
      }),
      { numRuns: 1500, seed: 20260331 },
    );
    expect(passed).toBeGreaterThan(100);
    expect(failed).toBeGreaterThan(100);
  });

  it('gives the same again for what it made', () => {
    class At {
      @Instant(d) at!: string;
    }
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1900-01-02'), max: new Date('2200-12-30'), noInvalidDate: true }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        (date, minutes) => {
          const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
          const offset = `${minutes < 0 ? '-' : '+'}${String(Math.floor(Math.abs(minutes) / 60)).padStart(2, '0')}:${String(Math.abs(minutes) % 60).padStart(2, '0')}`;
          expect(validate(At, { at: local + offset })).toEqual({ at: date.toISOString() });
        },
      ),
    );
  });
});
