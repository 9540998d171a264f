/**
 * One-click unsubscribing (RFC 8058): the link of a message, for people who are not signed in. A mail program posts
 * to it; a person who follows it gets a page with one button, since a link that is only looked at must change nothing.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Unsubscribe } from '@rapport/domain';
import type { Edge } from './edge';
import { problem } from './http/problems';
import type { Rapport } from './rapport';

/** Room for `List-Unsubscribe=One-Click`, as a form or as multipart. */
const MAX_BYTES = 4_096;

const page = (body: string) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Unsubscribe</title></head>
<body><main><h1>Unsubscribe</h1>
${body}
</main></body>
</html>
`;

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Adds `GET` and `POST /unsubscribe/{link}`; call it before `listen`. */
export function mountUnsubscribe(fastify: FastifyInstance, rapport: Rapport, edge: () => Edge): void {
  const meant = (request: FastifyRequest) => {
    const ids = rapport.vault.links.read('unsubscribe', (request.params as { link: string }).link);
    if (ids === undefined) throw problem('not-found');
    const [personId, preferenceId] = ids;
    return Object.assign(new Unsubscribe(), { personId, preferenceId });
  };
  void fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // What the body says does not matter: that the link is posted to is the answer.
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BYTES }, (_request, _body, done) => done(null));

    scope.get('/unsubscribe/:link', async (request: FastifyRequest, reply: FastifyReply) => {
      meant(request);
      return reply.headers(HEADERS).send(page('<form method="post"><button>Send me no more of this</button></form>'));
    });

    scope.post('/unsubscribe/:link', async (request: FastifyRequest, reply: FastifyReply) => {
      const command = meant(request);
      await edge().unsubscribe(command, request.id);
      return reply.headers(HEADERS).send(page('<p>Done. You get no more of this.</p>'));
    });
  });
}
