/** From a request's body, path and query string to a command or query, or to a problem that says all that is wrong. */
import {
  fieldsOf,
  isInvalid,
  pointerSegment,
  validate,
  type FieldInfo,
  type InputClass,
  type Invalid,
  type Violation,
} from '@rapport/kernel';
import { invalidInput } from './problems';

/** Path parameters as the router gives them. */
export type PathParameters = { readonly [name: string]: string };

/** A query string as Fastify parses it (a repeated parameter is a list), or as the platform does. */
export type QueryString = URLSearchParams | { readonly [name: string]: string | readonly string[] };

/**
 * The command in a request. Path parameters are fields like the others, and only the path may give them.
 *
 * @param body parsed JSON; undefined where the request had no body
 * @throws ProblemError `invalid-input`
 */
export function readCommand<T extends object>(type: InputClass<T>, body: unknown, path: PathParameters = {}): T {
  const given = body === undefined ? {} : body;
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const twice = Object.keys(path)
    .filter((name) => isObject && Object.hasOwn(given, name))
    .map((name): Violation => ({
      pointer: `/${name}`,
      code: 'unknown-field',
      detail: 'The path gives this field; leave it out of the body.',
    }));
  // From entries: assigning a member named __proto__ would set the prototype and hide it from the check.
  const result = validate(type, isObject ? Object.fromEntries([...Object.entries(given), ...Object.entries(path)]) : given);
  if (!isInvalid(result) && twice.length === 0) return result;
  throw invalidInput({ invalid: true, violations: [...twice, ...(isInvalid(result) ? result.violations : [])] });
}

/**
 * The query in a request: the same classes as for commands, but numbers and booleans are read from text and a
 * repeated parameter is a list.
 *
 * @throws ProblemError `invalid-input`
 */
export function readQuery<T extends object>(type: InputClass<T>, query: QueryString, path: PathParameters = {}): T {
  const result = validateQuery(type, query, path);
  if (isInvalid(result)) throw invalidInput(result);
  return result;
}

/** As `readQuery`, with what is wrong as a value. @throws Error where the class has nested fields, which a query string cannot hold */
export function validateQuery<T extends object>(type: InputClass<T>, query: QueryString, path: PathParameters = {}): T | Invalid {
  const fields = new Map(fieldsOf(type).map((field) => [field.name, field]));
  for (const { name, nested } of fields.values())
    if (nested !== undefined) throw new Error(`${type.name}.${name} is nested; a query string cannot hold it.`);
  const repeated: Violation[] = [];
  const input: [string, unknown][] = [];
  for (const [name, value] of grouped(query)) {
    const field = fields.get(name);
    const values = typeof value === 'string' ? [value] : value;
    if (Object.hasOwn(path, name)) {
      repeated.push({ pointer: `/${name}`, code: 'unknown-field', detail: 'The path gives this field; leave it out of the query string.' });
    } else if (values.length > 1 && field !== undefined && !field.list) {
      repeated.push({ pointer: pointerSegment(name) ?? '', code: 'repeated', detail: 'Give this parameter once.' });
    } else input.push([name, fromText(field, values)]);
  }
  for (const [name, value] of Object.entries(path)) input.push([name, value]);
  const result = validate(type, Object.fromEntries(input));
  const told = new Set(repeated.map(({ pointer }) => pointer));
  const violations = isInvalid(result) ? result.violations.filter(({ pointer }) => !told.has(pointer)) : [];
  return repeated.length === 0 ? result : { invalid: true, violations: [...repeated, ...violations] };
}

function fromText(field: FieldInfo | undefined, values: readonly string[]): unknown {
  const read = values.map((text) => field?.fromText?.(text) ?? text);
  return field?.list === true ? read : read[0];
}

function grouped(query: QueryString): [string, string | readonly string[]][] {
  if (!(query instanceof URLSearchParams)) return Object.entries(query);
  return [...new Set(query.keys())].map((name) => [name, query.getAll(name)]);
}
