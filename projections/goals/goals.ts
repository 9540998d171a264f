/**
 * What do organizations want from us, and what are people interested in (promise R9)? Together only: the values are
 * opened to be counted, and a group is told from five on, in fives, so that nobody joining or leaving shows.
 */
import { InterestEnded, InterestShown, ServiceAgreed, ServiceDescribed, ServiceEnded } from '@rapport/domain';
import { isErased, shape, statistic, type Erased, type Sealed } from '@rapport/kernel';
import {
  ensure,
  from,
  insert,
  json,
  jsonOf,
  jsonOrNullOf,
  on,
  patch,
  projection,
  remove,
  table,
  type ReadDatabase,
} from '@rapport/read-model';

export const goals = table(
  'goals',
  { agreement: 'text', organization: 'text', goals: jsonOrNullOf<Sealed<readonly string[]>>() },
  { key: ['agreement'] },
);
export const topics = table('topic', { interest: 'text', subject: 'text', topic: jsonOf<Sealed<string>>() }, { key: ['interest'] });

export const goalsAndInterests = projection({
  name: 'goals',
  version: 1,
  tables: { goals, topics },
  on: [
    on(ServiceAgreed, ({ streamId, data }) => [
      ensure(goals, { agreement: streamId, organization: data.organization, goals: null }),
      patch(goals, { agreement: streamId }, { goals: data.goals ?? null }),
    ]),
    on(ServiceDescribed, ({ streamId, data }) => patch(goals, { agreement: streamId }, { goals: data.goals ?? null })),
    on(ServiceEnded, ({ streamId }) => remove(goals, { agreement: streamId })),
    on(InterestShown, ({ streamId, data }) => insert(topics, { interest: data.interestId, subject: streamId, topic: data.topic })),
    on(InterestEnded, ({ data }) => remove(topics, { interest: data.interestId })),
  ],
});

export class ReadGoals {}

const counted = (name: string, description: string) =>
  shape.list(
    shape.object(name, { term: shape.text('The goal or topic.'), atLeast: shape.whole('How many at least; a multiple of five.') }),
    description,
  );
const goalsAnswer = shape.object('Goals', {
  goals: counted('CountedGoal', 'Goals, by the number of organizations.'),
  interests: counted('CountedInterest', 'Interests, by the number of people and organizations.'),
});

interface Opened {
  readonly goals: readonly { readonly who: string; readonly terms: readonly string[] | Erased | null }[];
  readonly topics: readonly { readonly who: string; readonly term: string | Erased }[];
}

export const readGoals = statistic(ReadGoals, goalsAnswer, {
  find: async (db: ReadDatabase, _, directory) => {
    const [wanted, interesting] = await Promise.all([from(db, goals).selectAll().execute(), from(db, topics).selectAll().execute()]);
    return {
      facts: {},
      values: {
        goals: wanted.map((row) => ({ who: row.organization, terms: json(row.goals) })),
        // Two records of one person are one of the five.
        topics: interesting.map((row) => ({ who: directory.survivorOf(row.subject), term: json(row.topic) })),
      },
    };
  },
  count: (opened) => {
    const { goals: wanted, topics: interesting } = opened as Opened;
    return {
      goals: together(wanted.flatMap(({ who, terms }) => (terms === null || isErased(terms) ? [] : terms.map((term) => ({ who, term }))))),
      interests: together(interesting.flatMap(({ who, term }) => (isErased(term) ? [] : [{ who, term }]))),
    };
  },
});

const FEWEST = 5;

/** @returns the terms that at least five have, the most frequent first */
export function together(entries: readonly { readonly who: string; readonly term: string }[]): { term: string; atLeast: number }[] {
  const whoHas = new Map<string, Set<string>>();
  for (const { who, term } of entries) whoHas.set(term, (whoHas.get(term) ?? new Set()).add(who));
  return [...whoHas]
    .map(([term, { size }]) => ({ term, atLeast: size - (size % FEWEST) }))
    .filter(({ atLeast }) => atLeast > 0)
    .sort((a, b) => b.atLeast - a.atLeast || (a.term < b.term ? -1 : 1));
}
