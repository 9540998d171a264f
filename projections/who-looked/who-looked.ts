/** Who looked at my data, when, for which purpose (promises R3 and R15). The role, not the colleague's name (C-579/21). */
import { PersonalDataDisclosed } from '@rapport/domain';
import { Id, nextPage, Paged, question, shape, type ActorKind } from '@rapport/kernel';
import { from, insert, json, jsonOf, on, page, projection, table, wordOf, type ReadDatabase } from '@rapport/read-model';
import { ofEvent } from '../subjects';

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

export const whoLooked = projection({
  name: 'who_looked',
  version: 2,
  tables: { looks },
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
      categories: shape.list(shape.text('A data category.'), 'What was shown.'),
      event: ofEvent.event,
    }),
    'Newest first.',
  ),
  next: nextPage,
});

export const readWhoLooked = question(ReadWhoLooked, whoLookedAnswer, async (db: ReadDatabase, query, actor, directory) => {
  const group = directory.groupOf(query.personId);
  const about = from(db, looks).selectAll().where('person', 'in', group);
  const { rows, next } = await page(about, query, ['look.position'], 'newest first');
  // One answer may have shown values of several of them.
  const positions = rows.map((row) => row.position);
  const all = group.length === 1 ? rows : await about.where('position', 'in', positions).execute();
  const shown = new Map<string, readonly string[]>();
  for (const { event, categories } of all) shown.set(event, [...(shown.get(event) ?? []), ...json(categories)]);
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
        categories: [...new Set(shown.get(row.event))].sort(),
        event: row.event,
      })),
    },
  };
});
