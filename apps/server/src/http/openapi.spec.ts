import { Day, Id, Ids, type InputClass, isInvalid, NestedList, OneOf, refusal, Text, validate, Whole } from '@rapport/kernel';
import { buildOpenApi, exampleOf, type OpenApiOptions, type RouteDescription } from './openapi';

const d = { description: 'What it is.' };
refusal.conflict('conversation-closed', 'The conversation is closed.');

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
  @Id({ description: 'Whose.' }) person!: string;
  @OneOf(['new', 'solved'], { ...d, list: true, optional: true }) states?: string[];
  @Whole({ ...d, min: 1, max: 100, optional: true }) limit?: number;
}

const routes: readonly RouteDescription[] = [
  {
    method: 'post',
    path: '/v1/conversations/{conversation}/notes',
    summary: 'Take a note',
    tag: 'Conversations',
    command: TakeNote,
    success: { status: 201, schema: { type: 'object' } },
    problems: ['conversation-closed'],
  },
  { method: 'post', path: '/v1/calls/{call}/close', summary: 'Close', tag: 'Calls', command: CloseCall, success: { status: 200 } },
  {
    method: 'get',
    path: '/v1/people/{person}/calls',
    summary: 'Calls',
    tag: 'Calls',
    query: Calls,
    success: { status: 200, schema: { type: 'array', items: {} } },
  },
  {
    method: 'get',
    path: '/problems/{code}',
    summary: 'A kind of problem',
    tag: 'About',
    params: { code: 'Its code.' },
    open: true,
    success: { status: 200 },
    problems: ['not-found'],
  },
  {
    method: 'post',
    path: '/v1/batch',
    summary: 'Many commands',
    tag: 'Batch',
    consumes: 'application/x-ndjson',
    success: { status: 200, mediaType: 'application/x-ndjson', schema: { type: 'string' } },
  },
];
const options: OpenApiOptions = {
  routes,
  title: 'Rapport',
  version: '1',
  description: 'An interface.',
  issuer: 'https://id.example.org/',
};

type Node = { readonly [key: string]: unknown };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** What OpenAPI 3.1.0 demands of a document's structure, as far as ours has such parts. */
function structuralFaults(document: Node): string[] {
  const faults: string[] = [];
  const need = (node: unknown, at: string, ...members: string[]): void => {
    for (const member of members) if (!isNode(node) || node[member] === undefined) faults.push(`${at} lacks ${member}`);
  };
  const resolve = (pointer: string): unknown =>
    pointer
      .slice(2)
      .split('/')
      .reduce<unknown>((node, key) => (isNode(node) ? node[key.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined), document);
  const refs = (node: unknown, at: string): void => {
    if (!isNode(node)) return;
    const target = node['$ref'];
    if (typeof target === 'string' && (!target.startsWith('#/') || resolve(target) === undefined))
      faults.push(`${at} refers to nothing: ${target}`);
    for (const [key, value] of Object.entries(node)) refs(value, `${at}/${key}`);
  };
  const parameter = (given: unknown): Node =>
    isNode(given) && typeof given['$ref'] === 'string' ? (resolve(given['$ref']) as Node) : (given as Node);

  need(document, '', 'openapi', 'info', 'paths', 'components');
  need(document['info'], 'info', 'title', 'version');
  refs(document, '#');
  const ids = new Set<unknown>();
  for (const [path, item] of Object.entries(document['paths'] as Node)) {
    if (!path.startsWith('/')) faults.push(`${path} does not begin with a slash`);
    for (const [method, operation] of Object.entries(item as { [method: string]: Node })) {
      const at = `${method} ${path}`;
      need(operation, at, 'operationId', 'summary', 'responses', 'tags');
      if (ids.has(operation['operationId'])) faults.push(`${at} has an operationId twice`);
      ids.add(operation['operationId']);
      const parameters = ((operation['parameters'] ?? []) as unknown[]).map(parameter);
      for (const one of parameters) {
        need(one, at, 'name', 'in', 'schema', 'description');
        if (one['in'] === 'path' && one['required'] !== true) faults.push(`${at}: a path parameter is required`);
      }
      const keys = parameters.map((one) => `${String(one['in'])} ${String(one['name'])}`);
      if (new Set(keys).size !== keys.length) faults.push(`${at} has a parameter twice`);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `path ${name ?? ''}`);
      for (const key of inPath) if (!keys.includes(key)) faults.push(`${at} does not declare ${key}`);
      for (const key of keys) if (key.startsWith('path ') && !inPath.includes(key)) faults.push(`${at} has no ${key}`);
      if (operation['requestBody'] !== undefined) need(operation['requestBody'], at, 'content');
      for (const [status, response] of Object.entries(operation['responses'] as Node)) {
        if (!/^[1-5]\d\d$/.test(status)) faults.push(`${at}: ${status} is no status`);
        need(response, `${at} ${status}`, 'description');
      }
    }
  }
  const schemes = (document['components'] as Node)['securitySchemes'] as Node;
  for (const requirement of document['security'] as Node[])
    for (const name of Object.keys(requirement)) if (schemes[name] === undefined) faults.push(`no security scheme ${name}`);
  return faults;
}

