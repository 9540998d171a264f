/** What did I say I want to hear, and did I object (promises R8, R24)? */
import {
  MARKETING_CHANNELS,
  MarketingObjected,
  ObjectionWithdrawn,
  PERMISSIONS,
  PreferenceChanged,
  PreferenceEnded,
  type MarketingChannel,
  type Permission,
} from '@rapport/domain';
import { Id, question, shape, Slug, type Sealed } from '@rapport/kernel';
import {
  from,
  json,
  jsonOf,
  on,
  patch,
  projection,
  remove,
  table,
  upsert,
  wordOf,
  wordOrNullOf,
  type ReadDatabase,
} from '@rapport/read-model';

export const said = table(
  'said',
  {
    person: 'text',
    id: 'text',
    topic: jsonOf<Sealed<string>>(),
    channel: wordOf<MarketingChannel>(),
    wanted: 'boolean',
    permission: wordOrNullOf<Permission>(),
    at: 'text',
  },
  { key: ['person', 'id'] },
);

export const objections = table('objection', { person: 'text', at: 'text', by: 'text' }, { key: ['person'] });

export const myPreferences = projection({
  name: 'preferences',
  version: 1,
  tables: { said, objections },
  on: [
    on(PreferenceChanged, ({ streamId, data, metadata }) =>
      upsert(said, {
        person: streamId,
        id: data.preferenceId,
        topic: data.topic,
        channel: data.channel,
        wanted: data.wanted,
        permission: data.permission ?? null,
        at: metadata.occurredAt,
      }),
    ),
    on(PreferenceEnded, ({ streamId, data, metadata }) =>
      patch(said, { person: streamId, id: data.preferenceId }, { wanted: false, permission: null, at: metadata.occurredAt }),
    ),
    on(MarketingObjected, ({ streamId, data, metadata }) => upsert(objections, { person: streamId, at: metadata.occurredAt, by: data.by })),
    on(ObjectionWithdrawn, ({ streamId }) => remove(objections, { person: streamId })),
  ],
});

export class ReadPreferences {
  @Id({ description: 'The person.' })
  personId!: string;

  @Slug({ description: 'What it is needed for; not needed for one’s own.', optional: true })
  purpose?: string;
}

const preferencesAnswer = shape.object('Preferences', {
  objection: shape.optional(
    shape.object(
      'MarketingObjection',
      { at: shape.instant('When.'), by: shape.text('The way it reached us.') },
      'There is an objection to direct marketing: none is sent.',
    ),
  ),
  preferences: shape.list(
    shape.object('Preference', {
      id: shape.id('The preference.'),
      topic: shape.personal(shape.text('The topic.')),
      toldBy: shape.oneOf(MARKETING_CHANNELS, 'By which channel.'),
      wanted: shape.flag('Whether it is wanted.'),
      permission: shape.optional(shape.oneOf(PERMISSIONS, 'On what it rests.')),
      at: shape.instant('When it was said.'),
    }),
    'What was last said of each topic and channel.',
  ),
});

export const readPreferences = question(ReadPreferences, preferencesAnswer, async (db: ReadDatabase, { personId }, actor, directory) => {
  const group = directory.groupOf(personId);
  const objection = await from(db, objections).selectAll().where('person', 'in', group).orderBy('at').executeTakeFirst();
  const rows = await from(db, said).selectAll().where('person', 'in', group).orderBy('at').orderBy('id').execute();
  return {
    of: `preferences-${group[0]}`,
    about: group,
    facts: { self: directory.groupOf(actor.id).includes(personId) },
    answer: {
      objection: objection && { at: objection.at, by: objection.by },
      preferences: rows.map((row) => ({
        id: row.id,
        topic: json(row.topic),
        toldBy: row.channel,
        wanted: row.wanted === 1,
        permission: row.permission,
        at: row.at,
      })),
    },
  };
});
