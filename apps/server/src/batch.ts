/**
 * `POST /v1/batch`: commands as NDJSON, one a line: `{"command": name, "key": idempotency key, "body": {…}}`. The same
 * commands under the same rules as by their own routes; what those take from the path is part of the body here.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { aggregates } from '@rapport/domain';
import { OneOf, Text, type CommandDeclaration } from '@rapport/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Edge, LOG, RAPPORT } from './edge';
import { parseIdempotencyKey } from './http/idempotency';
import { inOrder } from './http/in-order';
import { jsonLines, type JsonLine } from './http/json-lines';
import { malformedBody, problem, type Problem } from './http/problems';
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

type Answer =
  | {
      readonly line: number;
      readonly status: 200 | 201;
      readonly id: string;
      readonly revision: number;
      readonly changed: boolean;
      readonly position?: string;
    }
  | { readonly line: number; readonly status: number; readonly problem: Problem };

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
    const answer = async (entry: JsonLine) => `${JSON.stringify(await this.answer(entry, sender))}\n`;
    const answers = Readable.from(inOrder(this.entries(request.body, sender), answer, MOST_AT_ONCE));
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
      const answer = toProblem(error);
      // A client that broke off is no fault of ours, and reads no answer.
      if (!body.destroyed) logProblem(this.log, requestId, answer, error);
      yield { line: line + 1, problem: answer.problem };
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
      const answer = toProblem(error);
      logProblem(this.log, requestId, answer, error);
      return { line, status: answer.problem.status, problem: answer.problem };
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
