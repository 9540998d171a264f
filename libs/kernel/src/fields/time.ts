/** Days and instants as text, checked by the calendar itself: `Date` would roll 30 February over into March. */

const FIRST_YEAR = 1900;
const LAST_YEAR = 2200;
const FIRST_INSTANT = Date.UTC(FIRST_YEAR, 0, 1);
const END_OF_TIME = Date.UTC(LAST_YEAR + 1, 0, 1);
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT = /^(\d{4})-(\d{2})-(\d{2})[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function exists(year: number, month: number, day: number): boolean {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= (DAYS_IN_MONTH[month - 1] ?? 0) + (leap ? 1 : 0);
}

/** True for a day of the Gregorian calendar from 1900 to 2200 as YYYY-MM-DD. */
export function isCalendarDay(text: string): boolean {
  const parts = DAY.exec(text);
  if (parts === null) return false;
  const year = Number(parts[1]);
  return year >= FIRST_YEAR && year <= LAST_YEAR && exists(year, Number(parts[2]), Number(parts[3]));
}

/**
 * Milliseconds since 1970 of an RFC 3339 date-time; undefined where it is none or lies outside 1900 to 2200 in UTC.
 * Digits after the millisecond are cut. A leap second (:60) is refused: no clock of ours can hold it.
 */
export function parseInstant(text: string): number | undefined {
  const parts = INSTANT.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  if (!exists(year, month, day)) return undefined;
  const milliseconds = Number((parts[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const offset = parts[8] === undefined ? 0 : (Number(parts[9]) * 60 + Number(parts[10])) * (parts[8] === '-' ? -60_000 : 60_000);
  const at = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds) - offset;
  // Date.UTC reads the years 0 to 99 as 1900 to 1999.
  return year >= 100 && at >= FIRST_INSTANT && at < END_OF_TIME ? at : undefined;
}

/** The same instant in UTC with milliseconds, `2026-03-31T10:00:00.000Z`; for text that `parseInstant` takes. */
export function toUtc(text: string): string {
  return new Date(parseInstant(text) ?? Number.NaN).toISOString();
}
