/** The description of the whole interface: that it is one, and that nothing is missing from it. */
import 'reflect-metadata';
import { RequestMethod } from '@nestjs/common';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { aggregates } from '@rapport/domain';
import { controllers } from './application';
import { describeApi, descriptions } from './description';
import { exampleOf } from './http/openapi';

type Node = { readonly [key: string]: unknown };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

const document = describeApi('https://id.example.org', '1.2.3');
const plain = JSON.parse(JSON.stringify(document)) as Node;

/** Each object in a JSON document, with where it stands. */
function* nodes(node: unknown, at = '#'): Generator<[string, Node]> {
  if (!isNode(node)) return;
  yield [at, node];
  for (const [name, member] of Object.entries(node)) yield* nodes(member, `${at}/${name}`);
}
const resolve = (pointer: string): unknown =>
  pointer
    .slice(2)
    .split('/')
    .reduce<unknown>((node, name) => (isNode(node) ? node[name.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined), plain);

describe('The description', () => {
  it('is OpenAPI 3.1, by its own schema', async () => {
    const { Validator } = await import('@seriousme/openapi-schema-validator');
    const found = async (given: Node) => new Validator().validate(given);
    expect(await found(plain)).toEqual({ valid: true });
    expect(await found({ ...plain, paths: { 'no-slash': {} } })).toMatchObject({ valid: false });
  });

  it('refers to nothing that is not there, and has nothing that is not referred to', () => {
    const refs = [...nodes(plain)].flatMap(([at, { $ref }]) => (typeof $ref === 'string' ? [{ at, $ref }] : []));
    expect(refs.filter(({ $ref }) => resolve($ref) === undefined)).toEqual([]);
    const { securitySchemes: _, ...components } = document.components;
    const named = Object.entries(components).flatMap(([kind, of]) => Object.keys(of).map((name) => `#/components/${kind}/${name}`));
    expect(named.filter((name) => !refs.some(({ $ref }) => $ref === name))).toEqual([]);
  });

  it('gives each operation a name of its own', () => {
    const names = descriptions.map(({ operation }) => operation);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.filter((name) => !/^[a-z][A-Za-z]*$/.test(name))).toEqual([]);
  });

  it('says of each value what it is', () => {
    const properties = [...nodes(document.components['schemas'], '')].filter(([at]) => /\/properties\/\w+$/.test(at));
    const mute = properties.filter(([at, node]) => node['description'] === undefined && node['$ref'] === undefined && !/Line\//.test(at));
    expect(mute.map(([at]) => at)).toEqual([]);
  });

  it('has a schema of each answer, and of each problem', () => {
    const responses = [...nodes(document.paths, '')].filter(([at]) => /\/responses\/\d{3}$/.test(at));
    const untyped = responses.filter(
      ([, { content }]) => !isNode(content) || Object.values(content).some((of) => !isNode((of as Node)['schema'])),
    );
    expect(untyped.map(([at]) => at)).toEqual([]);
  });

  it('takes the examples it gives', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(ajv);
    for (const known of ['duration', 'idn-email', 'iri']) ajv.addFormat(known, true);
    ajv.addSchema(plain, 'api');
    for (const { type } of aggregates.flatMap(({ commands }) => commands)) {
      const check = ajv.compile({ $ref: `api#/components/schemas/${type.name}Line` });
      const line = { command: type.name, body: exampleOf(type) };
      expect({ command: type.name, valid: check(line), errors: check.errors }).toEqual({ command: type.name, valid: true, errors: null });
      expect(check({ ...line, body: { ...line.body, unheardOf: 1 } })).toBe(false);
    }
  });

  it('leaves out no route of a controller', () => {
    const served = controllers.flatMap((controller) => {
      const prefix = Reflect.getMetadata('path', controller) as string;
      const prototype = controller.prototype as { [name: string]: object };
      return Object.getOwnPropertyNames(prototype).flatMap((name) => {
        const path = Reflect.getMetadata('path', prototype[name]!) as string;
        const method = Reflect.getMetadata('method', prototype[name]!) as RequestMethod | undefined;
        return method === undefined ? [] : [`${RequestMethod[method].toLowerCase()} /${prefix}/${path.replaceAll(/:(\w+)/g, '{$1}')}`];
      });
    });
    expect(served.length).toBeGreaterThan(30);
    expect(descriptions.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(served.sort());
  });
});
