/**
 * `GET /v1/events/stream`: everything that happens, as it happens, for internal services and engaged auditors.
 * In order after a position, each once; a client that comes back with the last position it has misses nothing.
 */
import { Readable } from 'node:stream';
import { Controller, Get, Inject, Req, Res, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Principal } from '@rapport/access';
import { declarations } from '@rapport/domain';
import { UnknownPosition, type Batch, type StoredEvent } from '@rapport/event-store';
import { OneOf, Slug, Text } from '@rapport/kernel';
import { principalFacts } from '@rapport/kernel/authorization';
import { recorder } from '@rapport/kernel/recorded';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Edge, LOG, RAPPORT } from './edge';
import { preferred } from './http/accept';
import { cloudEvent, toCloudEvent } from './http/cloud-events';
import { FORMATS, pieces, type Following } from './http/event-stream';
import { isPosition } from './http/idempotency';
import type { RouteDescription } from './http/openapi';
import { invalidInput, problem } from './http/problems';
import { logProblem, toProblem } from './http/problems-filter';
import { readQuery, type QueryString } from './http/validation';
import type { Identity } from './identity/tokens';
import type { Rapport } from './rapport';

/** Its name is the action in the policies. */
export class ReadEvents {
  @Text({
    max: 32,
    description: 'Events after this position; from the beginning where it is left out. A stream’s Last-Event-ID counts first.',
    optional: true,
  })
  after?: string;

  @OneOf(declarations.map(({ type }) => type), { list: true, description: 'Only events of these types.', optional: true })
  type?: string[];

  @Slug({ description: 'What a service needs them for, as the register of purposes names it.', optional: true })
  purpose?: string;
}

const MEDIA_TYPES = Object.keys(FORMATS) as (keyof typeof FORMATS)[];

/** Events in memory at most, a connection. */
const BATCH_SIZE = 100;
/** Something is sent at least so often, in milliseconds; who takes nothing for three times as long is gone. */
const HEARTBEAT = 15_000;
/** Connections at once: each reads the store for itself. */
const MOST_STREAMS = 200;

@Controller('v1')
export class EventsController implements BeforeApplicationShutdown {
  private readonly recorded = recorder(declarations);
  private readonly stopping = new AbortController();
  private open = 0;

  constructor(
    @Inject(Edge) private readonly edge: Edge,
    @Inject(RAPPORT) private readonly rapport: Rapport,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  /** Ends every stream where it stands; its client goes on with another process. */
  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }

  @Get('events/stream')
  async stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const identity = await this.edge.identify(request.headers.authorization);
    const principal = this.edge.principal(identity);
    const query = readQuery(ReadEvents, request.query as QueryString);
    const format = preferred(request.headers.accept, MEDIA_TYPES);
    if (format === undefined) throw problem('not-acceptable');
    this.authorize(principal, query);
    const after = await this.startOf(query, request.headers['last-event-id']);
    if (this.open >= MOST_STREAMS) throw problem('too-many-streams', { headers: { 'retry-after': '5' } });

    const gone = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, gone.signal]);
    const subscription = this.rapport.store.subscribe({ after, filter: { types: query.type }, batchSize: BATCH_SIZE }, signal);
    const batches = subscription[Symbol.asyncIterator]() as AsyncIterator<Batch, undefined>;
    // Where it cannot begin, that is answered before anything else is.
    const first = await batches.next().catch((error: unknown) => {
      throw error instanceof UnknownPosition ? noSuchPosition() : error;
    });
    const source = `urn:uuid:${this.rapport.firstEvent}`;
    const written = (event: StoredEvent) => JSON.stringify(toCloudEvent(source, this.recorded(event)));
    const mayGoOn = () => Date.now() < identity.expiresAt * 1_000 && this.isAllowed(identity, query);
    const sent = this.sent({ batches, first, format: FORMATS[format], written, mayGoOn, heartbeat: HEARTBEAT }, request.id);
    const body = Readable.from(sent, { highWaterMark: 1 });
    this.open++;
    body.once('close', () => {
      this.open--;
      gone.abort();
    });
    // Sending heartbeats keeps the connection from being idle; one that takes none of them is given up.
    reply.raw.setTimeout(3 * HEARTBEAT, () => reply.raw.destroy());
    await reply.code(200).headers({ 'content-type': format, 'cache-control': 'no-store', 'x-accel-buffering': 'no' }).send(body);
  }

  /** @throws Forbidden, Unavailable */
  private authorize(principal: Principal, { purpose: slug }: ReadEvents): void {
    const purpose = slug === undefined ? undefined : this.rapport.authorities.purpose(slug);
    const facts = { ...principalFacts(principal, slug, purpose), self: false, exists: true, categoriesCovered: true };
    this.rapport.funnel.ask({ principal, action: ReadEvents.name, facts, targeted: false });
  }

  /** Whether it still is. Where not, the client comes back and is told why. */
  private isAllowed(identity: Identity, query: ReadEvents): boolean {
    try {
      this.authorize(this.edge.principal(identity), query);
      return true;
    } catch {
      return false;
    }
  }

  private async startOf({ after }: ReadEvents, lastEventId: string | string[] | undefined): Promise<string | undefined> {
    const start = lastEventId === undefined || lastEventId === '' ? after : String(lastEventId);
    if (start === undefined) return undefined;
    const head = isPosition(start) ? await this.rapport.store.head() : undefined;
    if (head === undefined || start > head) throw noSuchPosition();
    return start;
  }

  private async *sent(following: Following, requestId: string): AsyncGenerator<string, void> {
    try {
      yield* pieces(following);
    } catch (error) {
      // The answer has begun: that it ends is all the client is told, and it comes back from where it was.
      logProblem(this.log, requestId, toProblem(error), error);
    }
  }
}

const noSuchPosition = () =>
  invalidInput({
    invalid: true,
    violations: [
      { pointer: '/after', code: 'position', detail: 'This history has no such position. Take one as it was given, or begin without.' },
    ],
  });

export const eventsDescription: RouteDescription = {
  method: 'get',
  path: '/v1/events/stream',
  operation: 'readEvents',
  summary: 'Everything that happens, as it happens',
  description: `CloudEvents 1.0 as server-sent events or as NDJSON, by Accept; in order, from after a position on, and then live until the
client or the server ends it. Whoever comes back with the position of the last event they have (\`Last-Event-ID\`, or
\`after\`) has every event once. Something is sent at least every ${HEARTBEAT / 1000} seconds: a comment, or an empty line. A
stream ends when its token expires, when what allowed it no longer does, and when the server stops.`,
  tag: 'Events',
  query: ReadEvents,
  headers: ['LastEventId'],
  answer: cloudEvent,
  produces: MEDIA_TYPES,
  problems: ['not-acceptable', 'too-many-streams'],
};
