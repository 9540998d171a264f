/**
 * One segment of a JSON Pointer (RFC 6901) for a name that came from outside, with its leading slash; undefined
 * where the name does not look like the name of a field. Such a name may be anything, somebody's name included,
 * so it is never repeated: the pointer then ends at the object that holds it.
 */
export function pointerSegment(name: string): string | undefined {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name) ? `/${name}` : undefined;
}
