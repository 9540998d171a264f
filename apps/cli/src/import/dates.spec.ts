import { checkDates, instantsOf } from './dates';

const at = (text: string, format = 'dd-MM-yyyy HH:mm', timeZone = 'UTC') => instantsOf({ format, timeZone })(text);

describe('Times of another system', () => {
  it.each([
    ['29-02-2016 01:23', 'dd-MM-yyyy HH:mm', 'UTC', '2016-02-29T01:23:00.000Z'],
    ['29-02-2016 01:23', 'dd-MM-yyyy HH:mm', 'Europe/Amsterdam', '2016-02-29T00:23:00.000Z'],
    ['15-07-2016 01:23', 'dd-MM-yyyy HH:mm', 'Europe/Amsterdam', '2016-07-14T23:23:00.000Z'],
    ['2/9/2016 1:05 PM', 'M/d/yyyy h:mm a', 'America/New_York', '2016-02-09T18:05:00.000Z'],
    ['2016-02-29 01:23:45', 'yyyy-MM-dd HH:mm:ss', 'UTC', '2016-02-29T01:23:45.000Z'],
    ['29 Feb 2016, 01:23', 'd MMM yyyy, HH:mm', 'UTC', '2016-02-29T01:23:00.000Z'],
    ['2016-02-29T01:23:00+01:00', 'iso', 'America/New_York', '2016-02-29T00:23:00.000Z'],
    ['2016-02-29T01:23:00.5Z', 'iso', 'Europe/Amsterdam', '2016-02-29T01:23:00.500Z'],
    ['2016-02-29 01:23', 'iso', 'Europe/Amsterdam', '2016-02-29T00:23:00.000Z'],
    ['29-02-2016 01:23 +0530', 'dd-MM-yyyy HH:mm ZZZ', 'UTC', '2016-02-28T19:53:00.000Z'],
  ])('%s as %s in %s', (text, format, timeZone, instant) => {
    expect(checkDates({ format, timeZone })).toBeUndefined();
    expect(at(text, format, timeZone)).toBe(instant);
  });

  it('of an hour the clock showed twice are in the first of the two, whatever the season now', () => {
    expect(at('30-10-2016 02:30', undefined, 'Europe/Amsterdam')).toBe('2016-10-30T00:30:00.000Z');
    expect(at('30-10-2016 03:30', undefined, 'Europe/Amsterdam')).toBe('2016-10-30T02:30:00.000Z');
    expect(at('03-04-2016 02:30', undefined, 'Australia/Sydney')).toBe('2016-04-02T15:30:00.000Z');
  });

  it.each([
    ['the clock skipped', '27-03-2016 02:30', 'Europe/Amsterdam'],
    ['there never was', '30-02-2016 10:00', 'UTC'],
    ['have hour 24', '29-02-2016 24:01', 'UTC'],
    ['are written otherwise', '2016-02-29 01:23', 'UTC'],
    ['have something after them', '29-02-2016 01:23:10', 'UTC'],
    ['are empty', '', 'UTC'],
  ])('that %s are none', (_, text, timeZone) => {
    expect(at(text, undefined, timeZone)).toBeUndefined();
  });

  it.each(['2016-02-29', '2016', 'yesterday', '2016-02-30T10:00', '2016-02-29T10:00+1'])('%s is no ISO date with a time', (text) => {
    expect(at(text, 'iso')).toBeUndefined();
  });

  it.each([
    ['DD-MM-YYYY HH:MM', 'UTC', 'format'],
    ['dd-MM-yyyy', 'UTC', 'format'],
    ['dd-MM-yyyy hh:mm', 'UTC', 'format'],
    ['dd-MM HH:mm', 'UTC', 'format'],
    ['', 'UTC', 'format'],
    ['iso', 'Amsterdam', 'timeZone'],
    ['iso', '', 'timeZone'],
  ] as const)('the format %s in %s cannot be used', (format, timeZone, field) => {
    expect(checkDates({ format, timeZone })).toEqual({ field, reason: expect.any(String) });
  });
});
