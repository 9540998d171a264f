/** Nothing can be forgotten: what is declared is wired, shown and ruled, and nothing twice. */
import 'reflect-metadata';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { loadPolicies } from '@rapport/access';
import { aggregates, Command, declarations, PersonalDataCommand } from '@rapport/domain';
import type { Aggregate, EventDeclaration, Question } from '@rapport/kernel';
import { Funnel, type FunnelDependencies } from '@rapport/kernel/funnel';
import { recorder } from '@rapport/kernel/recorded';
import { projections } from '@rapport/projections';
import { happened, storedEvents } from '@rapport/read-model/testing';
import type { Projection } from '@rapport/read-model';
import { handlersFor } from '../../apps/server/src/handlers';
import { routes } from '../../apps/server/src/resources';

const ROOT = join(__dirname, '..', '..');

/** The TypeScript files of a folder that are no specs, all levels down. */
function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.spec\.ts$|\.d\.ts$/.test(name))
    .map((name) => join(ROOT, folder, name));
}

/** What the files of a folder export, with the file it is from. */
function exportsOf(folder: string): { file: string; name: string; value: unknown }[] {
  return sources(folder).flatMap((file) =>
    Object.entries(jest.requireActual<object>(file)).map(([name, value]) => ({
      file: relative(ROOT, file),
      name,
      value: value as unknown,
    })),
  );
}

const has = (value: unknown, ...members: string[]) =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') && members.every((member) => member in value);
const isAggregate = (value: unknown): value is Aggregate => has(value, 'events', 'evolve', 'commands');
const isEvent = (value: unknown): value is EventDeclaration => has(value, 'type', 'fields', 'title');
const isProjection = (value: unknown): value is Projection => has(value, 'tables', 'handlers');
const isQuestion = (value: unknown): value is Question => has(value, 'type', 'find');
/** What several commands have in common is a class as well; its name ends with `Command`. */
const isCommand = (value: unknown): value is new () => Command =>
  typeof value === 'function' && (value as { prototype?: unknown }).prototype instanceof Command && !value.name.endsWith('Command');

const domain = exportsOf('libs/domain/src').filter(({ file }) => file !== 'libs/domain/src/index.ts');
const declared = exportsOf('projections').filter(({ file }) => file !== 'projections/index.ts');
const commands = aggregates.flatMap((aggregate) => aggregate.commands.map((command) => ({ aggregate, type: command.type })));
const questions = declared.flatMap(({ value }) => (isQuestion(value) ? [value] : []));
const served = Object.values(routes).flat();

/** Those of `names` that occur more than once. */
const twice = (names: readonly string[]) => names.filter((name, index) => names.indexOf(name) !== index);

describe('The domain', () => {
  it.each(domain.filter(({ value }) => isAggregate(value)))('$file: the aggregate $name is in index.ts', ({ value }) => {
    expect(aggregates).toContain(value);
  });

  it.each(domain.filter(({ value }) => isEvent(value)))('$file: the event $name is of one aggregate', ({ value }) => {
    expect(declarations.filter((declaration) => declaration === value)).toHaveLength(1);
  });

  it.each(domain.filter(({ value }) => isCommand(value)))('$file: the command $name is decided by one aggregate', ({ value }) => {
    expect(commands.filter(({ type }) => type === value)).toHaveLength(1);
  });

  it('has each name once', () => {
    expect(twice(aggregates.map(({ name }) => name))).toEqual([]);
    expect(twice(declarations.map(({ type }) => type))).toEqual([]);
    expect(twice(commands.map(({ type }) => type.name))).toEqual([]);
  });
});

describe('A command', () => {
  it('has one handler, made from its aggregate; nobody writes another', () => {
    const handlers = aggregates.flatMap((aggregate) => handlersFor(aggregate));
    expect(handlers.map(({ name }) => name).sort()).toEqual(commands.map(({ type }) => `${type.name}Handler`).sort());
    const writers = sources('apps').filter((file) => readFileSync(file, 'utf8').includes('CommandHandler('));
    expect(writers.map((file) => relative(ROOT, file))).toEqual(['apps/server/src/handlers.ts']);
  });

  it('that two aggregates decide keeps the server from starting', () => {
    const [first, second] = aggregates as [Aggregate, Aggregate];
    const both = [first, { ...second, commands: [...second.commands, first.commands[0]!] }];
    expect(() => new Funnel(both, {} as FunnelDependencies)).toThrow(`AddPerson is decided by ${first.name} and by ${second.name}`);
    expect(() => new Funnel(aggregates, {} as FunnelDependencies)).not.toThrow();
  });

  it.each(commands.map(({ type }) => type.name))('%s has one route', (name) => {
    expect(served.filter(({ command }) => command?.name === name)).toHaveLength(1);
  });
});

