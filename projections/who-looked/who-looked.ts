/** Who looked at my data, when, for which purpose (promises R3 and R15). The role, not the colleague's name (C-579/21). */
import { PersonalDataDisclosed } from '@rapport/domain';
import { Id, nextPage, Paged, question, shape, type ActorKind } from '@rapport/kernel';
import { ensure, from, insert, json, jsonOf, on, page, projection, table, wordOf, type ReadDatabase } from '@rapport/read-model';
import { ofEvent, subjectsOf, valuesOf } from '../subjects';

export const looks = table(
  'look',
  {
    person: 'text',
    event: 'text',
    at: 'text',
    position: 'text',
    recipient_kind: wordOf<ActorKind>(),
    query: 'text',
    purpose: 'text?',
    basis: 'text?',
    categories: jsonOf<readonly string[]>(),
    roles: jsonOf<readonly string[]>(),
  },
  { key: ['person', 'position'] },
);

/** The people a record is about whose values are nobody's alone: who looked at it, looked at each of them. */
export const subjects = table('subject', { person: 'text', record: 'text' }, { key: ['person', 'record'] });

export const whoLooked = projection({
  name: 'who_looked',
  version: 3,
  tables: { looks, subjects },
  onEvery: (event) => {
    const shared = valuesOf(event).filter(({ value }) => value.owner === event.streamId);
    const people = new Set(shared.flatMap(({ value }) => subjectsOf(event, value)));
    return [...people].flatMap((person) => (person === event.streamId ? [] : [ensure(subjects, { person, record: event.streamId })]));
  },
  on: [
    on(PersonalDataDisclosed, (event) =>
      event.data.records.map(({ owner, categories }) =>
        insert(looks, {
          person: owner,
          event: event.id,
          at: event.metadata.recordedAt,
          position: event.position,
          recipient_kind: event.metadata.actor.kind,
          query: event.data.query,
          purpose: event.metadata.purpose ?? null,
          basis: event.metadata.basis ?? null,
          categories,
          roles: (event.metadata.decision.facts['roles'] ?? []) as readonly string[],
        }),
      ),
    ),
  ],
});

export class ReadWhoLooked extends Paged {
  @Id({ description: 'The person.' })
  personId!: string;
}

const whoLookedAnswer = shape.object('Disclosures', {
  looks: shape.list(
    shape.object('Disclosure', {
      at: shape.instant('When it was shown.'),
      by: ofEvent.by,
      roles: shape.list(shape.text('A role.'), 'The roles they had: who they are is not told.'),
      question: shape.text('What was asked.'),
      purpose: shape.optional(shape.text('What it was needed for.')),
      legalBasis: shape.optional(shape.text('The legal basis of that purpose (GDPR Art. 6(1)).')),
      categories: shape.list(shape.text('A data category.'), 'What was shown; none where only that there is something.'),
      shared: shape.flag('It was of a record about several people, of whom they are one.'),
      event: ofEvent.event,
    }),
    'Newest first.',
  ),
  next: nextPage,
});

export const readWhoLooked = question(ReadWhoLooked, whoLookedAnswer, async (db: ReadDatabase, query, actor, directory) => {
  const group = directory.groupOf(query.personId);
  const shared = from(db, subjects).select('subject.record').where('subject.person', 'in', group);
  const about = from(db, looks)
    .selectAll()
    .where((is) => is.or([is('look.person', 'in', group), is('look.person', 'in', shared)]));
  const { rows, next } = await page(about, query, ['look.position'], 'newest first');
  // One answer may have shown values of several of them, and of what they share with others.
  const positions = rows.map((row) => row.position);
  const all = positions.length === 0 ? [] : await about.where('look.position', 'in', positions).execute();
  const shownBy = (event: string) => all.filter((row) => row.event === event);
  return {
    facts: { self: group.includes(actor.id) },
    next,
    answer: {
      looks: [...new Map(rows.map((row) => [row.event, row])).values()].map((row) => ({
        at: row.at,
        by: row.recipient_kind,
        roles: json(row.roles),
        question: row.query,
        purpose: row.purpose,
        legalBasis: row.basis,
        categories: [...new Set(shownBy(row.event).flatMap(({ categories }) => json(categories)))].sort(),
        shared: shownBy(row.event).every(({ person }) => !group.includes(person)),
        event: row.event,
      })),
    },
  };
});
