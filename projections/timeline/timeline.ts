/** What happened with this person? Everything that names them, newest first, for those who work with them (promise R8). */
import { SignInBound, SignInRevoked } from '@rapport/domain';
import { Id, nextPage, Paged, question, shape, Slug, type ActorKind } from '@rapport/kernel';
import { from, insert, json, jsonOf, page, projection, table, wordOf, type ReadDatabase } from '@rapport/read-model';
import { ofEvent, peopleOf, titleOf } from '../subjects';

export const entries = table(
  'entry',
  {
    person: 'text',
    event: 'text',
    position: 'text',
    at: 'text',
    type: 'text',
    stream: 'text',
    actor_kind: wordOf<ActorKind>(),
    data: jsonOf<unknown>(),
  },
  { key: ['person', 'position'] },
);

/** By which account somebody signs in is no concern of those who work with them. */
const NOT_THEIRS: readonly string[] = [SignInBound.type, SignInRevoked.type];

export const timeline = projection({
  name: 'timeline',
  version: 3,
  tables: { entries },
  onEvery: (event) =>
    [...new Set(NOT_THEIRS.includes(event.type) ? [] : peopleOf(event))].map((person) =>
      insert(entries, {
        person,
        event: event.id,
        position: event.position,
        at: event.metadata.occurredAt,
        type: event.type,
        stream: event.stream,
        actor_kind: event.metadata.actor.kind,
        data: event.data,
      }),
    ),
});

export class ReadTimeline extends Paged {
  @Id({ description: 'The person.' })
  personId!: string;

  @Slug({ description: 'What it is needed for, as the register of purposes names it.' })
  purpose!: string;
}

const timelineAnswer = shape.object('Timeline', {
  entries: shape.list(
    shape.object('TimelineEntry', {
      ...ofEvent,
      at: shape.instant('When it happened.'),
      record: shape.text('The stream of the record it is in.'),
      details: shape.open('The fields of the event, personal values readable.'),
    }),
    'Newest first.',
  ),
  next: nextPage,
});

export const readTimeline = question(ReadTimeline, timelineAnswer, async (db: ReadDatabase, query, actor, directory) => {
  const { personId } = query;
  const group = directory.groupOf(personId);
  const about = from(db, entries).selectAll().where('person', 'in', group);
  const { rows, next } = await page(about, query, ['entry.position'], 'newest first');
  if (rows.length === 0) return undefined;
  const kind = directory.organization(personId) === undefined ? 'person' : 'organization';
  return {
    of: `${kind}-${group[0]}`,
    about: group,
    facts: { self: group.includes(actor.id) },
    next,
    answer: {
      // An event may be about several of them, and happened once all the same.
      entries: [...new Map(rows.map((row) => [row.event, row])).values()].map((row) => ({
        at: row.at,
        what: titleOf(row.type),
        type: row.type,
        record: row.stream,
        by: row.actor_kind,
        details: json(row.data),
        event: row.event,
      })),
    },
  };
});
