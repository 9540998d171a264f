/** The decorators commands and queries are written with, what they declare, and the walk that checks input against them. */
export * from './fields/decorators';
export * from './fields/lists';
export { fieldsOf, ownerFields, type FieldInfo, type InputClass, type JsonSchema } from './fields/metadata';
export { pointerSegment } from './fields/pointer';
export { isInvalid, validate, type Invalid, type Violation } from './fields/validate';
