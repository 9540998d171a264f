/**
 * The OpenAPI 3.1 description, made when the server starts from the routes and the fields of their commands and
 * queries: what the decorators check is what is described.
 */
import { fieldsOf, type FieldInfo, type InputClass, type JsonSchema } from '@rapport/kernel';
import { PROBLEM_MEDIA_TYPE, problemTypes, type ProblemType } from './problems';

/** One route, as its controller describes it. */
export interface RouteDescription {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In OpenAPI's spelling: `/v1/people/{id}`. */
  readonly path: string;
  /** A few words. */
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** The class of the body; the fields that `params` names come from the path. */
  readonly command?: InputClass;
  /** The class of the query string. */
  readonly query?: InputClass;
  /** Path parameters that are no field of the command or query, with what they are. */
  readonly params?: { readonly [name: string]: string };
  /** What a good answer is; without a schema it has no body, with another media type it is no JSON. */
  readonly success: { readonly status: number; readonly description?: string; readonly schema?: JsonSchema; readonly mediaType?: string };
  /** Codes of the problems beside those every route has. */
  readonly problems?: readonly string[];
  /** Media type of the body where it is no JSON command: `application/x-ndjson`. */
  readonly consumes?: string;
  /** Open to anybody: no token needed. */
  readonly open?: boolean;
}

export interface OpenApiOptions {
  readonly routes: readonly RouteDescription[];
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** The OpenID Connect issuer; its discovery document is what clients start from. */
  readonly issuer: string;
}

/** A JSON document; `OpenApi` says which members there are. */
export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: JsonSchema;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: { readonly [path: string]: { readonly [method: string]: JsonSchema } };
  readonly components: { readonly [kind: string]: { readonly [name: string]: JsonSchema } };
  readonly security: readonly JsonSchema[];
}

const ref = (kind: string, name: string): JsonSchema => ({ $ref: `#/components/${kind}/${name}` });

/**
 * @throws Error where two routes have one method and path, two classes one name, or a route names a problem that is
 * not described
 */
export function buildOpenApi({ routes, title, version, description, issuer }: OpenApiOptions): OpenApi {
  const schemas = new Schemas();
  const problems = new Map(problemTypes().map((type) => [type.code, type]));
  const paths: { [path: string]: { [method: string]: JsonSchema } } = {};
  for (const route of routes) {
    const methods = (paths[route.path] ??= {});
    if (methods[route.method] !== undefined) throw new Error(`${route.method} ${route.path} is described twice.`);
    methods[route.method] = operation(route, schemas, problems);
  }
  return {
    openapi: '3.1.0',
    info: { title, version, description },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...schemas.all, Problem: PROBLEM_SCHEMA, Violation: VIOLATION_SCHEMA },
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: {
        openId: { type: 'openIdConnect', openIdConnectUrl: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` },
      },
    },
    security: [{ openId: [] }],
  };
}

function operation(route: RouteDescription, schemas: Schemas, known: ReadonlyMap<string, ProblemType>): JsonSchema {
  const { method, path, summary, description, tag, command, query, success, open = false } = route;
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? '');
  const isCommand = command !== undefined;
  const fields = (type: InputClass | undefined): readonly FieldInfo[] => (type === undefined ? [] : fieldsOf(type));
  const declared = new Map([...fields(query), ...fields(command)].map((field) => [field.name, field]));
  const parameters: JsonSchema[] = [
    ...inPath.map((name) => pathParameter(name, declared.get(name), route.params?.[name])),
    ...fields(query)
      .filter(({ name }) => !inPath.includes(name))
      .map(queryParameter),
    ...(isCommand ? ['IdempotencyKey', 'IfMatch'] : method === 'get' && !open ? ['Position', 'Prefer'] : []).map((name) =>
      ref('parameters', name),
    ),
  ];
  return {
    operationId: `${method}${path.replace(/[^A-Za-z0-9]+(.)?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? '')}`,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(route, inPath, schemas),
    responses: { [success.status]: successResponse(route, isCommand), ...problemResponses(route, known) },
    ...(open ? { security: [] } : {}),
  };
}

function requestBody({ command, consumes, path, method }: RouteDescription, inPath: readonly string[], schemas: Schemas): JsonSchema {
  if (consumes !== undefined) return { requestBody: { required: true, content: { [consumes]: { schema: { type: 'string' } } } } };
  if (command === undefined) return {};
  const schema = schemas.of(command, inPath, `${method} ${path}`);
  const body = fieldsOf(command).filter(({ name }) => !inPath.includes(name));
  if (body.length === 0) return {};
  const required = body.some(({ optional }) => !optional);
  return { requestBody: { required, content: { 'application/json': { schema, example: exampleOf(command, inPath) } } } };
}

function pathParameter(name: string, field: FieldInfo | undefined, described: string | undefined): JsonSchema {
  const description = field?.description ?? described;
  if (description === undefined)
    throw new Error(`The path parameter '${name}' is neither a field of the command or query nor described in params.`);
  return { name, in: 'path', required: true, description, schema: field?.schema ?? { type: 'string' } };
}

function queryParameter({ name, description, optional, list, schema, example }: FieldInfo): JsonSchema {
  return { name, in: 'query', required: !optional, description, schema, example, ...(list ? { style: 'form', explode: true } : {}) };
}

function successResponse({ success }: RouteDescription, isCommand: boolean): JsonSchema {
  const { description = 'Done.', schema, mediaType = 'application/json' } = success;
  return {
    description,
    ...(isCommand
      ? {
          headers: {
            ETag: ref('headers', 'ETag'),
            'Rapport-Position': ref('headers', 'Position'),
            'Idempotency-Key': ref('headers', 'IdempotencyKey'),
          },
        }
      : {}),
    ...(schema === undefined ? {} : { content: { [mediaType]: { schema } } }),
  };
}

/** One response a status, with what the problems behind it mean. */
function problemResponses(
  { problems = [], command, query, open = false, consumes, path }: RouteDescription,
  known: ReadonlyMap<string, ProblemType>,
): JsonSchema {
  const hasInput = command !== undefined || query !== undefined;
  const codes = [
    ...(hasInput ? ['invalid-input'] : []),
    ...(command === undefined
      ? []
      : [
          'invalid-header',
          'malformed-body',
          'revision-conflict',
          'too-large',
          'unsupported-media-type',
          'idempotency-mismatch',
          'outcome-unknown',
        ]),
    ...(consumes === undefined ? [] : ['too-large', 'unsupported-media-type']),
    ...(open ? [] : ['unauthenticated', 'forbidden', 'authorities-stale', 'store-unavailable']),
    'internal-error',
    ...problems,
  ];
  const byStatus = new Map<number, string[]>();
  for (const code of new Set(codes)) {
    const type = known.get(code);
    if (type === undefined) throw new Error(`${path} names the problem '${code}', which is not described.`);
    byStatus.set(type.status, [...(byStatus.get(type.status) ?? []), `\`${code}\`: ${type.explanation}`]);
  }
  const response = (lines: readonly string[]): JsonSchema => ({
    description: lines.join('\n\n'),
    content: { [PROBLEM_MEDIA_TYPE]: { schema: ref('schemas', 'Problem') } },
  });
  return Object.fromEntries([...byStatus].map(([status, lines]) => [status, response(lines)]));
}

