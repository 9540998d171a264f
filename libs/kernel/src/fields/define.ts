/** How every decorator is made: our metadata for the documentation, class-validator's registered constraints for the rules. */
import { registerDecorator, ValidateIf, ValidateNested } from 'class-validator';
import { declareField, type FieldInfo, type InputClass } from './metadata';
import { notNull, required, type Rule } from './rules';

export interface FieldOptions {
  /** For the API's documentation: what it is and what it is for. */
  readonly description: string;
  /** May be left out. Null is refused all the same. */
  readonly optional?: boolean;
  /** A made-up value for the documentation, where the decorator's own says too little. */
  readonly example?: unknown;
}

interface Definition {
  readonly schema: FieldInfo['schema'];
  readonly example?: unknown;
  readonly convert?: FieldInfo['convert'];
  readonly fromText?: FieldInfo['fromText'];
  readonly owner?: boolean;
  readonly nested?: () => InputClass;
  /** For the value as a whole. */
  readonly rules: readonly Rule[];
  /** For each element; given, the field is a list. */
  readonly each?: readonly Rule[];
}

/** A property decorator for one field. */
export function field(options: FieldOptions, definition: Definition): PropertyDecorator {
  const { rules, each, owner = false, ...rest } = definition;
  const optional = options.optional === true;
  return (prototype, property) => {
    const name = String(property);
    const target = prototype.constructor;
    const { description, example = definition.example } = options;
    declareField(target, { ...rest, name, description, optional, owner, example, list: each !== undefined });

    const register = (rule: Rule, perElement: boolean): void =>
      registerDecorator({
        name: rule.code,
        target,
        propertyName: name,
        options: { message: rule.detail, each: perElement },
        validator: { validate: rule.holds },
      });
    if (optional) ValidateIf((_, value) => value !== undefined)(prototype, property);
    else register(required, false);
    for (const rule of [notNull(optional), ...rules]) register(rule, false);
    for (const rule of each ?? []) register(rule, true);
    if (definition.nested !== undefined) ValidateNested({ each: each !== undefined })(prototype, property);
  };
}
