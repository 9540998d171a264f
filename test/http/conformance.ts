/** Holds each answer against the description that clients are given: status, media type, and every member of the body. */
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

interface Response {
  readonly content?: { readonly [mediaType: string]: unknown };
}
interface Description {
  readonly paths: {
    readonly [path: string]: { readonly [method: string]: { readonly responses: { readonly [status: string]: Response } } };
  };
}

export interface Answered {
  readonly method: string;
  /** With or without a query string. */
  readonly path: string;
  readonly status: number;
  readonly mediaType: string;
  /** Parsed, or of NDJSON its parsed lines. */
  readonly body: unknown;
}

/** What may come before there is a route to answer. */
const BEFORE_ANY_ROUTE = /^\/problems\/(malformed-url|malformed-request|uri-too-long|method-not-allowed|headers-too-large)$/;

/** @returns a check that throws where an answer is not as it is described */
export function conformance(description: Description): (answered: Answered) => void {
  const strict = structuredClone(description) as unknown as object;
  close(strict);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  for (const known of ['duration', 'idn-email', 'iri']) ajv.addFormat(known, true);
  ajv.addSchema(strict, 'api');
  const checks = new Map<string, ValidateFunction>();
  const routes = Object.keys(description.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));

  return ({ method, path, status, mediaType, body }) => {
    const bare = path.split('?', 1)[0]!;
    const route = routes.find((each) => each.pattern.test(bare))?.path;
    const operation = route === undefined ? undefined : description.paths[route]![method.toLowerCase()];
    if (route === undefined || operation === undefined || BEFORE_ANY_ROUTE.test((body as { type?: string }).type ?? '')) return;
    const at = `${method} ${route} ${status}`;
    const content = operation.responses[String(status)]?.content;
    if (content === undefined) throw new Error(`${at} is not described.`);
    const type = mediaType.split(';', 1)[0]!.trim();
    if (content[type] === undefined) throw new Error(`${at} is described as ${Object.keys(content).join(', ')}, not as ${type}.`);
    const pointer = ['paths', route, method.toLowerCase(), 'responses', status, 'content', type, 'schema']
      .map((segment) => encodeURIComponent(String(segment).replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const check = checks.get(pointer) ?? ajv.compile({ $ref: `api#/${pointer}` });
    checks.set(pointer, check);
    for (const value of Array.isArray(body) ? (body as unknown[]) : [body]) {
      if (!check(value)) throw new Error(`${at} is not as it is described: ${ajv.errorsText(check.errors)}`);
    }
  };
}

/** Answers may grow members that clients do not know yet, so their schemas are open; here each member has to be described. */
function close(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const schema = node as { type?: unknown; properties?: unknown; additionalProperties?: unknown };
  if (schema.type === 'object' && schema.properties !== undefined) schema.additionalProperties ??= false;
  for (const member of Object.values(node)) close(member);
}
