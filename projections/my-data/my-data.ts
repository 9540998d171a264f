/** What do you have on me? Every value, with the event that brought it, its source, purpose and legal basis (promise R2). */
import { DetailsCorrected, details, NoteCorrected } from '@rapport/domain';
import { Id, nextPage, Paged, question, shape, Slug, type ActorKind, type RecordedEvent, type Sealed } from '@rapport/kernel';
import {
  from,
  insert,
  json,
  jsonOf,
  named,
  page,
  projection,
  table,
  upsert,
  wordOf,
  type ReadDatabase,
  type RowOperation,
} from '@rapport/read-model';
import { ofEvent, subjectsOf, titleOf, valuesOf } from '../subjects';

export const values = table(
  'value',
  {
    person: 'text',
    position: 'text',
    field: 'text',
    event: 'text',
    category: 'text',
    value: jsonOf<Sealed>(),
    stream: 'text',
    type: 'text',
    occurred_at: 'text',
    recorded_at: 'text',
    source: 'text?',
    channel: 'text?',
    purpose: 'text?',
    basis: 'text?',
    actor_kind: wordOf<ActorKind>(),
  },
  { key: ['person', 'position', 'field'] },
);

/**
 * From where on a field of a record, or of one event, is no longer what it was before. Apart from the values, so that a
 * value is written once and found by its person alone: an index to find it again by what supersedes it would cost
 * each value a page, and few are ever superseded.
 */
export const supersessions = table('supersession', { of: 'text', field: 'text', position: 'text' }, { key: ['of', 'field'] });

/** A detail that is given anew, or taken away, is no longer current; what it was stays visible until it is destroyed. */
function superseded(event: RecordedEvent): RowOperation[] {
  const { position } = event;
  if (event.type === DetailsCorrected.type) {
    const data = event.data as { readonly removed: readonly string[] };
    return details
      .filter((detail) => detail in data || data.removed.includes(detail))
      .map((field) => upsert(supersessions, { of: event.stream, field, position }));
  }
  if (event.type === NoteCorrected.type) {
    return [upsert(supersessions, { of: (event.data as { supersedes: string }).supersedes, field: 'text', position })];
  }
  return [];
}

export const myData = projection({
  name: 'my_data',
  version: 2,
  tables: { values, supersessions },
  onEvery: (event) => [
    ...superseded(event),
    ...valuesOf(event).flatMap(({ field, value }) =>
      subjectsOf(event, value).map((person) =>
        insert(values, {
          person,
          event: event.id,
          field,
          category: value.category,
          value,
          stream: event.stream,
          type: event.type,
          occurred_at: event.metadata.occurredAt,
          recorded_at: event.metadata.recordedAt,
          position: event.position,
          source: event.metadata.source ?? null,
          channel: event.metadata.channel ?? null,
          purpose: event.metadata.purpose ?? null,
          basis: event.metadata.basis ?? null,
          actor_kind: event.metadata.actor.kind,
        }),
      ),
    ),
  ],
});

export class ReadMyData extends Paged {
  @Id({ description: 'The person.' })
  personId!: string;

  @Slug({ description: 'What it is needed for; not needed for one’s own data.', optional: true })
  purpose?: string;
}

const { by, event, type, what } = ofEvent;

const myDataAnswer = shape.object('MyData', {
  values: shape.list(
    shape.object('MyDataValue', {
      field: shape.text('Which field of the event it is.'),
      category: shape.text('Its data category.'),
      value: shape.personal(shape.anything('The value itself.')),
      event: shape.object('Origin', { id: event, type, title: what, record: shape.text('The stream of the record it is in.') }),
      occurredAt: shape.instant('When it came up.'),
      recordedAt: shape.instant('When it was recorded.'),
      source: shape.optional(shape.text('Where it came from (GDPR Art. 14(2)(f)).')),
      channel: shape.optional(shape.text('The way it reached us.')),
      purpose: shape.optional(shape.text('What it is kept for, as the register of purposes names it.')),
      legalBasis: shape.optional(shape.text('The legal basis of that purpose (GDPR Art. 6(1)).')),
      by,
      current: shape.flag('False where another value has taken its place since.'),
    }),
    'In the order they were recorded.',
  ),
  next: nextPage,
});

export const readMyData = question(ReadMyData, myDataAnswer, async (db: ReadDatabase, query, actor, directory) => {
  const group = directory.groupOf(query.personId);
  const isSelf = group.includes(actor.id);
  const about = from(db, values)
    .leftJoin(named(supersessions), (join) =>
      join
        .onRef('supersession.field', '=', 'value.field')
        .onRef('supersession.position', '>', 'value.position')
        .on((is) => is.or([is('supersession.of', '=', is.ref('value.stream')), is('supersession.of', '=', is.ref('value.event'))])),
    )
    .selectAll('value')
    .select('supersession.position as superseded')
    .where('value.person', 'in', group);
  const { rows, next } = await page(about, query, ['value.position', 'value.field'], 'oldest first');
  if (rows.length === 0 && !isSelf) return undefined;
  return {
    facts: { self: isSelf },
    next,
    answer: {
      values: rows.map((row) => ({
        field: row.field,
        category: row.category,
        value: json(row.value),
        event: { id: row.event, type: row.type, title: titleOf(row.type), record: row.stream },
        occurredAt: row.occurred_at,
        recordedAt: row.recorded_at,
        source: row.source,
        channel: row.channel,
        purpose: row.purpose,
        legalBasis: row.basis,
        by: row.actor_kind,
        current: row.superseded === null,
      })),
    },
  };
});
