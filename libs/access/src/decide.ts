/** Decisions: a pure function of policy set, kind of actor, action and facts. What no policy permits is denied. */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { LRUCache } from 'lru-cache';
import type { Facts } from '@rapport/kernel/aggregate';
import type { ActorKind } from '@rapport/kernel/events';
import { parsePolicySet, type PolicySet } from './policies';

export interface AccessRequest {
  readonly kind: ActorKind;
  /** Name of the command or query. */
  readonly action: string;
  /** As the type `Facts` in `schema.cedarschema` declares them; never an identifier. */
  readonly facts: Facts;
}

export interface AccessDecision {
  readonly allowed: boolean;
  /** Ids of the policies that decided, sorted: those that permit; or those that forbid; none where nothing permits. */
  readonly policies: readonly string[];
  /** Not empty where the request does not fit the schema or a policy failed: a mistake of ours, always denied. */
  readonly errors: readonly string[];
}

const PRINCIPALS: { readonly [kind in ActorKind]: string } = {
  person: 'Person',
  staff: 'Staff',
  service: 'Service',
  auditor: 'Auditor',
  system: 'System',
};

/** Facts are few and have few values, so few combinations come up; the bound is there for the worst case (about 3 MB). */
const REMEMBERED = 4096;
const remembered = new LRUCache<string, AccessDecision>({ max: REMEMBERED });

/**
 * Decides, or gives the decision made before for equal facts under the same policies.
 * Never throws: a request that cannot be evaluated is denied, with the reason in `errors`.
 */
export function decide(policySet: PolicySet, request: AccessRequest): AccessDecision {
  // Code puts the facts of an action together in one order, so that they are nearly always found as they are written.
  const written = `${policySet.digest} ${request.kind} ${request.action} ${JSON.stringify(request.facts)}`;
  const known = remembered.get(written);
  if (known) return known;
  const key = keyOf(policySet.digest, request);
  const decision = remembered.get(key) ?? decideAfresh(policySet, request);
  remembered.set(key, decision);
  remembered.set(written, decision);
  return decision;
}

/**
 * Decides from published text alone, as an auditor does: the same code, nothing remembered.
 * @param text as `PolicySetPublished` recorded it
 * @throws InvalidPolicySet where the text is not a valid policy set
 */
export function evaluate(text: string, request: AccessRequest): AccessDecision {
  return decideAfresh(parsePolicySet(text), request);
}

function decideAfresh(policySet: PolicySet, { kind, action, facts }: AccessRequest): AccessDecision {
  try {
    const answer = cedar.statefulIsAuthorized({
      principal: { type: PRINCIPALS[kind], id: 'any' },
      action: { type: 'Action', id: action },
      resource: { type: 'Record', id: 'any' },
      context: facts as cedar.Context,
      entities: [],
      preparsedPolicySetId: policySet.digest,
      preparsedSchemaName: policySet.digest,
      validateRequest: true,
    });
    if (answer.type === 'failure') return denied(answer.errors.map((error) => error.message));
    const { decision, diagnostics } = answer.response;
    // Cedar leaves out a policy that fails, a forbidding one too: so nothing is allowed after a failure.
    const errors = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`);
    if (errors.length > 0) return denied(errors);
    return Object.freeze({
      allowed: decision === 'allow',
      policies: Object.freeze([...diagnostics.reason].sort()),
      errors: Object.freeze([]),
    });
  } catch (error) {
    return denied([error instanceof Error ? error.message : String(error)]);
  }
}

function denied(errors: readonly string[]): AccessDecision {
  return Object.freeze({ allowed: false, policies: Object.freeze([]), errors: Object.freeze([...errors]) });
}

/** Equal facts have one key, in whatever order they and the members of their sets were given. Names come from code, values may not. */
function keyOf(digest: string, { kind, action, facts }: AccessRequest): string {
  let key = `${digest} ${kind} ${action}`;
  for (const name of Object.keys(facts).sort()) {
    const value = facts[name];
    key += ` ${name}=${typeof value === 'boolean' ? value : JSON.stringify(Array.isArray(value) ? [...(value as readonly string[])].sort() : value)}`;
  }
  return key;
}
