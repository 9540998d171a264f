/**
 * The history of a call as another service desk kept it: one row a change, in that system's own order of time.
 * It is imported leniently: what happened there happened, whatever our own rules would have allowed.
 */
import {
  declareEvent,
  Instant,
  isErased,
  OneOf,
  Flag,
  plain,
  type Recorded,
  refuse,
  type Sealed,
  sealed,
  Slug,
  Text,
  Whole,
  whose,
} from '@rapport/kernel';
import type { Context, Decision, DomainEvent } from '@rapport/kernel';
import { PersonalDataCommand, personNumberIn } from '../commands';

export const STATUSES = [
  'new',
  'active',
  'awaiting-caller',
  'awaiting-vendor',
  'awaiting-problem',
  'awaiting-evidence',
  'resolved',
  'closed',
] as const;
export type CallStatus = (typeof STATUSES)[number];

/** What one row says of a call. People are ids of ours; the rest are terms of the other desk's catalog. */
export interface CallFacts {
  readonly status: CallStatus;
  readonly category?: string;
  readonly subcategory?: string;
  readonly symptom?: string;
  readonly configurationItem?: string;
  readonly impact?: string;
  readonly urgency?: string;
  readonly priority?: string;
  readonly priorityConfirmed?: boolean;
  readonly group?: string;
  readonly assignee?: string;
  readonly openedBy?: string;
  readonly medium?: string;
  readonly reassignments?: number;
  readonly problem?: string;
  readonly change?: string;
}

const callersOwn = whose.soleSubject('caller');

export const CallHistoryImported = declareEvent('CallHistoryImported', {
  title: 'A change of a call was imported from another service desk',
  fields: {
    caller: plain<string | undefined>('id of a person, made here, random'),
    /** Only in the first event of a call. */
    openedAt: plain<string | undefined>('a time'),
    updatedBy: plain<string | undefined>('id of a colleague, made here, random'),
    counter: plain<number>('how often the call had been changed there'),
    changed: plain<Partial<CallFacts>>('terms of a service desk’s catalog, ids made here, states'),
    cleared: plain<readonly (keyof CallFacts | 'location')[]>('names of fields, not their values'),
    number: sealed<string | undefined>('support', callersOwn),
    location: sealed<string | undefined>('support', callersOwn),
  },
});

// ── State ──

export interface HistoryEntry {
  readonly at: string;
  readonly counter: number;
  readonly facts: CallFacts;
  readonly location?: Sealed<string>;
}
/** In the other system's order of time. */
export type History = readonly HistoryEntry[];

const isLater = (a: { at: string; counter: number }, b: { at: string; counter: number }) =>
  a.at > b.at || (a.at === b.at && a.counter > b.counter);

/** The last entry that is not later than `at` and `counter`. */
function entryAsOf(history: History, when: { at: string; counter: number }): HistoryEntry | undefined {
  for (let i = history.length - 1; i >= 0; i--) {
    const entry = history[i]!;
    if (!isLater(entry, when)) return entry;
  }
  return undefined;
}

/** Puts an imported change in its place in time. What the call is now is what its latest row says. */
export function evolveHistory(history: History, event: Recorded<typeof CallHistoryImported>): { facts: CallFacts; history: History } {
  const when = { at: event.metadata.occurredAt, counter: event.data.counter };
  const before = entryAsOf(history, when);
  const facts: CallFacts = { ...(before?.facts ?? { status: 'new' }), ...event.data.changed };
  const kept = Object.fromEntries(Object.entries(facts).filter(([name]) => !(event.data.cleared as readonly string[]).includes(name)));
  const location = event.data.cleared.includes('location') ? undefined : (event.data.location ?? before?.location);
  const entry: HistoryEntry = { ...when, facts: kept as unknown as CallFacts, location };
  const later = history.filter((other) => isLater(other, when));
  const all = [...history.filter((other) => !isLater(other, when)), entry, ...later];
  return { facts: all[all.length - 1]!.facts, history: all };
}

// ── Command ──

export class ImportCallChange extends PersonalDataCommand {
  @Instant({ description: 'When the call was changed there.' })
  override occurredAt!: string;

  @Slug({ description: 'The system the history comes from.' })
  system!: string;

  @Text({ max: 100, description: 'The call’s number there.' })
  number!: string;

  @Whole({ min: 0, max: 1_000_000, description: 'How often it had been changed there, this change included.' })
  counter!: number;

  @OneOf(STATUSES, { description: 'Its status after the change.' })
  status!: CallStatus;

  @Instant({ description: 'When it was opened there.', optional: true })
  openedAt?: string;