describe('A question', () => {
  it.each(questions.map(({ type }) => type.name))('%s has one route', (name) => {
    expect(served.filter(({ question }) => question?.type.name === name)).toHaveLength(1);
  });
});

describe('Routes', () => {
  it('differ', () => {
    expect(twice(served.map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, ':')}`))).toEqual([]);
  });
});

describe('The schema of the policies', () => {
  const text = readFileSync(join(ROOT, 'libs/access/policies/schema.cedarschema'), 'utf8');
  const parsed = cedar.schemaToJson(text);
  if (parsed.type === 'failure') throw new Error('The schema does not parse.');
  const groups = new Map(
    Object.entries(parsed.json['']!.actions).map(([action, { memberOf }]) => [action, (memberOf ?? []).map(({ id }) => id)]),
  );

  it.each(commands.map(({ type }) => [type.name, type] as const))(
    '%s is an action; it is in StorePersonalData if it stores personal values',
    (_, type) => {
      const stores = type.prototype instanceof PersonalDataCommand;
      expect(groups.get(type.name)?.includes('StorePersonalData')).toBe(stores);
    },
  );

  it.each(questions.map(({ type }) => type.name))('%s is an action, among the queries', (name) => {
    expect(groups.get(name)).toContain('Queries');
  });
});

describe('The actions of the policies', () => {
  /** Questions that policies speak of already. */
  const announced = ['FindPerson', 'ReadEvents', 'ReadStaff'];
  const set = loadPolicies(join(ROOT, 'libs/access/policies'));

  it('are commands, questions, or what Rapport records by itself; there is none for what does not exist', () => {
    const known = new Set([...commands, ...questions].map(({ type }) => type.name));
    const others = [...set.actions].filter((action) => !known.has(action) && !announced.includes(action));
    expect(others.sort()).toEqual(['AppointFirstPrivacyOfficer', 'PublishPolicySet', 'RecordRefusals', 'RecordSoftwareStart']);
  });
});

describe('Projections', () => {
  it.each(declared.filter(({ value }) => isProjection(value)))('$file: $name is in index.ts', ({ value }) => {
    expect(projections).toContain(value);
  });

  it('each folder has one', () => {
    const folders = readdirSync(join(ROOT, 'projections'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const without = folders.filter(({ name }) => !declared.some(({ file, value }) => file.includes(`/${name}/`) && isProjection(value)));
    expect(without).toEqual([]);
  });
});

describe('An event', () => {
  const ID = '0198c5a0-7d3e-7cc1-9a44-5b8e1f0d2c63';
  const record = recorder(declarations);
  // The audit trail has a row of every event, which says nothing of what is in it.
  const others = projections.filter(({ name }) => name !== 'audit_trail');

  /** Whether a projection does something on this event, given one in which every field has a value. */
  const shownBy = (declaration: EventDeclaration) => {
    const owner = aggregates.find(({ events }) => events.includes(declaration))!;
    const data = Object.fromEntries(Object.entries(declaration.fields).map(([field]) => [field, field === 'participants' ? [ID] : ID]));
    const sample = happened(declaration as never, `${owner.name}-${ID}`, data as never);
    const event = record(storedEvents([sample])[0]!);
    return others.filter(({ handlers, onEvery }) => handlers.has(event.type) || [onEvery?.(event) ?? []].flat().length > 0);
  };

  it.each(declarations.map((declaration) => [declaration.type, declaration] as const))('%s is shown, or says why not', (_, declaration) => {
    const shown = shownBy(declaration).length > 0;
    expect({ shown, notShown: declaration.notShown }).toEqual({
      shown: declaration.notShown === undefined,
      notShown: declaration.notShown,
    });
  });
});