/** The schemas of classes by name, each once. */
class Schemas {
  readonly all: { [name: string]: JsonSchema } = {};
  private readonly named = new Map<string, InputClass | string>();

  /** @param without fields that come from elsewhere; a schema without some is the route's own @returns a reference */
  of(type: InputClass, without: readonly string[] = [], route = ''): JsonSchema {
    const fields = fieldsOf(type);
    const left = fields.filter(({ name }) => !without.includes(name));
    const name = type.name;
    const owner = left.length === fields.length ? type : `${name} in ${route}`;
    const before = this.named.get(name);
    if (before === owner) return ref('schemas', name);
    if (before !== undefined) throw new Error(`Two schemas would be called ${name}; rename a class, or give one command one route.`);
    this.named.set(name, owner);
    const required = left.filter(({ optional }) => !optional).map((field) => field.name);
    this.all[name] = {
      type: 'object',
      properties: Object.fromEntries(left.map((field) => [field.name, this.property(field)])),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
    };
    return ref('schemas', name);
  }

  private property({ schema, description, list, nested, example }: FieldInfo): JsonSchema {
    const inner = nested === undefined ? {} : this.of(nested());
    return {
      ...schema,
      ...(list && nested !== undefined ? { items: inner } : inner),
      description,
      ...(example === undefined ? {} : { examples: [example] }),
    };
  }
}

/** A made-up body that passes: the fields that are required, and those that are not as far as they have an example. */
export function exampleOf(type: InputClass, without: readonly string[] = []): JsonSchema {
  const entries = fieldsOf(type)
    .filter(({ name }) => !without.includes(name))
    .map(({ name, nested, list, example }) => [
      name,
      nested === undefined || example !== undefined ? example : list ? [exampleOf(nested())] : exampleOf(nested()),
    ]);
  return Object.fromEntries(entries) as JsonSchema;
}

const VIOLATION_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'What is wrong with one value; the value itself is never repeated.',
  properties: {
    pointer: { type: 'string', description: 'JSON Pointer (RFC 6901) from the root of the input.', examples: ['/participants/0'] },
    code: { type: 'string', description: 'Stable, for programs.', examples: ['case'] },
    detail: { type: 'string', description: 'What is expected, for people.', examples: ['Write the id in lower case.'] },
  },
  required: ['pointer', 'code', 'detail'],
};

const PROBLEM_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Stable; a page explains it.', examples: ['/problems/invalid-input'] },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'Id of the request, to quote in reports.' },
    errors: { type: 'array', items: ref('schemas', 'Violation') },
  },
  required: ['type', 'title', 'status', 'detail'],
};

const POSITION_SCHEMA = { type: 'string', pattern: '^[0-9a-f]{32}$' };
const KEY_SCHEMA = { type: 'string', minLength: 1, maxLength: 202 };

const PARAMETERS: { readonly [name: string]: JsonSchema } = {
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
  Prefer: {
    name: 'Prefer',
    in: 'header',
    required: false,
    description: '`wait=…` seconds (RFC 7240) for the position to be reached.',
    schema: { type: 'string' },
    example: 'wait=2',
  },
};

const HEADERS: { readonly [name: string]: JsonSchema } = {
  ETag: { description: 'The record’s revision, for If-Match.', schema: { type: 'string', examples: ['"7"'] } },
  Position: { description: 'Where the command’s effect stands, for queries that must show it.', schema: POSITION_SCHEMA },
  IdempotencyKey: { description: 'The key the command had, or the one the server made.', schema: KEY_SCHEMA },
};
