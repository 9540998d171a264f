/** Expected refusals are values that `decide` returns; broken invariants throw. */

/**
 * A refusal, declared once beside the commands that it refuses: `const personLeft = refusal.conflict('person-left', …)`.
 * Called, it gives the value to return. Every declared one has a page that explains it.
 */
export interface RefusalType {
  /** Stable; the last part of the problem's `type`. */
  readonly code: string;
  /** 409: the state does not allow it. 422: the command does not make sense. 404: nothing there. */
  readonly status: 404 | 409 | 422;
  /** What is wrong and what to do about it. */
  readonly detail: string;
  (said?: Said): Refusal;
}

/** What one refusal says beyond its declaration. Never a personal value. */
export interface Said {
  /** The command's field, as a JSON pointer without the leading slash ('participants/0'). */
  readonly field?: string;
  /** Instead of the declared one. */
  readonly detail?: string;
  /** More members of the problem document; ids only. */
  readonly more?: { readonly [name: string]: unknown };
}

export interface Refusal extends Said {
  readonly refusal: true;
  readonly code: string;
  readonly status: RefusalType['status'];
  readonly detail: string;
}

const declared = new Map<string, RefusalType>();

const declaring =
  (status: RefusalType['status']) =>
  (code: string, detail: string): RefusalType => {
    if (declared.has(code)) throw new Error(`The refusal '${code}' is declared twice.`);
    const type = Object.assign((said: Said = {}): Refusal => ({ refusal: true, code, status, detail, ...said }), { code, status, detail });
    declared.set(code, type);
    return type;
  };

/** Declares a refusal. @throws Error where the code is taken */
export const refusal = {
  /** 409: not in this state. */
  conflict: declaring(409),
  /** 422: well-formed, but it cannot be meant. */
  invalid: declaring(422),
  /** 404: there is no such thing here, or none that the caller may know of. */
  notFound: declaring(404),
};

/** Every refusal there is, by its code. */
export const refusals: ReadonlyMap<string, RefusalType> = declared;

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && (value as { refusal?: unknown }).refusal === true;
}
