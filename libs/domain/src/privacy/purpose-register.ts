/**
 * The register of purposes: for what, on which basis, which categories of whose data are kept, and how long
 * (GDPR Art. 5(1)(b), (c), (e), Art. 30(1)(b), (c), (f)). One register, one stream.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  aggregate,
  command,
  declareEvent,
  Duration,
  NestedList,
  never,
  OneOf,
  plain,
  type Recorded,
  refusal,
  Slug,
  Text,
  type Decision,
} from '@rapport/kernel';
import { Command } from '../commands';
import { dataCategories, type DataCategory } from './data-category';

export const LEGAL_BASES = ['consent', 'contract', 'legal-obligation', 'vital-interests', 'public-task', 'legitimate-interest'] as const;
export type LegalBasis = (typeof LEGAL_BASES)[number];

export const RETENTION_STARTS = ['recorded', 'call-closed', 'last-contact', 'end-of-relationship', 'end-of-contract'] as const;
export type RetentionStart = (typeof RETENTION_STARTS)[number];

export const DATA_SUBJECTS = ['customer-contact', 'colleague', 'sponsor', 'interested-party'] as const;
export type DataSubject = (typeof DATA_SUBJECTS)[number];

/** How long a category is kept, and from when. */
export class Retention {
  @OneOf(dataCategories, { description: 'The category.' })
  category!: DataCategory;

  @Duration({ description: 'How long it is kept: an ISO 8601 duration of years, months, weeks or days.' })
  keep!: string;

  @OneOf(RETENTION_STARTS, { description: 'From when on.' })
  from!: RetentionStart;
}

export interface Purpose {
  readonly slug: string;
  readonly title: string;
  readonly explanation: string;
  readonly categories: readonly DataCategory[];
  readonly subjects: readonly DataSubject[];
  readonly basis: LegalBasis;
  /** The balancing test, where the basis is legitimate interest. */
  readonly balancing?: string;
  readonly retention: readonly Retention[];
}

// ── Events ──

const notShown = 'GET /v1/purposes answers from the register itself, as the view of authorities has it';

export const PurposeDeclared = declareEvent('PurposeDeclared', {
  title: 'A purpose was declared, or declared anew',
  notShown,
  fields: { purpose: plain<Purpose>('the organization’s own words about itself') },
});

export const PurposeWithdrawn = declareEvent('PurposeWithdrawn', {
  title: 'A purpose no longer applies',
  notShown,
  fields: { slug: plain<string>('a name of the register') },
});

type PurposeEvent = Recorded<typeof PurposeDeclared> | Recorded<typeof PurposeWithdrawn>;

// ── State ──

/** Slug → purpose, of those in force. */
export type PurposeRegister = { readonly [slug: string]: Purpose };

export function evolvePurposes(state: PurposeRegister, event: PurposeEvent): PurposeRegister {
  switch (event.type) {
    case 'PurposeDeclared':
      return { ...state, [event.data.purpose.slug]: event.data.purpose };
    case 'PurposeWithdrawn': {
      const { [event.data.slug]: _, ...rest } = state;
      return rest;
    }
    default:
      return never(event);
  }
}

/** The purpose in force by this name. `constructor` is a well-formed name too, and no purpose until it is declared. */
export function purposeOf(register: PurposeRegister, slug: string): Purpose | undefined {
  return Object.hasOwn(register, slug) ? register[slug] : undefined;
}

/** The categories of `categories` that the purpose does not cover (GDPR Art. 5(1)(b)). */
export function notCovered(purpose: Purpose | undefined, categories: Iterable<string>): string[] {
  return [...categories].filter((category) => !(purpose?.categories as readonly string[] | undefined)?.includes(category));
}

// ── Commands ──

export class DeclarePurpose extends Command {
  @Slug({ description: 'Its name in commands and queries.' })
  slug!: string;

  @Text({ max: 120, description: 'Its name for people.' })
  title!: string;

  @Text({ max: 2_000, lines: true, description: 'What is done and why, so that a data subject understands it.' })
  explanation!: string;

  @OneOf(dataCategories, { list: true, description: 'The categories it needs, no others.' })
  categories!: DataCategory[];

  @OneOf(DATA_SUBJECTS, { list: true, description: 'Whose data.' })
  subjects!: DataSubject[];

  @OneOf(LEGAL_BASES, { description: 'The legal basis (GDPR Art. 6(1)).' })
  basis!: LegalBasis;

  @Text({ max: 4_000, lines: true, description: 'The balancing test, where the basis is legitimate interest.', optional: true })
  balancing?: string;

  @NestedList(() => Retention, { min: 1, max: 20, description: 'How long each category is kept.' })
  retention!: Retention[];
}

export class WithdrawPurpose extends Command {
  @Slug({ description: 'The purpose.' })
  slug!: string;
}

// ── Decide ──

const balancingMissing = refusal.invalid('balancing-missing', 'Legitimate interest needs its balancing test (GDPR Art. 6(1)(f)).');
const retentionMissing = refusal.invalid('retention-missing', 'Say of each category how long it is kept.');
const retentionSurplus = refusal.invalid('retention-surplus', 'This retention is for a category that the purpose does not cover.');
const retentionTwice = refusal.invalid('retention-twice', 'A category is kept for one length of time: say it once.');
const purposeNotFound = refusal.notFound('purpose-not-found', 'There is no such purpose in the register.');

/** Pure, so that a register can be checked before it is sent. */
export function declarePurpose(c: DeclarePurpose, state: PurposeRegister): Decision {
  if (c.basis === 'legitimate-interest' && c.balancing === undefined) return balancingMissing({ field: 'balancing' });
  const kept = new Set(c.retention.map((rule) => rule.category));
  const forgotten = c.categories.find((category) => !kept.has(category));
  if (forgotten !== undefined) {
    return retentionMissing({ field: 'retention', detail: `Say how long the category ${forgotten} is kept.` });
  }
  const surplus = c.retention.findIndex((rule) => !c.categories.includes(rule.category));
  if (surplus >= 0) return retentionSurplus({ field: `retention/${surplus}/category` });
  const twice = c.retention.findIndex((rule, index) => c.retention.findIndex(({ category }) => category === rule.category) < index);
  if (twice >= 0) return retentionTwice({ field: `retention/${twice}/category` });
  const purpose: Purpose = {
    slug: c.slug,
    title: c.title,
    explanation: c.explanation,
    categories: c.categories,
    subjects: c.subjects,
    basis: c.basis,
    ...(c.balancing === undefined ? {} : { balancing: c.balancing }),
    retention: c.retention.map(({ category, keep, from }) => ({ category, keep, from })),
  };
  return isDeepStrictEqual(purposeOf(state, c.slug), purpose) ? [] : [PurposeDeclared({ purpose })];
}

function withdrawPurpose(c: WithdrawPurpose, state: PurposeRegister): Decision {
  return purposeOf(state, c.slug) === undefined ? purposeNotFound({ field: 'slug' }) : [PurposeWithdrawn({ slug: c.slug })];
}

/** There is one register; its id is fixed. */
export const PURPOSE_REGISTER_ID = '00000000-0000-8000-8000-000000000001';

export const purposeRegister = aggregate<PurposeRegister, PurposeEvent>({
  name: 'purposeRegister',
  events: [PurposeDeclared, PurposeWithdrawn],
  initial: {},
  evolve: evolvePurposes,
  commands: [
    command(DeclarePurpose, { id: () => PURPOSE_REGISTER_ID, decide: declarePurpose }),
    command(WithdrawPurpose, { id: () => PURPOSE_REGISTER_ID, decide: withdrawPurpose }),
  ],
});
