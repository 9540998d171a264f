/**
 * The rules behind the decorators. A rule is one predicate with one fixed sentence: the sentence is written before
 * any value is seen, so it cannot repeat one.
 */
import { parseInstant, isCalendarDay } from './time';

export interface Rule {
  /** Stable code of the violation. */
  readonly code: string;
  /** What is expected. */
  readonly detail: string;
  readonly holds: (value: unknown) => boolean;
}

/** Once one of these fails, the rules after it have nothing to look at. */
export const GATES: ReadonlySet<string> = new Set(['required', 'null', 'type', 'size']);

const text =
  (check: (value: string) => boolean) =>
  (value: unknown): boolean =>
    typeof value === 'string' && check(value);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const SLUG = /^[a-z][a-z0-9-]{0,63}$/;
const [TAB, LF, CR] = [0x09, 0x0a, 0x0d];
/** Unicode's own "can be seen": neither white space nor default-ignorable (zero width and the like). */
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}\u2800]/u;
const aString: Rule = { code: 'type', detail: 'A string is expected.', holds: (value) => typeof value === 'string' };

export const required: Rule = { code: 'required', detail: 'This field is required.', holds: (value) => value !== undefined };
export const notNull = (optional: boolean): Rule => ({
  code: 'null',
  detail: optional ? 'Null is not a value here: leave the field out instead.' : 'Null is not a value here: the field is required.',
  holds: (value) => value !== null,
});

/** RFC 9562, any version; lower case, because two spellings of one id would be two streams. */
export const idRules: readonly Rule[] = [
  aString,
  {
    code: 'format',
    detail: 'A UUID is expected (RFC 9562): 32 hexadecimal digits as 8-4-4-4-12.',
    holds: text((value) => UUID.test(value)),
  },
  {
    code: 'case',
    detail: 'Write the id in lower case.',
    holds: text((value) => !/[A-F]/.test(value) || !UUID.test(value)),
  },
];

export const slugRules: readonly Rule[] = [
  aString,
  {
    code: 'format',
    detail: 'A slug is expected: a lower-case letter, then up to 63 lower-case letters, digits or hyphens.',
    holds: text((value) => SLUG.test(value)),
  },
];

// Loops over code units where a regular expression with Unicode properties would take ten times as long: these three
// look at every character of every text.

/** The length in Unicode code points; a lone surrogate counts as one. */
function codePoints(value: string): number {
  let count = value.length;
  for (let i = 0; i < value.length - 1; i++) {
    if (!isHigh(value.charCodeAt(i)) || !isLow(value.charCodeAt(i + 1))) continue;
    count--;
    i++;
  }
  return count;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

function isWellFormed(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (isLow(unit)) return false;
    if (isHigh(unit) && !isLow(value.charCodeAt(++i))) return false;
  }
  return true;
}

/** No control characters (Unicode's Cc); with `lines` tab, LF and CRLF are layout, and a lone CR is not. */
function isPlainText(value: string, lines: boolean): boolean {
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit >= 0x20 && (unit < 0x7f || unit > 0x9f)) continue;
    const layout = unit === TAB || unit === LF || (unit === CR && value.charCodeAt(i + 1) === LF);
    if (!lines || !layout) return false;
  }
  return true;
}

export function textRules({ min = 1, max, lines = false }: { min?: number; max: number; lines?: boolean }): readonly Rule[] {
  const length = `Between ${min} and ${max} characters (Unicode code points) are expected.`;
  return [
    aString,
    {
      code: 'length',
      detail: length,
      holds: text((value) => (value.length <= max && value.length >= 2 * min) || isBetween(codePoints(value), min, max)),
    },
    { code: 'blank', detail: 'Text is expected, not only blanks.', holds: text((value) => value === '' || VISIBLE.test(value)) },
    {
      code: 'control-character',
      detail: lines
        ? 'Text is expected without control characters other than tab and line feed (or CR LF).'
        : 'Text of one line is expected, without control characters.',
      holds: text((value) => isPlainText(value, lines)),
    },
    {
      code: 'lone-surrogate',
      detail: 'Well-formed Unicode is expected: a surrogate stands without its other half.',
      holds: text(isWellFormed),
    },
  ];
}

export const choiceRules = (values: readonly string[]): readonly Rule[] => {
  const choices = new Set<unknown>(values);
  return [aString, { code: 'choice', detail: `One of these is expected: ${values.join(', ')}.`, holds: (value) => choices.has(value) }];
};

export const dayRules: readonly Rule[] = [
  aString,
  {
    code: 'date',
    detail: 'A day that exists is expected, as YYYY-MM-DD, from 1900 to 2200.',
    holds: text(isCalendarDay),
  },
];

