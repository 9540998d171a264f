/** Expected refusals are values that `decide` returns; broken invariants throw. */
export interface Refusal {
  readonly refusal: true;
  /** Stable code, part of the problem's `type`. */
  readonly code: string;
  /** 409: the state does not allow it. 422: the command does not make sense. 404: nothing there. */
  readonly status: 404 | 409 | 422;
  /** What is wrong and what to do about it. Never a personal value. */
  readonly detail: string;
  /** The command's field, as a JSON pointer without the leading slash ('participants/0'). */
  readonly field?: string;
  /** More members of the problem document; ids only. */
  readonly more?: { readonly [name: string]: unknown };
}

type Extras = Pick<Refusal, 'field' | 'more'>;

export const refuse = {
  /** 409: not in this state. */
  conflict: (code: string, detail: string, extras: Extras = {}): Refusal => ({ refusal: true, status: 409, code, detail, ...extras }),
  /** 422: well-formed, but it cannot be meant. */
  invalid: (code: string, detail: string, extras: Extras = {}): Refusal => ({ refusal: true, status: 422, code, detail, ...extras }),
  /** 404: there is no such thing here, or none that the caller may know of. */
  notFound: (code: string, detail: string, extras: Extras = {}): Refusal => ({ refusal: true, status: 404, code, detail, ...extras }),
};

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && (value as { refusal?: unknown }).refusal === true;
}
