/**
 * The OpenAPI 3.1 description, made when the server starts from the routes, the fields of their commands and queries
 * and the shapes of their answers: what is checked is what is described.
 */
import { fieldsOf, type FieldInfo, type InputClass, type JsonSchema, type Shape } from '@rapport/kernel';
import { HEADERS, outcome, PARAMETERS, problemShape } from './openapi-components';
import { PROBLEM_MEDIA_TYPE, problemTypes, type ProblemType } from './problems';

/** One route, as its controller describes it. */
export interface RouteDescription {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In OpenAPI's spelling: `/v1/people/{id}`. */
  readonly path: string;
  /** What clients call it. */
  readonly operation: string;
  /** A few words. */
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** The class of the body; what is in the path is not in the body. */
  readonly command?: InputClass;
  /** The class of the query string. */
  readonly query?: InputClass;
  /** The body where it is no command: its media type, and what each line of it looks like. */
  readonly consumes?: { readonly mediaType: string; readonly line: Shape };
  /** What a good answer looks like; of NDJSON each line, of a stream each event. A command's is always the same. */
  readonly answer?: Shape;
  /** Media types of the answer where it is no JSON. */
  readonly produces?: readonly string[];
  /** Headers the request may have, by their names among the components. */
  readonly headers?: readonly string[];
  /** Codes of the problems beside those that such a route always has. */
  readonly problems?: readonly string[];
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

/** @throws Error where two routes have one method and path, two schemas one name, or a route names an unknown problem */
export function buildOpenApi({ routes, title, version, description, issuer }: OpenApiOptions): OpenApi {
  const builder = new Builder();
  for (const route of routes) builder.add(route);
  builder.use(problemShape);
  return {
    openapi: '3.1.0',
    info: { title, version, description },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths: builder.paths,
    components: {
      schemas: builder.schemas,
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: {
        openId: { type: 'openIdConnect', openIdConnectUrl: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` },
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token of that issuer.' },
      },
    },
    security: [{ openId: [] }, { bearer: [] }],
  };
}

const reference = (kind: string, name: string): JsonSchema => ({ $ref: `#/components/${kind}/${name}` });
const references = (headers: { readonly [header: string]: string }) =>
  Object.fromEntries(Object.entries(headers).map(([header, name]) => [header, reference('headers', name)]));
const inPath = (path: string): string[] => [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? '');

class Builder {
  readonly paths: { [path: string]: { [method: string]: JsonSchema } } = {};
  readonly schemas: { [name: string]: JsonSchema } = {};
  private readonly problems = new Map(problemTypes().map((type) => [type.code, type]));

  add(route: RouteDescription): void {
    const methods = (this.paths[route.path] ??= {});
    if (methods[route.method] !== undefined) throw new Error(`${route.method} ${route.path} is described twice.`);
    const parameters = parametersOf(route);
    methods[route.method] = {
      operationId: route.operation,
      summary: route.summary,
      ...(route.description === undefined ? {} : { description: route.description }),
      tags: [route.tag],
      ...(parameters.length === 0 ? {} : { parameters }),
      ...this.requestBody(route),
      responses: { ...this.answers(route), ...this.refusals(route) },
      ...(route.open === true ? { security: [] } : {}),
    };
  }

  /** @returns the schema, what it refers to being among the components */
  use({ schema, named }: Shape): JsonSchema {
    for (const [name, given] of Object.entries(named)) {
      const known = (this.schemas[name] ??= given);
      if (JSON.stringify(known) !== JSON.stringify(given)) throw new Error(`Two schemas would be called ${name}: rename one.`);
    }
    return schema;
  }

  private requestBody({ command, consumes, path }: RouteDescription): JsonSchema {
    if (consumes !== undefined) {
      return { requestBody: { required: true, content: { [consumes.mediaType]: { schema: this.use(consumes.line) } } } };
    }
    if (command === undefined) return {};
    const fields = fieldsOf(command).filter(({ name }) => !inPath(path).includes(name));
    if (fields.length === 0) return {};
    const schema = this.use(inputShape(command, inPath(path)));
    const required = fields.some(({ optional }) => !optional);
    return { requestBody: { required, content: { 'application/json': { schema, example: exampleOf(command, inPath(path)) } } } };
  }

  private answers({ command, answer, produces = ['application/json'] }: RouteDescription): JsonSchema {
    if (command !== undefined) {
      const headers = references({ ETag: 'ETag', 'Rapport-Position': 'Position', 'Idempotency-Key': 'IdempotencyKey' });
      const content = { 'application/json': { schema: this.use(outcome) } };
      return {
        200: { description: 'It took effect, or nothing had to change.', headers, content },
        201: { description: 'It took effect, and made the record.', headers, content },
      };
    }
    const content = answer && Object.fromEntries(produces.map((mediaType) => [mediaType, { schema: this.use(answer) }]));
    return { 200: { description: 'The answer.', ...(content === undefined ? {} : { content }) } };
  }

  /** One response a status, with what the problems behind it mean. */
  private refusals(route: RouteDescription): JsonSchema {
    const byStatus = new Map<number, string[]>();
    for (const code of new Set(codesOf(route))) {
      const { status, explanation } = this.problem(code, route.path);
      byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${explanation}`]);
    }
    if (route.command !== undefined) {
      for (const status of [404, 409, 422]) {
        byStatus.set(status, [...(byStatus.get(status) ?? []), 'Or a refusal of the domain; /problems explains each.']);
      }
    }
    const content = { [PROBLEM_MEDIA_TYPE]: { schema: this.use(problemShape) } };
    return Object.fromEntries(
      [...byStatus].map(([status, lines]) => {
        const headers = HEADERS_OF[status];
        return [status, { description: lines.join('\n\n'), ...(headers === undefined ? {} : { headers: references(headers) }), content }];
      }),
    );
  }

  private problem(code: string, path: string): ProblemType {
    const type = this.problems.get(code);
    if (type === undefined) throw new Error(`${path} names the problem '${code}', which is not described.`);
    return type;
  }
}

const HEADERS_OF: { readonly [status: number]: { readonly [header: string]: string } } = {
  401: { 'WWW-Authenticate': 'Challenge' },
  412: { ETag: 'ETag' },
  503: { 'Retry-After': 'RetryAfter' },
};

function parametersOf({ path, command, query, headers }: RouteDescription): JsonSchema[] {
  const fields = [query, command].flatMap((type) => (type === undefined ? [] : fieldsOf(type)));
  const declared = new Map(fields.map((field) => [field.name, field]));
  const inQuery = query === undefined ? [] : fieldsOf(query).filter(({ name }) => !inPath(path).includes(name));
  const inHeader = headers ?? (command !== undefined ? ['IdempotencyKey', 'IfMatch'] : query !== undefined ? ['Position', 'Prefer'] : []);
  return [
    ...inPath(path).map((name) => pathParameter(name, declared.get(name))),
    ...inQuery.map(queryParameter),
    ...inHeader.map((name) => reference('parameters', name)),
  ];
}

function pathParameter(name: string, field: FieldInfo | undefined): JsonSchema {
  if (field === undefined) throw new Error(`The path parameter '${name}' is no field of the command or query.`);
  const { description, schema } = field;
  // Whoever asks may write `me` for their own id.
  const own = name === 'personId' ? { anyOf: [schema, { type: 'string', const: 'me' }] } : schema;
  return { name, in: 'path', required: true, description, schema: own };
}

function queryParameter({ name, description, optional, list, schema, example }: FieldInfo): JsonSchema {
  // A page of documentation would send the example along; what is optional is better left out.
  const given = optional ? {} : { example };
  return { name, in: 'query', required: !optional, description, schema, ...given, ...(list ? { style: 'form', explode: true } : {}) };
}

/** The problems of HTTP itself that a route can be answered with. */
function codesOf({ command, query, open = false, consumes, problems = [] }: RouteDescription): string[] {
  const body = ['malformed-body', 'too-large', 'unsupported-media-type'];
  return [
    ...(command !== undefined || query !== undefined ? ['invalid-input', 'invalid-header'] : []),
    ...(command === undefined ? [] : [...body, 'concurrent-change', 'revision-conflict', 'idempotency-mismatch', 'outcome-unknown']),
    ...(consumes === undefined ? [] : ['too-large', 'unsupported-media-type']),
    ...(open ? [] : ['unauthenticated', 'forbidden', 'authorities-stale', 'identity-provider-unavailable', 'store-unavailable']),
    'internal-error',
    ...problems,
  ];
}

/** The schema of a class of input. @param without fields that come from elsewhere */
export function inputShape(type: InputClass, without: readonly string[] = []): Shape {
  const { schema, named } = fieldsShape(fieldsOf(type).filter(({ name }) => !without.includes(name)));
  return { schema: reference('schemas', type.name), named: { ...named, [type.name]: schema } };
}

/** The schema of an object with these fields and no others. */
export function fieldsShape(fields: readonly FieldInfo[]): Shape {
  const named: { [name: string]: JsonSchema } = {};
  const property = ({ schema, description, list, nested, example }: FieldInfo): JsonSchema => {
    const inner = nested && inputShape(nested());
    Object.assign(named, inner?.named);
    const value = inner === undefined ? {} : list ? { items: inner.schema } : inner.schema;
    return { ...schema, ...value, description, ...(example === undefined ? {} : { examples: [example] }) };
  };
  const required = fields.filter(({ optional }) => !optional).map(({ name }) => name);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field.name, property(field)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  return { schema, named };
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
