import { Id, Ids, isInvalid, NestedList, OneOf, shape, Text, validate, Whole, Day, type InputClass } from '@rapport/kernel';
import { buildOpenApi, exampleOf, type OpenApiOptions, type RouteDescription } from './openapi';

const d = { description: 'What it is.' };

class Action {
  @Text({ ...d, max: 50 }) what!: string;
  @Day({ ...d, optional: true }) due?: string;
}
class TakeNote {
  @Id({ description: 'The conversation.' }) conversation!: string;
  @Ids({ ...d, min: 1, max: 5 }) participants!: string[];
  @Text({ ...d, max: 100, lines: true }) text!: string;
  @NestedList(() => Action, { ...d, min: 0, max: 3, optional: true }) actions?: Action[];
}
class CloseCall {
  @Id({ description: 'The call.' }) call!: string;
}
class Calls {
  @Id({ description: 'Whose.' }) personId!: string;
  @OneOf(['new', 'solved'], { ...d, list: true, optional: true }) states?: string[];
  @Whole({ ...d, min: 1, max: 100, optional: true }) limit?: number;
}
const calls = shape.object('Calls', {
  calls: shape.list(
    shape.object('Call', { id: shape.id('It.'), subject: shape.optional(shape.personal(shape.text('About what.'))) }),
    'Newest first.',
  ),
});

const takeNote: RouteDescription = {
  method: 'post',
  path: '/v1/conversations/{conversation}/notes',
  operation: 'takeNote',
  summary: 'Take a note',
  tag: 'Conversations',
  command: TakeNote,
};
const routes: readonly RouteDescription[] = [
  takeNote,
  { method: 'post', path: '/v1/calls/{call}/close', operation: 'closeCall', summary: 'Close', tag: 'Calls', command: CloseCall },
  {
    method: 'get',
    path: '/v1/people/{personId}/calls',
    operation: 'readCalls',
    summary: 'Calls',
    tag: 'Calls',
    query: Calls,
    answer: calls,
  },
  { method: 'get', path: '/health', operation: 'health', summary: 'Health', tag: 'Health', open: true, answer: shape.open('It.') },
];
const options: OpenApiOptions = { routes, title: 'Rapport', version: '1', description: 'An interface.', issuer: 'https://id.example.org/' };

type Node = { readonly [key: string]: unknown };

describe('buildOpenApi', () => {
  const document = buildOpenApi(options);
  const operation = (path: string, method: string) => document.paths[path]?.[method] as Node & { parameters: Node[]; responses: Node };

  it('describes a command’s body without what the path gives', () => {
    expect(document.components['schemas']?.['TakeNote']).toEqual({
      type: 'object',
      properties: {
        participants: {
          type: 'array',
          minItems: 1,
          maxItems: 5,
          uniqueItems: true,
          items: { type: 'string', format: 'uuid' },
          description: d.description,
          examples: [[expect.any(String)]],
        },
        text: { type: 'string', minLength: 1, maxLength: 100, description: d.description, examples: ['Text'] },
        actions: { type: 'array', minItems: 0, maxItems: 3, items: { $ref: '#/components/schemas/Action' }, description: d.description },
      },
      required: ['participants', 'text'],
      additionalProperties: false,
    });
    expect(operation('/v1/calls/{call}/close', 'post')).not.toHaveProperty('requestBody');
  });

  it('describes an answer, with what may be missing and what may be erased', () => {
    expect(document.components['schemas']).toMatchObject({
      Calls: { properties: { calls: { type: 'array', items: { $ref: '#/components/schemas/Call' } } }, required: ['calls'] },
      Call: {
        properties: {
          subject: {
            description: 'About what.',
            anyOf: [{ type: 'string' }, { $ref: '#/components/schemas/Erased' }, { $ref: '#/components/schemas/Withheld' }],
          },
        },
        required: ['id'],
      },
      Erased: { required: ['erased'] },
    });
  });

  it('has the headers of commands and queries', () => {
    const names = (path: string, method: string) =>
      operation(path, method).parameters.map((parameter) => parameter['name'] ?? parameter['$ref']);
    expect(names('/v1/calls/{call}/close', 'post')).toEqual([
      'call',
      '#/components/parameters/IdempotencyKey',
      '#/components/parameters/IfMatch',
    ]);
    expect(names('/v1/people/{personId}/calls', 'get')).toEqual([
      'personId',
      'states',
      'limit',
      '#/components/parameters/Position',
      '#/components/parameters/Prefer',
    ]);
  });

  it('lists problems by status, and needs a token unless the route is open', () => {
    const statuses = ['200', '201', '400', '401', '403', '404', '409', '412', '413', '415', '422', '500', '503'];
    expect(Object.keys(operation(takeNote.path, 'post').responses)).toEqual(statuses);
    expect(Object.keys(operation('/health', 'get').responses)).toEqual(['200', '500']);
    expect(operation('/health', 'get')['security']).toEqual([]);
    expect(document.security).toEqual([{ openId: [] }, { bearer: [] }]);
    expect(document.components['securitySchemes']?.['openId']).toEqual({
      type: 'openIdConnect',
      openIdConnectUrl: 'https://id.example.org/.well-known/openid-configuration',
    });
  });

  it.each<[InputClass]>([[TakeNote], [CloseCall], [Calls], [Action]])('gives an example that passes: %p', (type) => {
    expect(isInvalid(validate(type, exampleOf(type)))).toBe(false);
  });

  it.each<[string, RouteDescription[], string]>([
    ['a route twice', [takeNote, takeNote], 'is described twice'],
    ['an unknown problem', [{ ...takeNote, problems: ['nonsense'] }], "names the problem 'nonsense'"],
    ['a path parameter nobody describes', [{ ...takeNote, path: '/v1/x/{other}' }], "'other' is no field"],
    ['one command with two bodies', [takeNote, { ...takeNote, path: '/v1/notes' }], 'Two schemas would be called TakeNote'],
  ])('refuses %s', (_, given, message) => {
    expect(() => buildOpenApi({ ...options, routes: given })).toThrow(message);
  });
});
