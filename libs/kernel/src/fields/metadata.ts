/** What the decorators declared, for those who read it: the funnel (`ownerFields`), OpenAPI and query strings (`fieldsOf`). */

/** A class of input: its fields carry our decorators, its constructor takes nothing and does nothing but set defaults. */
export type InputClass<T extends object = object> = new () => T;

/** A JSON Schema (draft 2020-12, as OpenAPI 3.1 uses it). */
export type JsonSchema = { readonly [keyword: string]: unknown };

export interface FieldInfo {
  readonly name: string;
  readonly description: string;
  /** May be left out. Null is refused in every case. */
  readonly optional: boolean;
  readonly list: boolean;
  /** An id (or a list of them) whose person, organization or record the vault must know. */
  readonly owner: boolean;
  /** Schema of the value; where `nested` is set, of everything around the nested object's own schema. */
  readonly schema: JsonSchema;
  /** A made-up value that passes; undefined where the nested class gives it. */
  readonly example?: unknown;
  readonly nested?: () => InputClass;
  /** From a value that passed to the one the command holds; left out where it is the same. */
  readonly convert?: (value: never) => unknown;
  /** From a query string's text to the value that is checked; text that does not fit comes back as it is. */
  readonly fromText?: (text: string) => unknown;
}

const declared = new WeakMap<object, Map<string, FieldInfo>>();

/** @throws Error where the class declares the field already: two decorators of ours on one field contradict each other */
export function declareField(type: object, info: FieldInfo): void {
  const fields = declared.get(type) ?? new Map<string, FieldInfo>();
  if (fields.has(info.name)) throw new Error(`${(type as InputClass).name}.${info.name} has two field decorators; give it one.`);
  declared.set(type, fields.set(info.name, info));
}

/** The declared fields of a class in the order they are written, a base class's first; a subclass may declare one anew. */
export function fieldsOf(type: InputClass): readonly FieldInfo[] {
  const fields = new Map<string, FieldInfo>();
  const chain: object[] = [];
  for (let at: object | null = type; typeof at === 'function'; at = Object.getPrototypeOf(at) as object | null) chain.unshift(at);
  for (const link of chain) for (const [name, info] of declared.get(link) ?? []) fields.set(name, info);
  return [...fields.values()];
}

const owners = new WeakMap<InputClass, readonly OwnerField[]>();

interface OwnerField {
  readonly field: string;
  readonly list: boolean;
}

/**
 * The fields whose ids must be known to the vault before the event is sealed. Found once for each class.
 * @throws Error where a nested class declares one: the funnel looks at the command's own fields only
 */
export function ownerFields(type: InputClass): readonly OwnerField[] {
  const known = owners.get(type);
  if (known !== undefined) return known;
  const fields = fieldsOf(type);
  for (const { name, nested } of fields) {
    if (nested !== undefined && hasOwner(nested(), new Set([type]))) {
      throw new Error(`${type.name}.${name} holds an id with 'owner' in a nested object; declare it on ${type.name} itself.`);
    }
  }
  const found = fields.filter(({ owner }) => owner).map(({ name, list }) => ({ field: name, list }));
  owners.set(type, found);
  return found;
}

function hasOwner(type: InputClass, seen: Set<InputClass>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return fieldsOf(type).some(({ owner, nested }) => owner || (nested !== undefined && hasOwner(nested(), seen)));
}
