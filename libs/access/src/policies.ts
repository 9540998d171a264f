/**
 * The policy set: Cedar policies and their schema, read and checked once, at start. What it says is data that
 * anybody can read in `libs/access/policies`; this file only makes sure that it is well-formed, typed and explained.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { joinFiles, SCHEMA_FILE, splitFiles, type PolicyFile } from './policy-text';

/** One policy, as it is shown to people: to staff in the console, to auditors in a report. */
export interface Policy {
  /** Its `@id`, unique in the set; recorded with each decision. */
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  /** File it stands in. */
  readonly file: string;
  /** The comment above it, without the slashes: which promise it serves and why. */
  readonly comment: string;
}

export interface PolicySet {
  /** The canonical text of policies and schema, as it is published. */
  readonly text: string;
  /** SHA-256 of the text, in lower-case hexadecimal digits. */
  readonly digest: string;
  /** In the order of the text. */
  readonly policies: readonly Policy[];
  /** The actions that the schema knows, groups left out. An action beside these is always denied. */
  readonly actions: ReadonlySet<string>;
}

/** The policies cannot be used. The message lists every problem: file, policy id, and what to do about it. */
export class InvalidPolicySet extends Error {
  override readonly name = 'InvalidPolicySet';
  constructor(readonly problems: readonly string[]) {
    super(`The policies cannot be used:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  }
}

/**
 * Reads `*.cedar` and `schema.cedarschema` of a folder; other files are left alone.
 * @throws InvalidPolicySet see `parsePolicySet`; also where the folder has no schema or no policies
 */
export function loadPolicies(folder: string): PolicySet {
  const names = readdirSync(folder).filter((name) => name.endsWith('.cedar') || name === SCHEMA_FILE);
  const files = names.map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
  return parsePolicySet(joinFiles(files));
}

/**
 * Checks a policy set and makes it ready for `decide`.
 *
 * @param text the canonical text, as `PolicySet.text` has it and `PolicySetPublished` publishes it
 * @throws InvalidPolicySet where a file does not parse; a policy has no `@id`, one that is taken, or no comment above
 *   it; a policy is a template; or a policy does not fit the schema (Cedar's strict validation, warnings included)
 */
export function parsePolicySet(text: string): PolicySet {
  const files = splitFiles(text);
  const schema = files.find((file) => file.name === SCHEMA_FILE);
  const policyFiles = files.filter((file) => file !== schema);
  if (schema === undefined)
    throw new InvalidPolicySet([`There is no ${SCHEMA_FILE}. Put it beside the policies: it declares actions and facts.`]);
  if (policyFiles.length === 0) throw new InvalidPolicySet(['There is no *.cedar file. Without policies everything would be denied.']);

  const problems: string[] = [];
  const found = policyFiles.flatMap((file) => policiesOf(file, problems));
  const byId = new Map<string, FoundPolicy>();
  for (const policy of found) {
    const other = byId.get(policy.id);
    if (other) problems.push(`${policy.file}, policy "${policy.id}": the @id is taken by a policy in ${other.file}. Give it another one.`);
    byId.set(policy.id, policy);
  }

  const parsed = cedar.schemaToJson(schema.text);
  if (parsed.type === 'failure') throw new InvalidPolicySet([...problems, ...parsed.errors.map((error) => describe(schema, error))]);
  const staticPolicies = Object.fromEntries([...byId].map(([id, policy]) => [id, policy.source]));
  problems.push(...misfits(schema.text, staticPolicies, byId));
  if (problems.length > 0) throw new InvalidPolicySet(problems);

  const digest = createHash('sha256').update(text).digest('hex');
  prepare(digest, staticPolicies, schema.text);
  const declared = Object.values(parsed.json).flatMap((namespace) => Object.entries(namespace.actions));
  return {
    text,
    digest,
    policies: found.map(({ id, effect, file, comment }) => ({ id, effect, file, comment })),
    // A group is an action that applies to nobody.
    actions: new Set(declared.filter(([, action]) => (action.appliesTo?.principalTypes.length ?? 0) > 0).map(([name]) => name)),
  };
}

interface FoundPolicy extends Policy {
  readonly source: string;
}

function policiesOf(file: PolicyFile, problems: string[]): FoundPolicy[] {
  const parts = cedar.policySetTextToParts(file.text);
  if (parts.type === 'failure') {
    problems.push(...parts.errors.map((error) => describe(file, error)));
    return [];
  }
  if (parts.policy_templates.length > 0)
    problems.push(`${file.name}: a template is never in force. Write a policy without ?principal and ?resource.`);
  const found = parts.policies.flatMap((source): FoundPolicy[] => {
    const policy = cedar.policyToJson(source);
    if (policy.type === 'failure') throw new InvalidPolicySet(policy.errors.map((error) => describe(file, error)));
    const id = policy.json.annotations?.['id'];
    if (!id) {
      problems.push(
        `${file.name}: the policy "${firstLine(source)}" has no @id. Put @id("…") above it, with a name that says what it is for.`,
      );
      return [];
    }
    const comment = commentAbove(file.text, id);
    if (comment === undefined) {
      problems.push(
        `${file.name}, policy "${id}": there is no comment above its @id. Say in a line of // which promise it serves; @id stands first.`,
      );
    }
    return [{ id, effect: policy.json.effect, file: file.name, comment: comment ?? '', source }];
  });
  return inOrderOf(file.text, found);
}

/** Cedar gives the policies back sorted by number as text; people read them in the order of the file. */
function inOrderOf(text: string, policies: readonly FoundPolicy[]): FoundPolicy[] {
  return [...policies].sort((a, b) => text.indexOf(a.source) - text.indexOf(b.source));
}

function commentAbove(text: string, id: string): string | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const at = lines.findIndex((line) => line.startsWith(`@id(${JSON.stringify(id)})`));
  let first = at;
  while (first > 0 && lines[first - 1]!.startsWith('//')) first -= 1;
  const comment = lines
    .slice(first, at)
    .map((line) => line.replace(/^\/\/\s*/, ''))
    .join(' ')
    .trim();
  return comment === '' ? undefined : comment;
}

function misfits(schema: string, staticPolicies: Record<string, string>, byId: ReadonlyMap<string, FoundPolicy>): string[] {
  const answer = cedar.validate({ schema, policies: { staticPolicies }, validationSettings: { mode: 'strict' } });
  if (answer.type === 'failure') return answer.errors.map((error) => error.message);
  return [...answer.validationErrors, ...answer.validationWarnings].map(
    ({ policyId, error }) =>
      `${byId.get(policyId)?.file}, policy "${policyId}": ${sentence(error)} Correct it, or declare what it uses in ${SCHEMA_FILE}.`,
  );
}

function prepare(digest: string, staticPolicies: Record<string, string>, schema: string): void {
  for (const answer of [cedar.preparsePolicySet(digest, { staticPolicies }), cedar.preparseSchema(digest, schema)]) {
    if (answer.type === 'failure') throw new InvalidPolicySet(answer.errors.map(sentence));
  }
}

function describe(file: PolicyFile, error: cedar.DetailedError): string {
  const start = error.sourceLocations?.[0]?.start;
  // Cedar counts bytes of UTF-8.
  const line = start === undefined ? '' : `:${Buffer.from(file.text).subarray(0, start).toString().split('\n').length}`;
  return `${file.name}${line}: ${sentence(error)} Correct it there.`;
}

function sentence(error: cedar.DetailedError): string {
  return `${error.message}${error.help ? ` (${error.help})` : ''}.`;
}

function firstLine(source: string): string {
  return source.split('\n', 1)[0]!.trim();
}
