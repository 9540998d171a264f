/** The decorators for lists. A list is always written as one: a single value in its place is refused. */
import { EXAMPLE_ID } from './decorators';
import { field, type FieldOptions } from './define';
import type { InputClass } from './metadata';
import { anObject, idRules, listRules, notNull, slugRules, unique } from './rules';

/** How many elements, both included. */
export interface ListSize {
  readonly min: number;
  readonly max: number;
}

const inElement = notNull(false);
const bounds = ({ min, max }: ListSize) => ({ type: 'array', minItems: min, maxItems: max });

/** Different ids, in the given order. @param options `owner` as for `Id` */
export function Ids(options: FieldOptions & ListSize & { owner?: boolean }): PropertyDecorator {
  return field(options, {
    rules: [...listRules(options.min, options.max), unique],
    each: [inElement, ...idRules],
    owner: options.owner === true,
    schema: { ...bounds(options), uniqueItems: true, items: { type: 'string', format: 'uuid' } },
    example: [EXAMPLE_ID],
  });
}

/** Different slugs, in the given order. */
export function Slugs(options: FieldOptions & ListSize): PropertyDecorator {
  return field(options, {
    rules: [...listRules(options.min, options.max), unique],
    each: [inElement, ...slugRules],
    schema: { ...bounds(options), uniqueItems: true, items: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' } },
    example: ['contact-details'],
  });
}

/** Objects with the fields of another class. @param type as for `Nested` */
export function NestedList(type: () => InputClass, options: FieldOptions & ListSize): PropertyDecorator {
  return field(options, {
    rules: listRules(options.min, options.max),
    each: [inElement, anObject],
    schema: bounds(options),
    nested: type,
  });
}
