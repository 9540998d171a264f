/** The page behind a problem's `type`, for people who follow the link. */
import { STATUS_CODES } from 'node:http';
import { PROBLEM_TYPES, type ProblemType } from './problems';

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (title: string, body: string): string =>
  `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title></head>\n<body>\n${body}\n</body>\n</html>\n`;

/** @param refusals the domain's own kinds @returns HTML that lists every kind of problem */
export function problemList(refusals: readonly ProblemType[] = []): string {
  const row = ({ code, status, title }: ProblemType): string =>
    `<li><a href="/problems/${code}">${escape(title)}</a> <code>${code}</code> (${status})</li>`;
  return page('Problems', `<h1>Problems</h1>\n<ul>\n${[...PROBLEM_TYPES, ...refusals].map(row).join('\n')}\n</ul>`);
}

/** @param code from the path @returns HTML that explains it; undefined where there is no such kind */
export function problemPage(code: string, refusals: readonly ProblemType[] = []): string | undefined {
  const type = [...PROBLEM_TYPES, ...refusals].find((known) => known.code === code);
  if (type === undefined) return undefined;
  const status = `${type.status} ${STATUS_CODES[type.status] ?? ''}`.trim();
  return page(
    type.title,
    `<h1>${escape(type.title)}</h1>\n<p><code>/problems/${type.code}</code>, HTTP ${status}</p>\n<p>${escape(type.explanation)}</p>\n<p><a href="/problems">All problems</a></p>`,
  );
}
