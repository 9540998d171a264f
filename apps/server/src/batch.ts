/**
 * `POST /v1/batch`: commands as NDJSON, one a line: `{"command": name, "key": idempotency key, "body": {…}}`. The same
 * commands under the same rules as by their own routes; what those take from the path is part of the body here.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { aggregates } from '@rapport/domain';
import { fieldsOf, OneOf, shape, Text, type CommandDeclaration, type JsonSchema, type Shape, type ShapeOf } from '@rapport/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Edge, LOG, RAPPORT } from './edge';
import { parseIdempotencyKey } from './http/idempotency';
import { inOrder } from './http/in-order';
import { MAX_BATCH_BYTES, MAX_BODY_BYTES } from './http/json';
import { jsonLines, type JsonLine } from './http/json-lines';
import { fieldsShape, type RouteDescription } from './http/openapi';
import { ofOutcome, problemShape } from './http/openapi-components';
import { malformedBody, problem } from './http/problems';
import { logProblem, toProblem } from './http/problems-filter';
import { readCommand } from './http/validation';
import type { Identity } from './identity/tokens';
import type { Rapport } from './rapport';

const commands = new Map<string, CommandDeclaration>(
  aggregates.flatMap((aggregate) => aggregate.commands.map((declaration) => [declaration.type.name, declaration])),
);

/** One line, without the command's own fields. */
export class BatchLine {
  @OneOf([...commands.keys()], { description: 'The name of the command.' })
  command!: string;

  @Text({
    max: 200,
    description: 'Its Idempotency-Key. Without one the line is a new command each time it is sent.',
    example: '0198c5a0-1',
    optional: true,
  })
  key?: string;
}

const ofAnswer = {
  line: shape.whole('The line it answers, from 1, empty ones included.'),
  status: shape.whole('The status its own route would have answered with.'),
};
const answer = shape.either(
  shape.object('BatchDone', { ...ofAnswer, ...ofOutcome }),
  shape.object('BatchRefused', { ...ofAnswer, problem: problemShape }),
);
type Answer = ShapeOf<typeof answer>;

/** Who sends the batch, and the request it came by. */
interface Sender {
  readonly identity: Identity;
  readonly requestId: string;
}

/** Lines under way at once: enough to fill the store's group commits, and a bound on memory. */
const MOST_AT_ONCE = 256;

@Controller('v1')
export class BatchController {
  constructor(
    @Inject(Edge) private readonly edge: Edge,
    @Inject(RAPPORT) private readonly rapport: Rapport,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  /**
   * Lines about one record are carried out in their order; lines about different ones may overtake each other, so
   * that they share the store's commits. A line that is refused does not keep the next from being carried out.
   */
  @Post('batch')
  async batch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const identity = await this.edge.identify(request.headers.authorization);
    this.edge.principal(identity);
    if (!(request.body instanceof Readable)) throw problem('unsupported-media-type');
    const sender = { identity, requestId: request.id };
    const text = async (entry: JsonLine) => `${JSON.stringify(await this.answer(entry, sender))}\n`;
    const answers = Readable.from(inOrder(this.entries(request.body, sender), text, MOST_AT_ONCE));
    await reply.code(200).header('content-type', 'application/x-ndjson').send(answers);
  }

  /** The lines; where the body itself cannot be read on, the last entry says so. Lines before it are carried out. */
  private async *entries(body: Readable, { requestId }: Sender): AsyncGenerator<JsonLine, undefined> {
    let line = 0;
    try {
      for await (const entry of jsonLines(body)) {
        line = entry.line;
        yield entry;
      }
    } catch (error) {
      const refusal = toProblem(error);
      // A client that broke off is no fault of ours, and reads no answer.
      if (!body.destroyed) logProblem(this.log, requestId, refusal, error);
      yield { line: line + 1, problem: refusal.problem };
    }
    return undefined;
  }

  /** Never rejects. Up to the record's queue nothing is awaited, which is what keeps lines about one record in order. */
  private async answer(entry: JsonLine, { identity, requestId }: Sender): Promise<Answer> {
    const { line } = entry;
    if ('problem' in entry) return { line, status: entry.problem.status, problem: entry.problem };
    try {
      const { name, key, body } = parts(entry.value);
      const { type, target } = commands.get(name)!;
      const command = readCommand(type, body);
      const principal = this.edge.principal(identity);
      const record = target === undefined ? '' : (command as { [field: string]: string })[target]!;
      const commandId = this.rapport.vault.commandId([principal.id, 'POST', '/v1/batch', name, record, key]);
      const outcome = await this.edge.execute(command, principal, { commandId, correlationId: requestId });
      const { id, revision, changed, position, created } = outcome;
      return { line, status: created ? 201 : 200, id, revision, changed, position };
    } catch (error) {
      const refusal = toProblem(error);
      logProblem(this.log, requestId, refusal, error);
      return { line, status: refusal.problem.status, problem: refusal.problem };
    }
  }
}

function parts(value: unknown): { name: string; key: string; body: unknown } {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || !('body' in value)) {
    throw malformedBody('A line is expected as {"command": …, "key": …, "body": {…}}.', {
      pointer: isObject ? '/body' : '',
      code: isObject ? 'required' : 'type',
      detail: 'The fields of the command are expected here.',
    });
  }
  const { body, ...rest } = value;
  const { command: name, key } = readCommand(BatchLine, rest);
  return { name, key: parseIdempotencyKey(key) ?? randomUUID(), body };
}

/** A schema a command: the whole of its fields, those its own route takes from the path included. */
function batchLine(): Shape {
  const [, key] = fieldsOf(BatchLine);
  const named: { [name: string]: JsonSchema } = {};
  const lines = [...commands].map(([name, { type }]) => {
    const body = fieldsShape(fieldsOf(type));
    Object.assign(named, body.named);
    named[`${name}Line`] = {
      type: 'object',
      properties: {
        command: { type: 'string', const: name },
        key: { ...key!.schema, description: key!.description },
        body: body.schema,
      },
      required: ['command', 'body'],
      additionalProperties: false,
    };
    return [name, `#/components/schemas/${name}Line`] as const;
  });
  named['BatchLine'] = {
    oneOf: lines.map(([, $ref]) => ({ $ref })),
    discriminator: { propertyName: 'command', mapping: Object.fromEntries(lines) },
  };
  return { schema: { $ref: '#/components/schemas/BatchLine' }, named };
}

export const batchDescription: RouteDescription = {
  method: 'post',
  path: '/v1/batch',
  operation: 'batch',
  summary: 'Many commands, one a line',
  description: `Each line is a command as JSON, and is answered with a line, in order. Lines about one record are carried out in their
order; lines about different ones may overtake each other. A line that is refused does not keep the next from being
carried out, so the status is 200 whatever the lines are answered with. A line has ${MAX_BODY_BYTES} bytes at most, a
batch ${MAX_BATCH_BYTES}; where it is cut off, its whole lines are carried out. With a key each line can be sent again.`,
  tag: 'Batch',
  consumes: { mediaType: 'application/x-ndjson', line: batchLine() },
  answer,
  produces: ['application/x-ndjson'],
};
