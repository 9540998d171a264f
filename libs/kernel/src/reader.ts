/**
 * The one way every question takes: find → facts → authorize → record the disclosure → open → answer.
 * What is shown to somebody who works here is recorded before it is shown: no record, no answer (promise R3).
 */
import { disclosure, notCovered, PersonalDataDisclosed, type Purpose } from '@rapport/domain';
import { Refused, Unavailable } from './errors';
import { isSealed, type Sealed } from './events';
import { notFound, principalFacts } from './authorization';
import type { Funnel, FunnelDependencies } from './funnel';
import type { Principal } from '@rapport/access';
import type { Question } from './query';

export interface Asking {
  readonly principal: Principal;
  readonly correlationId: string;
  /** Slug of the purpose the answer is for. */
  readonly purpose?: string;
}

export class Reader<Db> {
  constructor(
    private readonly funnel: Funnel,
    private readonly deps: Pick<FunnelDependencies, 'vault' | 'authorities'>,
    private readonly db: Db,
    private readonly newId: () => string,
  ) {}

  /**
   * Answers a question.
   *
   * @param query a validated instance of the question's class
   * @returns the answer with its values readable; `{ erased: true }` where a key was destroyed, `{ withheld: true }`
   *   with its category where the purpose does not cover a value (GDPR Art. 5(1)(c))
   * @throws Refused, Forbidden, Unavailable
   */
  async ask(question: Question<Db>, query: object, { principal, correlationId, purpose: slug }: Asking): Promise<unknown> {
    const actor = { kind: principal.kind, id: principal.id };
    const found = await question.find(this.db, query, actor, this.deps.authorities.directory);
    const purpose = slug === undefined ? undefined : this.deps.authorities.purpose(slug);
    const answer = purpose === undefined ? found?.answer : withhold(found?.answer, purpose, principal.id);
    const sealed = collect(answer);
    const action = question.type.name;
    const facts = {
      ...principalFacts(principal, slug, purpose),
      self: false,
      exists: found !== undefined,
      categoriesCovered:
        notCovered(
          purpose,
          sealed.map((value) => value.category),
        ).length === 0,
      ...found?.facts,
    };
    const decision = this.funnel.ask({ principal, action, facts, targeted: true });
    if (found === undefined) throw new Refused(notFound());

    const others = sealed.filter(({ owner }) => owner !== principal.id);
    if (principal.kind !== 'person' && others.length > 0) {
      const categoriesOf = new Map<string, Set<string>>();
      for (const { owner, category } of others) categoriesOf.set(owner, (categoriesOf.get(owner) ?? new Set()).add(category));
      const records = [...categoriesOf].map(([owner, categories]) => ({ owner, categories: [...categories].sort() }));
      const event = PersonalDataDisclosed({ recipient: principal.id, query: action, records });
      const eventId = this.newId();
      await this.funnel
        .record(disclosure, eventId, event, { principal, correlationId, purpose, decision, action, facts, eventId })
        .catch((cause: unknown) => {
          throw new Unavailable('disclosure-not-recorded', 'That this was shown could not be recorded, so it is not shown. Try again.', {
            cause,
          });
        });
    }
    return this.open(answer);
  }

  private open(value: unknown): unknown {
    if (isSealed(value)) return this.deps.vault.open(value);
    if (Array.isArray(value)) return value.map((item) => this.open(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, this.open(member)]));
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
function withhold(answer: unknown, purpose: Purpose, self: string): unknown {
  const isCovered = (value: Sealed) => value.owner === self || notCovered(purpose, [value.category]).length === 0;
  const walk = (value: unknown): unknown => {
    if (isSealed(value)) return isCovered(value) ? value : { withheld: true, category: value.category };
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member)]));
  };
  return collect(answer).some(isCovered) ? walk(answer) : answer;
}