describe('buildOpenApi', () => {
  const document = buildOpenApi(options);
  const operation = (path: string, method: string) => document.paths[path]?.[method] as Node & { parameters: Node[]; responses: Node };

  it('keeps the structure of OpenAPI 3.1', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(structuralFaults(document as unknown as Node)).toEqual([]);
  });

  it('would be caught where it does not', () => {
    const broken = JSON.parse(JSON.stringify(document)) as {
      paths: { [path: string]: Node };
      components: { schemas: { [name: string]: unknown } };
    };
    delete broken.components.schemas['Action'];
    broken.paths['/v1/nothing/{id}'] = { get: { operationId: 'x', summary: 'x', tags: [], responses: {} } };
    expect(structuralFaults(broken)).toEqual([
      expect.stringContaining('refers to nothing: #/components/schemas/Action'),
      'get /v1/nothing/{id} does not declare path id',
    ]);
  });

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

  it('has the headers of commands and queries', () => {
    const names = (path: string, method: string) =>
      operation(path, method).parameters.map((parameter) => parameter['name'] ?? parameter['$ref']);
    expect(names('/v1/calls/{call}/close', 'post')).toEqual([
      'call',
      '#/components/parameters/IdempotencyKey',
      '#/components/parameters/IfMatch',
    ]);
    expect(names('/v1/people/{person}/calls', 'get')).toEqual([
      'person',
      'states',
      'limit',
      '#/components/parameters/Position',
      '#/components/parameters/Prefer',
    ]);
  });

  it('lists problems by status, and needs a token unless the route is open', () => {
    expect(Object.keys(operation('/v1/conversations/{conversation}/notes', 'post').responses)).toEqual([
      '201',
      '400',
      '401',
      '403',
      '409',
      '412',
      '413',
      '415',
      '422',
      '500',
      '503',
    ]);
    expect(Object.keys(operation('/problems/{code}', 'get').responses)).toEqual(['200', '404', '500']);
    expect(operation('/problems/{code}', 'get')['security']).toEqual([]);
    expect(document.security).toEqual([{ openId: [] }]);
    expect(document.components['securitySchemes']).toEqual({
      openId: { type: 'openIdConnect', openIdConnectUrl: 'https://id.example.org/.well-known/openid-configuration' },
    });
  });

  it.each<[InputClass]>([[TakeNote], [CloseCall], [Calls], [Action]])('gives an example that passes: %p', (type) => {
    expect(isInvalid(validate(type, exampleOf(type)))).toBe(false);
  });

  const first = routes[0] as RouteDescription;
  it.each([
    ['a route twice', [first, first], 'is described twice'],
    ['an unknown problem', [{ ...first, problems: ['nonsense'] }], "names the problem 'nonsense'"],
    ['a path parameter nobody describes', [{ ...first, path: '/v1/x/{other}' }], "'other' is neither"],
    ['one command with two bodies', [first, { ...first, path: '/v1/notes' }], 'Two schemas would be called TakeNote'],
  ])('refuses %s', (_, given, message) => {
    expect(() => buildOpenApi({ ...options, routes: given })).toThrow(message);
  });
});
