/** Times as another system writes them. */
import { LRUCache } from 'lru-cache';
import { DateTime, IANAZone } from 'luxon';

export interface DateShape {
  /** Unicode's letters, as Luxon reads them: `dd-MM-yyyy HH:mm`, `M/d/yyyy h:mm a`; or `iso` (ISO 8601). */
  readonly format: string;
  /** Whose clock the times are of, where they do not say it themselves: a name of the IANA database, such as Europe/Amsterdam. */
  readonly timeZone: string;
}

const ISO_DAY_AND_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;
const OFFSET = /(?:Z|[+-]\d\d:?\d\d)$/i;
const SAMPLE = DateTime.utc(2016, 12, 31, 23, 58);
const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const DAY = 24 * 60 * MINUTE;
const FIRST_QUARTERS = Date.UTC(1972, 6, 1);
const OFFSETS = 50_000;

/** @returns what is wrong with it; undefined where nothing is */
export function checkDates({ format, timeZone }: DateShape): { field: keyof DateShape; reason: string } | undefined {
  if (!IANAZone.isValidZone(timeZone)) {
    return {
      field: 'timeZone',
      reason: 'There is no such time zone: a name of the IANA database is expected, such as UTC or Europe/Amsterdam.',
    };
  }
  if (format === 'iso') return undefined;
  // What does not come back lacks the year, the minute, or morning and afternoon.
  const back = DateTime.fromFormat(SAMPLE.toFormat(format, { locale: 'en' }), format, { zone: 'utc', locale: 'en' });
  if (back.isValid && back.toMillis() === SAMPLE.toMillis()) return undefined;
  return {
    field: 'format',
    reason:
      'The format must tell year, month, day, hour and minute: yyyy, MM (or MMM for Jan), dd, HH (or hh with a for AM and PM), mm, ss, ZZ for an offset; or iso. M and d take one digit as well.',
  };
}

/**
 * @returns a function from text to an instant in UTC (ISO 8601 with milliseconds), or to undefined where the text is
 * not in that format, or no such time was on that clock. Of an hour that the clock showed twice, the first is meant.
 */
export function instantsOf({ format, timeZone }: DateShape): (text: string) => string | undefined {
  const offset = offsetsOf(IANAZone.create(timeZone));
  const saysOffset = /Z/.test(format.replace(/'[^']*'/g, ''));
  const parser = format === 'iso' ? undefined : DateTime.buildFormatParser(format, { locale: 'en' });
  const read = (text: string) => {
    if (parser !== undefined) return DateTime.fromFormatParser(text, parser, { zone: 'utc', locale: 'en' });
    return ISO_DAY_AND_TIME.test(text) ? DateTime.fromISO(text.replace(' ', 'T'), { zone: 'utc' }) : DateTime.invalid('no date and time');
  };
  return (text) => {
    const clock = read(text);
    if (!clock.isValid) return undefined;
    const own = saysOffset || (parser === undefined && OFFSET.test(text));
    const at = own ? clock.toMillis() : onClock(clock.toMillis(), offset);
    return at === undefined ? undefined : new Date(at).toISOString();
  };
}

/** The first instant at which a clock there showed that time, given as if it were UTC. In milliseconds since 1970. */
function onClock(shown: number, offset: (at: number) => number): number | undefined {
  // The offsets a day before and after: between them the clock changed, if it did.
  for (const near of [shown - DAY, shown + DAY]) {
    const at = shown - offset(near);
    if (at + offset(at) === shown) return at;
  }
  return undefined;
}

/** A zone's offset from UTC at an instant, all in milliseconds. Asking the database is slow: times of a log lie close together. */
function offsetsOf(zone: IANAZone): (at: number) => number {
  const known = new LRUCache<number, number>({ max: OFFSETS });
  return (at) => {
    // Since 1972 no clock was changed but at a quarter of an hour.
    if (at < FIRST_QUARTERS) return zone.offset(at) * MINUTE;
    const quarter = Math.floor(at / QUARTER);
    const before = known.get(quarter);
    if (before !== undefined) return before;
    const offset = zone.offset(at) * MINUTE;
    known.set(quarter, offset);
    return offset;
  };
}
