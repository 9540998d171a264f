/**
 * The one way every question takes: find → facts → authorize → open → record the disclosure → answer.
 * What is shown to somebody who works here is recorded before it is shown: no record, no answer (promise R3).
 * Opening comes before recording, so that exactly what could be opened is recorded.
 */
import { disclosure, notCovered, PersonalDataDisclosed, type DisclosedRecord, type Purpose } from '@rapport/domain';
import { Cursors } from './cursor';
import { Refused, Unavailable } from './errors';
import { isErased, isSealed, type Sealed } from './events';
import { notFound, principalFacts } from './authorization';
import type { Funnel, FunnelDependencies } from './funnel';
import { Paged } from './page';
import type { Principal } from '@rapport/access';
import type { Found, Look, Question } from './query';
import { withheld } from './shape';

export interface Asking {
  readonly principal: Principal;
  readonly correlationId: string;
  /** Slug of the purpose the answer is for. */
  readonly purpose?: string;
}

export interface ReaderDependencies<Db> extends Pick<FunnelDependencies, 'vault' | 'authorities' | 'clock'> {
  readonly db: Db;
  /** The position up to which the read models have applied everything; undefined where that is not known. */
  readonly readModels: () => string | undefined;
  readonly newId: () => string;
}

export class Reader<Db> {
  private readonly cursors: Cursors;

  constructor(
    private readonly funnel: Funnel,
    private readonly deps: ReaderDependencies<Db>,
  ) {
    this.cursors = new Cursors((text) => deps.vault.digest(text));
  }

  /**
   * Answers a question.
   *
   * @param query a validated instance of the question's class
   * @returns the answer with its values readable; `{ erased: true }` where a key was destroyed, `{ withheld: true }`
   *   with its category where the purpose does not cover a value (GDPR Art. 5(1)(c))
   * @throws Refused, Forbidden, InvalidCursor, Unavailable
   */
  async ask(question: Question<Db>, query: object, { principal: asking, correlationId, purpose: slug }: Asking): Promise<unknown> {
    const { authorities, db } = this.deps;
    const action = question.type.name;
    if (query instanceof Paged && query.cursor !== undefined) query.after = this.cursors.open(query, query.cursor);
    const readModels = this.deps.readModels();
    const now = this.deps.clock().toISOString();
    const candidates = await question.find(db, query, { kind: asking.kind, id: asking.id }, authorities.directory, now);
    const found = candidates && this.chosen(question, query, candidates);

    const principal = authorities.renewed(asking, now);
    const asOf = authorities.position;
    const purpose = slug === undefined ? undefined : authorities.purpose(slug);
    const own = authorities.directory.groupOf(principal.id);
    const answer = purpose === undefined ? found?.answer : withhold(found?.answer, purpose, own);
    const categories = collect(answer).map((value) => value.category);
    const facts = {
      ...principalFacts(principal, slug, purpose),
      self: false,
      exists: found !== undefined,
      categoriesCovered: notCovered(purpose, categories).length === 0,
      ...found?.facts,
    };
    const decision = this.funnel.ask({ principal, action, facts, targeted: true });
    if (found === undefined) throw new Refused(notFound());

    const shown = new Shown(own, found.about);
    const opened = this.open(answer, shown);
    if (question.count !== undefined) return question.count(opened);
    if (principal.kind !== 'person' && shown.records.length > 0) {
      const event = PersonalDataDisclosed({ recipient: principal.id, query: action, records: shown.records });
      const eventId = this.deps.newId();
      const sources = { stream: found.of ?? `${disclosure.name}-${eventId}`, readModels, authorities: asOf };
      await this.funnel
        .record(disclosure, eventId, event, { principal, correlationId, purpose, decision, action, facts, eventId, sources })
        .catch((cause: unknown) => {
          throw new Unavailable('disclosure-not-recorded', 'That this was shown could not be recorded, so it is not shown. Try again.', {
            cause,
          });
        });
    }
    return found.next === undefined ? opened : { ...(opened as object), next: this.cursors.seal(query as Paged, found.next) };
  }

  /** Opens what an answer holds, and tells `shown` of it. */
  private chosen(question: Question<Db>, query: object, found: Found): Found {
    if (question.choose === undefined) return found;
    const { vault } = this.deps;
    const look: Look = { open: (value) => vault.open(value), link: (kind, ids) => vault.links.make(kind, ids) };
    return { ...found, answer: question.choose(found.answer, query, look) };
  }

  private open(value: unknown, shown: Shown): unknown {
    if (isSealed(value)) {
      const opened = this.deps.vault.open(value);
      if (!isErased(opened)) shown.add(value);
      return opened;
    }
    if (Array.isArray(value)) return value.map((item) => this.open(item, shown));
    if (typeof value !== 'object' || value === null) return value;
    // What there is not is left out, as the shapes of answers say.
    const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
    return Object.fromEntries(members.map(([name, member]) => [name, this.open(member, shown)]));
  }
}

/** Whose values of which categories an answer shows, other than those of who asks. */
class Shown {
  private readonly categoriesOf = new Map<string, Set<string>>();

  constructor(
    private readonly own: readonly string[],
    about: readonly string[] = [],
  ) {
    for (const id of about) this.of(id);
  }

  add({ owner, category }: Sealed): void {
    this.of(owner).add(category);
  }

  private of(owner: string): Set<string> {
    const categories = this.categoriesOf.get(owner) ?? new Set();
    if (!this.own.includes(owner)) this.categoriesOf.set(owner, categories);
    return categories;
  }

  get records(): DisclosedRecord[] {
    return [...this.categoriesOf].map(([owner, categories]) => ({ owner, categories: [...categories].sort() }));
  }
}

/** Every sealed value in an answer. */
function collect(value: unknown, into: Sealed[] = []): Sealed[] {
  if (isSealed(value)) into.push(value);
  else if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) collect(member, into);
  return into;
}

/**
 * The answer without what its purpose does not cover; who asks keeps what is their own. An answer of which nothing
 * would be left is given back whole: the policies refuse it.
 */
function withhold(answer: unknown, purpose: Purpose, own: readonly string[]): unknown {
  const isCovered = (value: Sealed) => own.includes(value.owner) || notCovered(purpose, [value.category]).length === 0;
  const walk = (value: unknown): unknown => {
    if (isSealed(value)) return isCovered(value) ? value : withheld(value.category);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member)]));
  };
  return collect(answer).some(isCovered) ? walk(answer) : answer;
}
