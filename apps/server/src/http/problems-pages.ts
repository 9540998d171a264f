/** The page behind a problem's `type`, for people who follow the link. */
import { STATUS_CODES } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { notFound, problemTypes, type ProblemType } from './problems';

/** Adds the pages to the application's Fastify instance; call it before `listen`. */
export function mountProblemPages(fastify: FastifyInstance): void {
  const show = (reply: FastifyReply, html: string) =>
    reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      })
      .send(html);
  const pages = new Map(problemTypes().map((type) => [type.code, problemPage(type)]));
  const list = problemList();
  fastify.get('/problems', (_request, reply) => show(reply, list));
  fastify.get<{ Params: { code: string } }>('/problems/:code', ({ params }, reply) => {
    const found = pages.get(params.code);
    if (found === undefined) throw notFound();
    return show(reply, found);
  });
}

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (title: string, body: string): string =>
  `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title></head>\n<body>\n${body}\n</body>\n</html>\n`;

/** @returns HTML that lists every kind of problem */
export function problemList(): string {
  const row = ({ code, status, title }: ProblemType): string =>
    `<li><a href="/problems/${code}">${escape(title)}</a> <code>${code}</code> (${status})</li>`;
  return page('Problems', `<h1>Problems</h1>\n<ul>\n${problemTypes().map(row).join('\n')}\n</ul>`);
}

/** @returns HTML that explains a kind of problem */
export function problemPage(type: ProblemType): string {
  const status = `${type.status} ${STATUS_CODES[type.status] ?? ''}`.trim();
  return page(
    type.title,
    `<h1>${escape(type.title)}</h1>\n<p><code>/problems/${type.code}</code>, HTTP ${status}</p>\n<p>${escape(type.explanation)}</p>\n<p><a href="/problems">All problems</a></p>`,
  );
}
