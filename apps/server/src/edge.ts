/** From a request to a command or question and back: who asks, what they send, and what they get. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Principal } from '@rapport/access';
import type { Unsubscribe } from '@rapport/domain';
import type { Question, ShapeOf } from '@rapport/kernel';
import { Forbidden } from '@rapport/kernel/errors';
import type { Envelope, Outcome } from '@rapport/kernel/funnel';
import type { ReadDatabase } from '@rapport/read-model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { withEnvelope } from './envelope';
import {
  etag,
  formatIdempotencyKey,
  parseIdempotencyKey,
  parseIfMatch,
  parsePositionToken,
  parsePreferWait,
  POSITION_HEADER,
} from './http/idempotency';
import type { outcome } from './http/openapi-components';
import { readCommand, readQuery, type PathParameters, type QueryString } from './http/validation';
import { problem, unauthenticated } from './http/problems';
import { Unauthenticated, type Identity, type TokenVerifier } from './identity/tokens';
import type { Rapport } from './rapport';

export const RAPPORT = 'RAPPORT';
export const VERIFIER = 'VERIFIER';
export const LOG = 'LOG';

/** How long a question waits for the read models to show what its sender has seen, in seconds; and where it prefers otherwise, at most. */
const PATIENCE = 5;
const MOST_PATIENCE = 30;

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
  async send(type: new () => object, request: FastifyRequest, reply: FastifyReply): Promise<ShapeOf<typeof outcome>> {
    const principal = this.principal(await this.identify(request.headers.authorization));
    // NDJSON reaches the batch only.
    if (request.body instanceof Readable) throw problem('unsupported-media-type');
    const command = readCommand(type, request.body, own(request.params, principal));
    const key = parseIdempotencyKey(request.headers['idempotency-key']) ?? randomUUID();
    const ifMatch = parseIfMatch(request.headers['if-match']);
    const { id, revision, changed, position, created } = await this.execute(command, principal, {
      commandId: this.rapport.vault.commandId([principal.id, request.method, request.url, key]),
      correlationId: request.id,
      ifRevision: ifMatch,
    });
    void reply.code(created ? 201 : 200);
    void reply.header('idempotency-key', formatIdempotencyKey(key)).header('etag', etag(revision));
    if (position !== undefined) void reply.header(POSITION_HEADER, position);
    return { id, revision, changed, position };
  }

  /** The holder of the link in a message is taken for who it was sent to, in this and nothing else (RFC 8058). */
  async unsubscribe(command: Unsubscribe, correlationId: string): Promise<void> {
    const principal: Principal = { kind: 'person', id: command.personId, roles: [], trained: false, purposes: [], engaged: false };
    const commandId = this.rapport.vault.commandId([command.personId, 'unsubscribe', correlationId]);
    await this.execute(command, principal, { commandId, correlationId, byLink: true });
  }

  execute(command: object, principal: Principal, envelope: Omit<Envelope, 'principal'>): Promise<Outcome> {
    return this.bus.execute(withEnvelope(command, { principal, ...envelope }));
  }

  /** What is there for anybody to read. */
  tell(read: (rapport: Rapport) => unknown): unknown {
    return read(this.rapport);
  }

  /** A question over HTTP. */
  async ask(question: Question<ReadDatabase>, request: FastifyRequest): Promise<unknown> {
    const principal = this.principal(await this.identify(request.headers.authorization));
    const query = readQuery(question.type, request.query as QueryString, own(request.params, principal));
    const position = parsePositionToken(request.headers[POSITION_HEADER]);
    if (position !== undefined) {
      const patience = parsePreferWait(request.headers.prefer, MOST_PATIENCE) ?? PATIENCE;
      await this.rapport.readModels.waitFor(position, patience * 1_000);
    }
    const { purpose } = query as { purpose?: string };
    return this.rapport.reader.ask(question, query, { principal, correlationId: request.id, purpose });
  }
}

/** `me` for a person in a path is whoever asks. */
const own = (params: unknown, { id }: Principal): PathParameters => {
  const given = params as PathParameters;
  return given['personId'] === 'me' ? { ...given, personId: id } : given;
};
