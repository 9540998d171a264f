/** From a request to a command or question and back: who asks, what they send, and what they get. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Principal } from '@rapport/access';
import type { Question } from '@rapport/kernel';
import { Forbidden } from '@rapport/kernel/errors';
import type { Envelope, Outcome } from '@rapport/kernel/funnel';
import type { ReadDatabase } from '@rapport/read-model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { withEnvelope } from './envelope';
import { etag, parseIdempotencyKey, parseIfMatch, parsePositionToken, POSITION_HEADER } from './http/idempotency';
import { readCommand, readQuery, type QueryString } from './http/validation';
import { problem, unauthenticated } from './http/problems';
import { Unauthenticated, type Identity, type TokenVerifier } from './identity/tokens';
import type { Rapport } from './rapport';

export const RAPPORT = 'RAPPORT';
export const VERIFIER = 'VERIFIER';
export const LOG = 'LOG';

/** How long a question waits for the read models to show what its sender has seen, in milliseconds. */
const PATIENCE = 5_000;

@Injectable()
export class Edge {
  constructor(
    @Inject(RAPPORT) private readonly rapport: Rapport,
    @Inject(VERIFIER) private readonly verify: TokenVerifier,
    @Inject(CommandBus) private readonly bus: CommandBus,
  ) {}

  /** @throws ProblemError 401 */
  async identify(authorization: string | undefined): Promise<Identity> {
    return this.verify(authorization).catch((error: unknown) => {
      throw error instanceof Unauthenticated ? unauthenticated(error.code === 'missing' ? 'missing' : 'invalid') : error;
    });
  }

  /** Who that is here, with what they may do now. @throws Forbidden where the account is nobody's */
  principal(identity: Identity): Principal {
    const { authorities } = this.rapport;
    const principal = authorities.principal(identity, new Date().toISOString());
    if (principal === undefined) {
      if (!authorities.isFresh) throw problem('authorities-stale');
      throw new Forbidden(
        'account-unknown',
        'This account is bound to nobody here. Ask for an invitation; services are registered by the privacy officer.',
      );
    }
    return principal;
  }

  /** A command over HTTP. */
  async send(type: new () => object, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const principal = this.principal(await this.identify(request.headers.authorization));
    // NDJSON reaches the batch only.
    if (request.body instanceof Readable) throw problem('unsupported-media-type');
    const command = readCommand(type, request.body, own(request.params, principal));
    const key = parseIdempotencyKey(request.headers['idempotency-key']) ?? randomUUID();
    const ifMatch = parseIfMatch(request.headers['if-match']);
    const outcome = await this.execute(command, principal, {
      commandId: this.rapport.vault.commandId([principal.id, request.method, request.url, key]),
      correlationId: request.id,
      ifRevision: ifMatch,
    });
    void reply.code(outcome.created ? 201 : 200);
    void reply.header('idempotency-key', `"${key}"`).header('etag', etag(outcome.revision));
    if (outcome.position !== undefined) void reply.header(POSITION_HEADER, outcome.position);
    return { id: outcome.id, revision: outcome.revision, changed: outcome.changed, position: outcome.position };
  }

  execute(command: object, principal: Principal, envelope: Omit<Envelope, 'principal'>): Promise<Outcome> {
    return this.bus.execute(withEnvelope(command, { principal, ...envelope }));
  }

  /** A question over HTTP. */
  async ask(question: Question<ReadDatabase>, request: FastifyRequest): Promise<unknown> {
    const principal = this.principal(await this.identify(request.headers.authorization));
    const query = readQuery(question.type, request.query as QueryString, own(request.params, principal));
    const position = parsePositionToken(request.headers[POSITION_HEADER]);
    if (position !== undefined) await this.rapport.readModels.waitFor(position, PATIENCE);
    const { purpose } = query as { purpose?: string };
    return this.rapport.reader.ask(question, query, { principal, correlationId: request.id, purpose });
  }
}

/** `me` in the place of a person is whoever asks. */
const own = (params: unknown, { id }: Principal) => {
  const given = params as { readonly [name: string]: string };
  return given['personId'] === 'me' ? { ...given, personId: id } : given;
};