  @Text({ max: 100, description: 'The caller’s number there.', optional: true })
  caller?: string;

  @Text({ max: 100, description: 'The number there of who changed it.', optional: true })
  updatedBy?: string;

  @Text({ max: 100, description: 'The number there of who opened it.', optional: true })
  openedBy?: string;

  @Text({ max: 100, description: 'The number there of who works on it.', optional: true })
  assignee?: string;

  @Text({ max: 80, description: 'The team.', optional: true })
  group?: string;

  @Text({ max: 80, description: 'Category.', optional: true })
  category?: string;

  @Text({ max: 80, description: 'Subcategory.', optional: true })
  subcategory?: string;

  @Text({ max: 80, description: 'Symptom.', optional: true })
  symptom?: string;

  @Text({ max: 80, description: 'What is affected.', optional: true })
  configurationItem?: string;

  @Text({ max: 80, description: 'How far it reaches.', optional: true })
  impact?: string;

  @Text({ max: 80, description: 'How pressing it is.', optional: true })
  urgency?: string;

  @Text({ max: 80, description: 'What follows from the two.', optional: true })
  priority?: string;

  @Flag({ description: 'Whether somebody checked the priority.', optional: true })
  priorityConfirmed?: boolean;

  @Text({ max: 80, description: 'How it came in.', optional: true })
  medium?: string;

  @Whole({ min: 0, max: 1_000_000, description: 'How often it went to another team.', optional: true })
  reassignments?: number;

  @Text({ max: 80, description: 'The problem it belongs to.', optional: true })
  problem?: string;

  @Text({ max: 80, description: 'The change it led to.', optional: true })
  change?: string;

  @Text({ max: 200, description: 'Where the caller is.', optional: true })
  location?: string;
}

/** The namespace under which a call's number in another system is unique. */
export const callNumberIn = (system: string) => `call-number:${system}`;

const TERMS = [
  'category',
  'subcategory',
  'symptom',
  'configurationItem',
  'impact',
  'urgency',
  'priority',
  'priorityConfirmed',
  'group',
  'medium',
  'reassignments',
  'problem',
  'change',
] as const satisfies readonly (keyof CallFacts & keyof ImportCallChange)[];
const PEOPLE = ['caller', 'updatedBy', 'openedBy', 'assignee'] as const;

/**
 * An event where the row changes anything, none where it does not. A row is compared with the row before it in
 * time, not with the last one imported, so that the same file again, or a row out of order, changes nothing.
 */
export function importCallChange(
  c: ImportCallChange,
  call: { readonly caller: string | undefined; readonly history: History } | undefined,
  { holder, open }: Context,
): Decision {
  const people: { [P in (typeof PEOPLE)[number]]?: string } = {};
  for (const field of PEOPLE) {
    const number = c[field];
    if (number === undefined) continue;
    const id = holder(personNumberIn(c.system), number);
    if (id === undefined) {
      return refuse.invalid(
        'person-unknown',
        `Nobody is known by this number in ${c.system}. Add the person with that externalNumber first.`,
        { field },
      );
    }
    people[field] = id;
  }
  if (call !== undefined && people.caller !== call.caller) {
    return refuse.conflict('caller-differs', 'This call was imported with another caller.', { field: 'caller' });
  }

  const facts: CallFacts = { status: c.status, assignee: people.assignee, openedBy: people.openedBy };
  const after: { [name: string]: unknown } = { ...facts, ...Object.fromEntries(TERMS.map((term) => [term, c[term]])) };
  const before = entryAsOf(call?.history ?? [], { at: c.occurredAt, counter: c.counter });
  const known: { [name: string]: unknown } = { ...before?.facts };
  const changed = Object.fromEntries(Object.entries(after).filter(([name, value]) => value !== undefined && known[name] !== value));
  const cleared = Object.keys(known).filter((name) => known[name] !== undefined && after[name] === undefined) as (
    keyof CallFacts | 'location'
  )[];

  const knownLocation = before?.location === undefined ? undefined : open(before.location);
  const moved = c.location !== undefined && c.location !== knownLocation;
  if (c.location === undefined && before?.location !== undefined && !isErased(knownLocation)) cleared.push('location');

  if (before !== undefined && Object.keys(changed).length === 0 && cleared.length === 0 && !moved) return [];
  return [
    CallHistoryImported({
      caller: people.caller,
      openedAt: call === undefined ? c.openedAt : undefined,
      updatedBy: people.updatedBy,
      counter: c.counter,
      changed,
      cleared,
      number: call === undefined ? c.number : undefined,
      location: moved ? c.location : undefined,
    }),
  ] satisfies DomainEvent[];
}
