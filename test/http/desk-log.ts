/**
 * A service desk's log, and what it says, computed without any code of the import. The real one of 5,998 rows where it
 * is beside the project, else one that is made up in the same form, with the same oddities.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const REAL = join(__dirname, '..', '..', '..', 'shared', 'data', 'itsm-incidents', 'incidents.csv');
export const isReal = existsSync(REAL);

/** @returns the path of a copy in that folder */
export function placeDeskLog(folder: string): string {
  const path = join(folder, 'incidents.csv');
  writeFileSync(path, isReal ? readFileSync(REAL) : madeUp());
  return path;
}

export type LogRow = { readonly [column: string]: string };

/** Rows of the log, which quotes nothing. */
export function readDeskLog(path: string): { readonly columns: readonly string[]; readonly rows: readonly LogRow[] } {
  const [header = '', ...lines] = readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const columns = header.split(',');
  return { columns, rows: lines.map((line) => Object.fromEntries(line.split(',').map((cell, index) => [columns[index]!, cell]))) };
}

/** DD-MM-YYYY HH:MM in UTC as ISO 8601. */
export const instant = (text: string): string => text.replace(/(\d\d)-(\d\d)-(\d{4}) (\d\d:\d\d)/, '$3-$2-$1T$4:00.000Z');

const MOMENT = ['sys_mod_count', 'sys_updated_by', 'sys_updated_at'];

/** What the log says of each incident: its rows in order of time, and those of them that change anything. */
export function tellIncidents(
  path: string,
): Map<string, { readonly caller: string; readonly rows: readonly LogRow[]; readonly changes: readonly LogRow[] }> {
  const { columns, rows } = readDeskLog(path);
  const told = columns.filter((column) => !MOMENT.includes(column));
  const of = new Map<string, LogRow[]>();
  for (const row of rows) of.set(row['number']!, [...(of.get(row['number']!) ?? []), row]);
  const time = (row: LogRow) => `${instant(row['sys_updated_at']!)} ${row['sys_mod_count']!.padStart(6, '0')}`;
  return new Map(
    [...of].map(([number, unordered]) => {
      const ordered = unordered.toSorted((a, b) => (time(a) < time(b) ? -1 : 1));
      const changes = ordered.filter((row, index) => index === 0 || told.some((column) => row[column] !== ordered[index - 1]![column]));
      return [number, { caller: ordered[0]!['caller_id']!, rows: ordered, changes }];
    }),
  );
}

/** Every distinct value of these columns but the unknown. */
export const distinct = (rows: readonly LogRow[], ...columns: string[]): Set<string> =>
  new Set(rows.flatMap((row) => columns.map((column) => row[column]!)).filter((value) => value !== '?'));

const COLUMNS =
  'number,incident_state,active,reassignment_count,sys_mod_count,caller_id,opened_by,opened_at,sys_updated_by,sys_updated_at,' +
  'contact_type,location,category,subcategory,u_symptom,cmdb_ci,impact,urgency,priority,assignment_group,assigned_to,' +
  'u_priority_confirmation,problem_id,rfc,closed_at';

/** 900 incidents of 6 or 7 rows each: some do not begin with New, some rows change nothing, one is out of order, some counters repeat. */
function madeUp(): string {
  const lines = [COLUMNS];
  for (let incident = 1; incident <= 900; incident++) {
    const states = ['New', 'Active', 'Active', 'Awaiting User Info', 'Active', 'Resolved', 'Closed'].slice(incident % 3 === 0 ? 1 : 0);
    const rows = states.map((state, index) => {
      const day = `0${1 + (incident % 9)}-03-2016`;
      const group = index === 2 && incident % 2 === 0 ? 'Group 7' : 'Group 70';
      const counter = incident % 200 === 0 && index === 1 ? 0 : index;
      return [
        `INC${String(incident).padStart(7, '0')}`,
        state,
        state !== 'Closed' ? 'TRUE' : 'FALSE',
        0,
        counter,
        `Caller ${incident % 640}`,
        incident % 9 === 0 ? '?' : `Opened by  ${incident % 57}`,
        `${day} 07:00`,
        `Updated by ${index}`,
        `${day} 0${8 + (index > 1 ? 1 : 0)}:${String(10 + index)}`,
        'Phone',
        `Location ${incident % 85}`,
        `Category ${incident % 32}`,
        'Subcategory 1',
        '?',
        '?',
        '2 - Medium',
        '2 - Medium',
        '3 - Moderate',
        group,
        index === 0 ? '?' : `Resolver ${incident % 120}`,
        'FALSE',
        '?',
        '?',
        '24-03-2016 18:40',
      ].join(',');
    });
    if (incident === 137) rows.unshift(...rows.splice(2, 1));
    lines.push(...rows);
  }
  return `${lines.join('\r\n')}\r\n`;
}
