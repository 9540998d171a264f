/**
 * The decorators for single values: the only ones commands and queries use, together with those for lists.
 * class-validator's own let through more than they seem to (null past IsOptional, 30 February, upper-case ids, NUL).
 */
import { field, type FieldOptions } from './define';
import type { InputClass } from './metadata';
import * as rules from './rules';
import { toUtc } from './time';

export const EXAMPLE_ID = '0198c5a0-7d3e-7cc1-9a44-5b8e1f0d2c63';

/** A lower-case UUID (RFC 9562, any version). @param options `owner`: the vault must know whose id it is before anything is sealed */
export function Id(options: FieldOptions & { owner?: boolean }): PropertyDecorator {
  return field(options, {
    rules: rules.idRules,
    owner: options.owner === true,
    schema: { type: 'string', format: 'uuid' },
    example: EXAMPLE_ID,
  });
}

/** Text with something to read in it, kept as it is given. @param options `min` (default 1) and `max` in Unicode code points; `lines`: line feeds and tabs are allowed */
export function Text(options: FieldOptions & { max: number; min?: number; lines?: boolean }): PropertyDecorator {
  const { min = 1, max } = options;
  return field(options, { rules: rules.textRules(options), schema: { type: 'string', minLength: min, maxLength: max }, example: 'Text' });
}

/** One of the given words. @param options `list`: one or more of them instead, each once */
export function OneOf(values: readonly string[], options: FieldOptions & { list?: boolean }): PropertyDecorator {
  const each = rules.choiceRules(values);
  const items = { type: 'string', enum: values };
  if (options.list !== true) return field(options, { rules: each, schema: items, example: values[0] });
  return field(options, {
    rules: [...rules.listRules(1, values.length), rules.unique],
    each: [rules.notNull(false), ...each],
    schema: { type: 'array', minItems: 1, maxItems: values.length, uniqueItems: true, items },
    example: values.slice(0, 1),
  });
}

/** A stable readable key: a lower-case letter, then up to 63 lower-case letters, digits or hyphens. */
export function Slug(options: FieldOptions): PropertyDecorator {
  return field(options, { rules: rules.slugRules, schema: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' }, example: 'service-desk' });
}

/** A day of the calendar, YYYY-MM-DD, from 1900 to 2200, that exists. */
export function Day(options: FieldOptions): PropertyDecorator {
  return field(options, { rules: rules.dayRules, schema: { type: 'string', format: 'date' }, example: '2026-03-31' });
}

/** A moment (RFC 3339, with offset), from 1900 to 2200; the command holds it in UTC with milliseconds. */
export function Instant(options: FieldOptions): PropertyDecorator {
  return field(options, {
    rules: rules.instantRules,
    schema: { type: 'string', format: 'date-time' },
    example: '2026-03-31T10:15:00Z',
    convert: toUtc,
  });
}

/** A length of calendar time (ISO 8601) such as P6M or P2W: years, months and days, or weeks. */
export function Duration(options: FieldOptions): PropertyDecorator {
  return field(options, { rules: rules.durationRules, schema: { type: 'string', format: 'duration' }, example: 'P6M' });
}

/** An e-mail address: wider than most checks, because refusing a working address helps nobody. */
export function Email(options: FieldOptions): PropertyDecorator {
  return field(options, {
    rules: rules.emailRules,
    schema: { type: 'string', format: 'idn-email', maxLength: 254 },
    example: 'name@example.org',
  });
}

/** A telephone number as people write it: E.164, or digits with their usual separators and an extension. */
export function Telephone(options: FieldOptions): PropertyDecorator {
  return field(options, {
    rules: rules.telephoneRules,
    schema: { type: 'string', minLength: 2, maxLength: 40 },
    example: '+31 20 555 0100',
  });
}

/** A language tag (BCP 47) such as `nl` or `pt-BR`; the command holds it in its canonical spelling. */
export function Language(options: FieldOptions): PropertyDecorator {
  return field(options, {
    rules: rules.languageRules,
    schema: { type: 'string', minLength: 2, maxLength: 35 },
    example: 'nl',
    convert: (tag: string) => Intl.getCanonicalLocales(tag)[0],
  });
}

/** An http or https address without credentials in it. */
export function Url(options: FieldOptions): PropertyDecorator {
  return field(options, {
    rules: rules.urlRules,
    schema: { type: 'string', format: 'iri', maxLength: 2048 },
    example: 'https://example.org/',
  });
}

/** True or false; in a query string the words `true` and `false`. */
export function Flag(options: FieldOptions): PropertyDecorator {
  return field(options, {
    rules: rules.flagRules,
    schema: { type: 'boolean' },
    example: true,
    fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  });
}

/** A whole number from `min` to `max`, both included; -0 becomes 0. */
export function Whole(options: FieldOptions & { min: number; max: number }): PropertyDecorator {
  const { min, max } = options;
  return field(options, {
    rules: rules.wholeRules(min, max),
    schema: { type: 'integer', minimum: min, maximum: max },
    example: min,
    convert: (value: number) => value + 0,
    fromText: (text) => (/^-?\d{1,16}$/.test(text) ? Number(text) : text),
  });
}

/** An object with the fields of another class. @param type in a function, because the class may be declared further down */
export function Nested(type: () => InputClass, options: FieldOptions): PropertyDecorator {
  return field(options, { rules: [rules.anObject], schema: {}, nested: type });
}
