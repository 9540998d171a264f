/** The parts of the OpenAPI description that are the same whatever routes there are. */
import { shape, type JsonSchema, type Shape } from '@rapport/kernel';

const POSITION_SCHEMA = { type: 'string', pattern: '^[0-9a-f]{32}$' };
const KEY_SCHEMA = { type: 'string', minLength: 1, maxLength: 202 };

/** What a command that took effect is answered with. */
export const ofOutcome = {
  id: shape.id('The record.'),
  revision: shape.whole('Its revision, for If-Match.'),
  changed: shape.flag('False where nothing had to change.'),
  position: shape.optional(
    shape.text('Where the effect stands: a query with it as Rapport-Position shows it. None where nothing changed.'),
  ),
};
export const outcome = shape.object('Outcome', ofOutcome);

const violation: Shape = {
  schema: { $ref: '#/components/schemas/Violation' },
  named: {
    Violation: {
      type: 'object',
      description: 'What is wrong with one value; the value itself is never repeated.',
      properties: {
        pointer: { type: 'string', description: 'JSON Pointer (RFC 6901) from the root of the input.', examples: ['/participants/0'] },
        code: { type: 'string', description: 'Stable, for programs.', examples: ['case'] },
        detail: { type: 'string', description: 'What is expected, for people.', examples: ['Write the id in lower case.'] },
      },
      required: ['pointer', 'code', 'detail'],
    },
  },
};

/** RFC 9457 §3.1, with the members of ours that clients may count on. */
export const problemShape: Shape = {
  schema: { $ref: '#/components/schemas/Problem' },
  named: {
    ...violation.named,
    Problem: {
      type: 'object',
      description: 'Problem details (RFC 9457). A kind of problem may have further members.',
      properties: {
        type: {
          type: 'string',
          format: 'uri-reference',
          description: 'Stable; a page explains it.',
          examples: ['/problems/invalid-input'],
        },
        title: { type: 'string', description: 'The kind of problem.' },
        status: { type: 'integer', description: 'The status of the answer.' },
        detail: { type: 'string', description: 'What is wrong here, and what to do about it.' },
        instance: { type: 'string', description: 'Id of the request, to quote in reports.' },
        errors: { type: 'array', items: violation.schema, description: 'Each thing that is wrong with the input.' },
        reason: { type: 'string', description: 'Of `forbidden`: why, for programs.' },
        revision: { type: 'integer', description: 'Of `revision-conflict`: the current one.' },
        limit: { type: 'integer', description: 'Of `too-large`: in bytes.' },
        header: { type: 'string', description: 'Of `invalid-header`: its name.' },
        holder: { type: 'string', format: 'uuid', description: 'Of `already-held`: whose it is.' },
      },
      required: ['type', 'title', 'status', 'detail'],
      additionalProperties: true,
    },
  },
};

export const PARAMETERS: { readonly [name: string]: JsonSchema } = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'The same key and body give the same answer and one effect, however often they are sent. Without a key the server makes one and answers with it.',
    schema: KEY_SCHEMA,
    example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The ETag the record was answered with: 412 where it has changed since. `*`: it has to exist.',
    schema: { type: 'string' },
    example: '"7"',
  },
  Position: {
    name: 'Rapport-Position',
    in: 'header',
    required: false,
    description: 'As a command was answered with it: the answer shows that command’s effect.',
    schema: POSITION_SCHEMA,
  },
  LastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    required: false,
    description: 'The position of the last event the client has, as browsers send it when they come back.',
    schema: POSITION_SCHEMA,
  },
  Prefer: {
    name: 'Prefer',
    in: 'header',
    required: false,
    description: '`wait=…` seconds (RFC 7240) for the position to be reached.',
    schema: { type: 'string' },
    example: 'wait=2',
  },
};

export const HEADERS: { readonly [name: string]: JsonSchema } = {
  ETag: { description: 'The record’s revision, for If-Match.', schema: { type: 'string', examples: ['"7"'] } },
  Position: { description: 'Where the command’s effect stands, for queries that must show it.', schema: POSITION_SCHEMA },
  IdempotencyKey: { description: 'The key the command had, or the one the server made.', schema: KEY_SCHEMA },
  Challenge: { description: 'How to sign in (RFC 6750 §3).', schema: { type: 'string', examples: ['Bearer realm="rapport"'] } },
  RetryAfter: { description: 'When to try again, in seconds.', schema: { type: 'integer', examples: [1] } },
};
