/**
 * The history of a call as another service desk kept it: one row a change, in that system's own order of time.
 * It is imported leniently: what happened there happened, whatever our own rules would have allowed.
 */
import {
  declareEvent,
  Flag,
  Instant,
  isErased,
  isRefusal,
  OneOf,
  plain,
  type Recorded,
  refusal,
  type Sealed,
  sealed,
  Slug,
  Text,
  Whole,
  whose,
} from '@rapport/kernel';
import type { Context, Decision, Refusal } from '@rapport/kernel';
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

/** What the other desk says of a call in its own words: terms of its catalog, its numbers, its names of things. */
export interface Terms {
  readonly category?: string;
  readonly subcategory?: string;
  readonly symptom?: string;
  readonly configurationItem?: string;
  readonly impact?: string;
  readonly urgency?: string;
  readonly priority?: string;
  readonly priorityConfirmed?: boolean;
  readonly group?: string;
  readonly medium?: string;
  readonly reassignments?: number;
  readonly problem?: string;
  readonly change?: string;
  readonly location?: string;
}

const callersOwn = whose.soleSubject('caller');
const colleague = plain<string | undefined>('id of a colleague, made here, random');

export const CallHistoryImported = declareEvent('CallHistoryImported', {
  title: 'A change of a call was imported from another service desk',
  fields: {
    caller: plain<string | undefined>('id of a person, made here, random'),
    /** Only in the first event of a call. */
    openedAt: plain<string | undefined>('a time'),
    openedBy: colleague,
    updatedBy: colleague,
    counter: plain<number>('how often the call had been changed there'),
    /** False where a later change of the call was imported before: then it says nothing of what the call is now. */
    latest: plain<boolean>('a yes or no'),
    status: plain<CallStatus>('one of a few words'),
    assignee: colleague,
    changed: plain<readonly string[]>('names of fields, not their values'),
    number: sealed<string | undefined>('support', callersOwn),
    /** All of them after the change; left out where none changed. Sealed, because people typed them: a thing may bear a name. */
    terms: sealed<Terms | undefined>('support', callersOwn),
  },
});

// ── State ──

export interface HistoryEntry {
  readonly at: string;
  readonly counter: number;
  readonly status: CallStatus;
  readonly assignee?: string;
  readonly openedBy?: string;
  readonly terms?: Sealed<Terms>;
}
/** In the other system's order of time. */
export type History = readonly HistoryEntry[];

type When = Pick<HistoryEntry, 'at' | 'counter'>;
const isLater = (a: When, b: When) => a.at > b.at || (a.at === b.at && a.counter > b.counter);

const isSameMoment = (a: When, b: When) => a.at === b.at && a.counter === b.counter;

/** The last entry that is not later than `when`. */
function entryAsOf(history: History, when: When): HistoryEntry | undefined {
  for (let i = history.length - 1; i >= 0; i--) {
    const entry = history[i]!;
    if (!isLater(entry, when)) return entry;
  }
  return undefined;
}

/** Puts an imported change in its place in time. */
export function evolveHistory(history: History, { data, metadata }: Recorded<typeof CallHistoryImported>): History {
  const { counter, status, assignee, openedBy } = data;
  const when = { at: metadata.occurredAt, counter };
  const terms = data.terms ?? entryAsOf(history, when)?.terms;
  const place = history.findIndex((other) => isLater(other, when));
  return history.toSpliced(place < 0 ? history.length : place, 0, { ...when, status, assignee, openedBy, terms });
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
  'location',
] as const satisfies readonly (keyof Terms & keyof ImportCallChange)[];
const PEOPLE = ['caller', 'updatedBy', 'openedBy', 'assignee'] as const;
type People = { readonly [P in (typeof PEOPLE)[number]]?: string };

const personUnknown = refusal.invalid(
  'person-unknown',
  'Nobody is known by this number in that system. Add the person with that externalNumber first.',
);
const callerDiffers = refusal.conflict('caller-differs', 'This call was imported with another caller.');

/** The people of a row by the ids they have here. */
function peopleOf(c: ImportCallChange, holder: Context['holder']): People | Refusal {
  const people: { -readonly [P in keyof People]: People[P] } = {};
  for (const field of PEOPLE) {
    const number = c[field];
    if (number === undefined) continue;
    const id = holder(personNumberIn(c.system), number);
    if (id === undefined) return personUnknown({ field });
    people[field] = id;
  }
  return people;
}

/**
 * An event where the row changes anything, none where it does not. A row is compared with the row before it in
 * time, not with the last one imported, so that the same file again, or a row out of order, changes nothing.
 */
export function importCallChange(
  c: ImportCallChange,
  call: { readonly caller: string | undefined; readonly history: History } | undefined,
  { holder, open }: Context,
): Decision {
  const people = peopleOf(c, holder);
  if (isRefusal(people)) return people;
  const { caller, updatedBy, openedBy, assignee } = people;
  if (call !== undefined && caller !== call.caller) return callerDiffers({ field: 'caller' });

  const history = call?.history ?? [];
  const when = { at: c.occurredAt, counter: c.counter };
  const facts = { status: c.status, assignee, openedBy };
  const differences = (entry: HistoryEntry | undefined) => {
    const known = entry?.terms === undefined ? {} : open(entry.terms);
    return {
      facts: (['status', 'assignee', 'openedBy'] as const).filter((name) => facts[name] !== entry?.[name]),
      // What was erased does not come back by importing it again.
      terms: isErased(known) ? [] : TERMS.filter((term) => c[term] !== known[term]),
    };
  };
  // The other desk counts minutes: more than one row may stand at the same moment.
  const changes = [...history.filter((entry) => isSameMoment(entry, when)), entryAsOf(history, when)].map(differences);
  if (changes.some(({ facts, terms }) => facts.length + terms.length === 0)) return [];
  const { facts: changedFacts, terms: changedTerms } = changes[changes.length - 1]!;
  return [
    CallHistoryImported({
      caller,
      openedAt: call === undefined ? c.openedAt : undefined,
      openedBy,
      updatedBy,
      counter: c.counter,
      latest: !history.some((entry) => isLater(entry, when)),
      status: c.status,
      assignee,
      changed: [...changedFacts, ...changedTerms],
      number: call === undefined ? c.number : undefined,
      terms:
        changedTerms.length === 0
          ? undefined
          : Object.fromEntries(TERMS.flatMap((term) => (c[term] === undefined ? [] : [[term, c[term]]]))),
    }),
  ];
}
