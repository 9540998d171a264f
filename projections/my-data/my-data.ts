/** What do you have on me? Every value, with the event that brought it, its source, purpose and legal basis (promise R2). */
import { CallHistoryImported, ContactPointRemoved, DetailsCorrected, details, NoteCorrected, SignInRevoked } from '@rapport/domain';
import { Id, nextPage, Paged, question, shape, Slug, withheld, type ActorKind, type RecordedEvent, type Sealed } from '@rapport/kernel';
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
    /** The note, sign-in or contact point it is of: later events speak of that. */
    item: 'text?',
    internal: 'boolean',
  },
  { key: ['person', 'position', 'field'] },
);

/**
 * From where on a field of a record, of an item in it, or of one event is no longer what it was before. Apart from the values, so that a
 * value is written once and found by its person alone: an index to find it again by what supersedes it would cost
 * each value a page, and few are ever superseded.
 */
export const supersessions = table('supersession', { of: 'text', field: 'text', position: 'text' }, { key: ['of', 'field'] });

/** A detail that is given anew, or taken away, is no longer current; what it was stays visible until it is destroyed. */
function superseded(event: RecordedEvent): RowOperation[] {
  const { position } = event;
  const from = (of: string, ...fields: readonly string[]) => fields.map((field) => upsert(supersessions, { of, field, position }));
  switch (event.type) {
    case DetailsCorrected.type: {
      const data = event.data as { readonly removed: readonly string[] };
      return from(event.stream, ...details.filter((detail) => detail in data || data.removed.includes(detail)));
    }
    case NoteCorrected.type:
      return from(itemOf(event)!, 'text');
    case SignInRevoked.type:
      return from(itemOf(event)!, 'account');
    case ContactPointRemoved.type:
      return from(itemOf(event)!, 'value', 'label');
    case CallHistoryImported.type:
      // A row that came late tells how it was, not how it is.
      if (!('terms' in (event.data as object))) return [];
      return from((event.data as { latest: boolean }).latest ? event.stream : event.id, 'terms');
    default:
      return [];
  }
}

/** What of a record an event is about, where it is about one of several. */
function itemOf(event: RecordedEvent): string | undefined {
  const { noteId, signInId, contactPointId } = event.data as { readonly [id: string]: string | undefined };
  const item = noteId ?? signInId ?? contactPointId;
  return item && `${event.stream}/${item}`;
}

export const myData = projection({
  name: 'my_data',
  version: 3,
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
          item: itemOf(event) ?? null,
          internal: (event.data as { direction?: unknown }).direction === 'internal',
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
        .on((is) =>
          is.or([
            is('supersession.of', '=', is.ref('value.event')),
            is.and([
              is('supersession.position', '>', is.ref('value.position')),
              is.or([is('supersession.of', '=', is.ref('value.stream')), is('supersession.of', '=', is.ref('value.item'))]),
            ]),
          ]),
        ),
    )
    .selectAll('value')
    .select('supersession.position as superseded')
    .where('value.person', 'in', group);
  const { rows, next } = await page(about, query, ['value.position', 'value.field'], 'oldest first');
  if (rows.length === 0 && !isSelf) return undefined;
  // What colleagues noted internally is answered on request (GDPR Art. 15), not on the spot. And whoever works here sees
  // what is about others too only as they see others' data: by purpose, and recorded.
  const isTheirsAlone = ({ owner }: Sealed, internal: boolean) => !internal && (group.includes(owner) || actor.kind === 'person');
  return {
    facts: { self: isSelf },
    next,
    of: `person-${group[0]}`,
    answer: {
      values: rows.map((row) => ({
        field: row.field,
        category: row.category,
        value: isTheirsAlone(json(row.value), row.internal === 1) ? json(row.value) : withheld(row.category),
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
