/** Asking the policies, the same way for commands and questions, and what is said where they do not allow it. */
import { decide, type AccessDecision, type Authorities, type PolicySet, type Principal } from '@rapport/access';
import type { Purpose } from '@rapport/domain';
import type { Facts } from './aggregate';
import { Forbidden, Refused, Unavailable } from './errors';
import { refusal } from './refusal';

/** The same words whether there is nothing or nothing they may see. */
export const notFound = refusal.notFound('not-found', 'There is no such record, or none you may see.');

export interface AuthorizationDependencies {
  readonly policies: PolicySet;
  readonly authorities: Authorities;
  /** Told of each refusal by policy; counts and records them. */
  readonly refused: (principal: Principal, action: string, reason: string) => void;
}

export interface Request {
  readonly principal: Principal;
  /** Name of the command or question. */
  readonly action: string;
  readonly facts: Facts;
  /** It is about a record that may or may not be there. */
  readonly targeted: boolean;
}

interface Reason {
  readonly code: string;
  readonly detail: string;
  readonly field?: string;
}

/** @throws Forbidden, Refused, Unavailable; Error where the policies cannot be evaluated, a mistake of ours */
export function authorize({ policies, authorities, refused }: AuthorizationDependencies, request: Request): AccessDecision {
  const { principal, action, facts, targeted } = request;
  if (principal.kind !== 'system' && !authorities.isFresh) {
    throw new Unavailable('authorities-stale', 'Who may do what is not known for sure at this moment. Try again shortly.');
  }
  const decision = decide(policies, { kind: principal.kind, action, facts });
  if (decision.allowed) return decision;
  if (decision.errors.length > 0) throw new PoliciesFailed(action, decision.errors);
  const reason = reasonOf(policies, request);
  refused(principal, action, reason.code);
  // Whoever may not do this here must not learn whether there is anything: what is said follows from the request alone.
  if (principal.kind === 'person' && targeted && reason !== PURPOSE_UNKNOWN) throw new Refused(notFound());
  throw new Forbidden(reason.code, reason.detail, reason.field);
}

/** The facts do not fit the schema, or a policy failed: nothing is allowed, and somebody has to look. */
export class PoliciesFailed extends Error {
  override readonly name = 'PoliciesFailed';
  constructor(action: string, errors: readonly string[]) {
    super(`The policies could not be asked about ${action}: ${errors.join('; ')}`);
  }
}

/** The facts about who acts and for what. */
export function principalFacts(principal: Principal, slug: string | undefined, purpose: Purpose | undefined): Facts {
  return {
    roles: principal.roles,
    trained: principal.trained,
    engaged: principal.engaged,
    purpose: slug ?? '',
    purposeKnown: purpose !== undefined,
    purposeAllowed: purpose !== undefined && (principal.kind !== 'service' || principal.purposes.includes(purpose.slug)),
  };
}

const PURPOSE_UNKNOWN: Reason = {
  code: 'purpose-unknown',
  detail: 'There is no such purpose in the register: GET /v1/purposes lists them.',
  field: 'purpose',
};
const PURPOSE_NOT_ALLOWED: Reason = {
  code: 'purpose-not-allowed',
  detail: 'This service may not act for this purpose. The privacy officer can allow it.',
  field: 'purpose',
};
const TRAINING_MISSING: Reason = {
  code: 'training-missing',
  detail: 'A current confidentiality training is needed. Complete it, and have another colleague attest it.',
};
const PURPOSE_MISSING: Reason = {
  code: 'purpose-missing',
  detail: 'Say for which purpose this is needed: GET /v1/purposes lists them.',
  field: 'purpose',
};
const PURPOSE_DOES_NOT_COVER: Reason = {
  code: 'purpose-does-not-cover',
  detail: 'The purpose does not cover the data that this would show. Name one that does: GET /v1/purposes.',
  field: 'purpose',
};
const NOT_ALLOWED: Reason = { code: 'not-allowed', detail: 'No policy allows this. The policies are published: GET /v1/policies.' };

/**
 * What is missing, in words that say what to do about it: a thing is named only where it would help. So nobody who
 * may not see a record in any case learns from the reason what is in it, or whether it is there.
 */
function reasonOf(policies: PolicySet, { principal: { kind }, action, facts }: Request): Reason {
  const allowedWith = (changes: Facts) => decide(policies, { kind, action, facts: { ...facts, ...changes } }).allowed;
  if (facts['purpose'] !== '' && facts['purposeKnown'] === false) return PURPOSE_UNKNOWN;
  if (facts['purpose'] !== '' && facts['purposeAllowed'] === false) return PURPOSE_NOT_ALLOWED;
  const anyPurpose = { purposeKnown: true, purposeAllowed: true, categoriesCovered: true };
  if (kind === 'staff' && facts['trained'] === false && allowedWith({ ...anyPurpose, trained: true })) return TRAINING_MISSING;
  if (facts['purpose'] === '' && allowedWith(anyPurpose)) return PURPOSE_MISSING;
  if (facts['categoriesCovered'] === false && allowedWith({ categoriesCovered: true })) return PURPOSE_DOES_NOT_COVER;
  return NOT_ALLOWED;
}
