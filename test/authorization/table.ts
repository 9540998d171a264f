/**
 * Who may do what: every action against every kind of principal and relation, asked of the running policies.
 * `npm run authorization` writes it to docs/authorization.md, where people review it; a test compares the two.
 */
import { join } from 'node:path';
import { decide, loadPolicies, type PolicySet } from '@rapport/access';
import type { Facts } from '@rapport/kernel/aggregate';
import type { ActorKind } from '@rapport/kernel/events';

/** One column of the table. */
export interface Scenario {
  readonly title: string;
  readonly kind: ActorKind;
  readonly facts: Facts;
}

const facts: Facts = {
  roles: [],
  trained: false,
  engaged: false,
  self: false,
  exists: true,
  purpose: 'customer-service',
  purposeKnown: true,
  purposeAllowed: true,
  categoriesCovered: true,
};
/** Relations that are denied unless they are named; `grantsToSelf` and `attestsSelf` are about somebody else. */
const others = { grantsToSelf: false, attestsSelf: false };
const staff = (role: string): Scenario => ({
  title: role,
  kind: 'staff',
  facts: { ...facts, ...others, roles: [role], trained: true },
});

/** Everybody here names a declared purpose that covers the data, where one is needed. */
export const SCENARIOS: readonly Scenario[] = [
  { title: 'person', kind: 'person', facts: { ...facts, ...others } },
  { title: 'person: self', kind: 'person', facts: { ...facts, self: true } },
  { title: 'person: caller', kind: 'person', facts: { ...facts, caller: true, fromCaller: true } },
  { title: 'person: contact', kind: 'person', facts: { ...facts, contact: true } },
  ...['support', 'sales', 'consultancy', 'administrator', 'privacy-officer'].map(staff),
  {
    title: 'every role, untrained',
    kind: 'staff',
    facts: { ...facts, ...others, roles: ['support', 'sales', 'consultancy', 'administrator', 'privacy-officer'] },
  },
  { title: 'sales: signs in', kind: 'staff', facts: { ...facts, ...others, roles: ['sales'], trained: true, signsIn: true } },
  { title: 'staff: self', kind: 'staff', facts: { ...facts, roles: ['support'], self: true, grantsToSelf: true, attestsSelf: true } },
  { title: 'service', kind: 'service', facts },
  { title: 'service, other purpose', kind: 'service', facts: { ...facts, purposeAllowed: false } },
  { title: 'auditor, engaged', kind: 'auditor', facts: { ...facts, engaged: true } },
  { title: 'auditor', kind: 'auditor', facts },
  { title: 'system', kind: 'system', facts: { ...facts, bootstrap: true } },
];

/** Of the project, whose folder is the working directory. */
export const policies = (): PolicySet => loadPolicies(join('libs', 'access', 'policies'));

/** @returns the page, Markdown */
export function authorizationPage(set: PolicySet): string {
  const header = ['action', ...SCENARIOS.map(({ title }) => title)];
  const rows = [...set.actions].sort().map((action) => [
    `\`${action}\``,
    ...SCENARIOS.map(({ kind, facts: known }) => {
      const { allowed, errors } = decide(set, { kind, action, facts: known });
      if (errors.length > 0) throw new Error(`${action} cannot be decided for ${kind}: ${errors.join(', ')}`);
      return allowed ? 'yes' : '';
    }),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    '# Who may do what',
    '',
    'Made from the policies in `libs/access/policies` by `npm run authorization`; `npm test` compares. What has no “yes” is',
    'denied. Everybody here names a declared purpose that covers the data where one is needed; without it nothing is stored',
    'or read that is not one’s own. “self”: the record is about them; “caller”: they made the call; “contact”: they belong',
    'to the organization; “signs in”: the person has an account here.',
    '',
    line(header),
    line(header.map((_, index) => (index === 0 ? '---' : ':-:'))),
    ...rows.map(line),
    '',
  ].join('\n');
}
