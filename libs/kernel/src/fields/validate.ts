/**
 * Checks parsed JSON against a class of input and makes an instance of it.
 *
 * The rules are the constraints the decorators registered with class-validator. They are collected once per class
 * and then walked here: class-validator's own `validateSync` collects and groups them anew for every object (twice
 * the time in all), keeps the values in its errors, does not say which element of a list is wrong, and looks into a
 * nested object only where something else has already made it an instance. That both let through the same is tested.
 */
import { getMetadataStorage, ValidationTypes, type ValidatorConstraintInterface } from 'class-validator';
import { fieldsOf, type FieldInfo, type InputClass } from './metadata';
import { pointerSegment } from './pointer';
import { GATES } from './rules';

/** What is wrong with one value. It never repeats the value. */
export interface Violation {
  /** RFC 6901, from the input's root: `/participants/0`; empty for the input itself. */
  readonly pointer: string;
  /** Stable, for programs: `required`, `null`, `type`, `format` … */
  readonly code: string;
  /** What is expected, for people. */
  readonly detail: string;
}

export interface Invalid {
  readonly invalid: true;
  readonly violations: readonly Violation[];
}

export function isInvalid(value: unknown): value is Invalid {
  return typeof value === 'object' && value !== null && (value as { invalid?: unknown }).invalid === true && 'violations' in value;
}

/** More than these help nobody, and the answer must stay small however large the input was. */
const MAX_VIOLATIONS = 100;

interface Check {
  readonly code: string;
  readonly detail: string;
  readonly gate: boolean;
  readonly constraint: ValidatorConstraintInterface;
}

interface FieldPlan {
  readonly info: FieldInfo;
  readonly pointer: string;
  readonly whole: readonly Check[];
  readonly each: readonly Check[];
}

interface Plan {
  readonly fields: readonly FieldPlan[];
  readonly names: ReadonlySet<string>;
  /** Said of a field that is not among them. */
  readonly unknown: string;
}

const plans = new WeakMap<InputClass, Plan>();

function planOf(type: InputClass): Plan {
  const known = plans.get(type);
  if (known !== undefined) return known;
  const storage = getMetadataStorage();
  const constraints = storage
    .getTargetValidationMetadatas(type, '', false, false)
    .filter((metadata) => metadata.type === ValidationTypes.CUSTOM_VALIDATION)
    .map((metadata) => ({ metadata, constraint: storage.getTargetValidatorConstraints(metadata.constraintCls)[0] }));
  const checks = (name: string, each: boolean): Check[] =>
    constraints.flatMap(({ metadata, constraint }) =>
      metadata.propertyName === name && (metadata.each === true) === each && constraint !== undefined
        ? [{ code: constraint.name, detail: String(metadata.message), gate: GATES.has(constraint.name), constraint: constraint.instance }]
        : [],
    );
  const infos = fieldsOf(type);
  const names = infos.map(({ name }) => name);
  const plan: Plan = {
    fields: infos.map((info) => ({ info, pointer: `/${info.name}`, whole: checks(info.name, false), each: checks(info.name, true) })),
    names: new Set(names),
    unknown: names.length === 0 ? 'No fields are taken here.' : `There is no such field here; the fields are: ${names.join(', ')}.`,
  };
  plans.set(type, plan);
  return plan;
}

/**
 * @param type the class of the command or query
 * @param input parsed JSON, or anything else
 * @returns an instance with the fields that were given, or everything that is wrong with the input (at most 100 entries); never throws for any JSON
 */
export function validate<T extends object>(type: InputClass<T>, input: unknown): T | Invalid {
  const violations: Violation[] = [];
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { invalid: true, violations: [{ pointer: '', code: 'type', detail: 'An object is expected.' }] };
  }
  const instance = readObject(type, input, '', violations);
  return violations.length === 0 ? (instance as T) : { invalid: true, violations: violations.slice(0, MAX_VIOLATIONS) };
}

function readObject(type: InputClass, input: object, path: string, violations: Violation[]): object {
  const plan = planOf(type);
  const instance = new type() as Record<string, unknown>;
  for (const name of Object.keys(input)) {
    if (plan.names.has(name)) continue;
    if (violations.length >= MAX_VIOLATIONS) return instance;
    violations.push({ pointer: path + (pointerSegment(name) ?? ''), code: 'unknown-field', detail: plan.unknown });
  }
  for (const field of plan.fields) {
    const { name, optional } = field.info;
    // Own members only: `{}` must not seem to have a field that every object inherits.
    const value = Object.hasOwn(input, name) ? (input as Record<string, unknown>)[name] : undefined;
    if (value === undefined && optional) continue;
    if (violations.length >= MAX_VIOLATIONS) return instance;
    const before = violations.length;
    const looked = run(field.whole, value, path, field.pointer, violations);
    const read = looked ? readValue(field, value, path, violations) : undefined;
    if (violations.length === before) instance[name] = field.info.convert === undefined ? read : field.info.convert(read as never);
  }
  return instance;
}

/** Runs the rules for elements and nested objects. @returns the value with nested objects as instances of their classes */
function readValue({ info, pointer, each }: FieldPlan, value: unknown, path: string, violations: Violation[]): unknown {
  if (info.list && Array.isArray(value)) {
    return value.map((element: unknown, index) => {
      if (violations.length >= MAX_VIOLATIONS) return undefined;
      const at = `${pointer}/${index}`;
      const looked = run(each, element, path, at, violations);
      return looked && info.nested !== undefined ? readObject(info.nested(), element as object, path + at, violations) : element;
    });
  }
  return info.nested === undefined ? value : readObject(info.nested(), value as object, path + pointer, violations);
}

/** @returns false where a gate failed, so that there is nothing more to look at */
function run(checks: readonly Check[], value: unknown, path: string, pointer: string, violations: Violation[]): boolean {
  for (const { constraint, code, detail, gate } of checks) {
    if (constraint.validate(value) === true) continue;
    violations.push({ pointer: path + pointer, code, detail });
    if (gate) return false;
  }
  return true;
}