export const instantRules: readonly Rule[] = [
  aString,
  {
    code: 'date',
    detail: 'An instant that exists is expected (RFC 3339): a date, T, a time with seconds, and Z or an offset; from 1900 to 2200.',
    holds: text((value) => parseInstant(value) !== undefined),
  },
];

export const durationRules: readonly Rule[] = [
  aString,
  {
    code: 'format',
    detail: 'A calendar duration longer than nothing is expected (ISO 8601), such as P6M, P1Y6M, P30D or P2W; no time of day.',
    holds: text((value) => /^P(?:\d{1,4}W|(?=\d)(?:\d{1,4}Y)?(?:\d{1,4}M)?(?:\d{1,4}D)?)$/.test(value) && /[1-9]/.test(value)),
  },
];

const DOMAIN_LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u;
const LOCAL_PART = /^[^\s\p{Cc}\p{Cs}"(),:;<>@[\\\]]{1,64}$/u;

/** Whether mail might get there: deliberately wider than RFC 5321 on the left, and a domain with a dot on the right. */
function isEmail(value: string): boolean {
  if (value.length > 254) return false;
  const at = value.lastIndexOf('@');
  const labels = value.slice(at + 1).split('.');
  return (
    at > 0 &&
    LOCAL_PART.test(value.slice(0, at)) &&
    labels.length > 1 &&
    labels.every((label) => label.length <= 63 && DOMAIN_LABEL.test(label))
  );
}

export const emailRules: readonly Rule[] = [
  aString,
  { code: 'format', detail: 'An e-mail address is expected, such as name@example.org, of at most 254 characters.', holds: text(isEmail) },
];

/** People write numbers in their own ways: separators of all kinds, typographic dashes, an extension at the end. */
const TELEPHONE = /^[\d\p{Zs}()+\-\u2010-\u2015/.,*#]*(?:(?:ext|x|tst)[\p{Zs}.:]*\d{1,8})?$/iu;

export const telephoneRules: readonly Rule[] = [
  aString,
  {
    code: 'format',
    detail:
      'A telephone number is expected: at least two digits, with spaces and + - ( ) / . , between them, "ext" and digits after it; 40 characters at most.',
    holds: text((value) => value.length <= 40 && TELEPHONE.test(value) && /\d.*\d/.test(value)),
  },
];

/** Well-formed, as ECMA-402 reads BCP 47; that a language of this name exists is not checked. */
function isLanguageTag(value: string): boolean {
  if (value.length > 35) return false;
  try {
    return Intl.getCanonicalLocales(value).length === 1;
  } catch {
    return false;
  }
}

export const languageRules: readonly Rule[] = [
  aString,
  { code: 'format', detail: 'A language tag is expected (BCP 47), such as nl, en-GB or zh-Hant.', holds: text(isLanguageTag) },
];

function isWebAddress(value: string): boolean {
  if (value.length > 2048 || !/^https?:\/\/[^\s\p{Cc}\p{Cs}]+$/iu.test(value) || !URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === '' && password === '';
}

export const urlRules: readonly Rule[] = [
  aString,
  {
    code: 'format',
    detail:
      'An address that begins with http:// or https:// is expected, without a user name or password in it, of at most 2048 characters.',
    holds: text(isWebAddress),
  },
];

export const flagRules: readonly Rule[] = [
  { code: 'type', detail: 'true or false is expected.', holds: (value) => typeof value === 'boolean' },
];

export const wholeRules = (min: number, max: number): readonly Rule[] => [
  { code: 'type', detail: 'A whole number is expected.', holds: (value) => Number.isSafeInteger(value) },
  {
    code: 'range',
    detail: `A number from ${min} to ${max} is expected.`,
    holds: (value) => typeof value === 'number' && isBetween(value, min, max),
  },
];

export const anObject: Rule = {
  code: 'type',
  detail: 'An object is expected.',
  holds: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

export const listRules = (min: number, max: number): readonly Rule[] => [
  { code: 'type', detail: 'A list is expected, also for a single value.', holds: Array.isArray },
  {
    code: 'size',
    detail: min === max ? `A list of ${min} is expected.` : `A list of ${min} to ${max} is expected.`,
    holds: (value) => Array.isArray(value) && isBetween(value.length, min, max),
  },
];

export const unique: Rule = {
  code: 'unique',
  detail: 'Each value may be in the list once.',
  holds: (value) => Array.isArray(value) && new Set(value).size === value.length,
};

function isBetween(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
