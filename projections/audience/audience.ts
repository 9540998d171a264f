/**
 * Who may be told of a topic by a channel, and why is each other left out (promises R9, R24)? Topics are sealed, so
 * who is told is chosen after opening; who may not see people is told how many.
 */
import {
  ContactAdded,
  DetailsCorrected,
  ELECTRONIC,
  MARKETING_CHANNELS,
  MarketingObjected,
  ObjectionWithdrawn,
  PersonLeft,
  PreferenceChanged,
  PreferenceEnded,
  RoleGranted,
  type MarketingChannel,
  type Permission,
} from '@rapport/domain';
import { isErased, nextPage, OneOf, Paged, selection, shape, Slug, statistic, type Directory, type Sealed } from '@rapport/kernel';
import {
  from,
  json,
  jsonOf,
  jsonOrNullOf,
  on,
  patch,
  projection,
  remove,
  table,
  upsert,
  ensure,
  wordOf,
  wordOrNullOf,
  type ReadDatabase,
} from '@rapport/read-model';

export const people = table(
  'person',
  {
    id: 'text',
    left: 'boolean',
    colleague: 'boolean',
    objected: 'boolean',
    name: jsonOrNullOf<Sealed<string>>(),
    email: jsonOrNullOf<Sealed<string>>(),
    telephone: jsonOrNullOf<Sealed<string>>(),
    address: jsonOrNullOf<Sealed<string>>(),
  },
  { key: ['id'] },
);

export const wishes = table(
  'wish',
  {
    person: 'text',
    id: 'text',
    channel: wordOf<MarketingChannel>(),
    wanted: 'boolean',
    permission: wordOrNullOf<Permission>(),
    topic: jsonOf<Sealed<string>>(),
  },
  { key: ['person', 'id'] },
);

const unknown = (id: string) => ensure(people, { id, left: false, colleague: false, objected: false });

export const audience = projection({
  name: 'audience',
  version: 1,
  tables: { people, wishes },
  on: [
    on(ContactAdded, ({ streamId: id, data: { name, email, telephone, address, relationship } }) => [
      unknown(id),
      patch(people, { id }, { name, email, telephone, address, colleague: relationship === 'colleague' }),
    ]),
    on(DetailsCorrected, ({ streamId: id, data: { removed, ...changed } }) =>
      patch(
        people,
        { id },
        {
          ...('name' in changed && { name: changed.name }),
          ...('email' in changed && { email: changed.email }),
          ...('telephone' in changed && { telephone: changed.telephone }),
          ...('address' in changed && { address: changed.address }),
          ...(removed.includes('email') && { email: null }),
          ...(removed.includes('telephone') && { telephone: null }),
          ...(removed.includes('address') && { address: null }),
        },
      ),
    ),
    // What somebody wanted to hear is of no use once they have left.
    on(PersonLeft, ({ streamId: id }) => [patch(people, { id }, { left: true }), remove(wishes, { person: id })]),
    on(RoleGranted, ({ streamId: id }) => [unknown(id), patch(people, { id }, { colleague: true })]),
    on(PreferenceEnded, ({ streamId, data }) =>
      patch(wishes, { person: streamId, id: data.preferenceId }, { wanted: false, permission: null }),
    ),
    on(MarketingObjected, ({ streamId: id }) => [unknown(id), patch(people, { id }, { objected: true })]),
    on(ObjectionWithdrawn, ({ streamId: id }) => patch(people, { id }, { objected: false })),
    on(PreferenceChanged, ({ streamId, data }) =>
      upsert(wishes, {
        person: streamId,
        id: data.preferenceId,
        channel: data.channel,
        wanted: data.wanted,
        permission: data.permission ?? null,
        topic: data.topic,
      }),
    ),
  ],
});

export class ReadAudience extends Paged {
  @Slug({ description: 'The topic, as our list of topics names it.' })
  topic!: string;

  @OneOf(MARKETING_CHANNELS, { description: 'By which channel they are told.' })
  channel!: MarketingChannel;

  @Slug({ description: 'The purpose it is for.' })
  purpose!: string;
}

/** Why somebody is not told, the first that holds. */
const REASONS = ['objected', 'left', 'colleague', 'not-wanted', 'nothing-said', 'no-permission', 'no-address'] as const;
type Reason = (typeof REASONS)[number];

/** A group of people who are one: what the strictest of them said holds for all. */
interface Candidate {
  readonly id: string;
  readonly left: boolean;
  readonly colleague: boolean;
  readonly objected: boolean;
  readonly name: Sealed<string> | null;
  readonly address: Sealed<string> | null;
  readonly wishes: readonly Wish[];
}
interface Wish {
  readonly id: string;
  readonly person: string;
  readonly wanted: boolean;
  readonly permission: Permission | null;
  readonly topic: Sealed<string>;
}

/** A channel's address among the details. */
const ADDRESS = { 'e-mail': 'email', message: 'telephone', telephone: 'telephone', post: 'address' } as const;

/** People in the order of their ids; who was merged into another is looked at there. @param page undefined for everybody */
async function candidates(
  db: ReadDatabase,
  channel: MarketingChannel,
  directory: Directory,
  page?: { after: string | undefined; limit: number },
): Promise<{ found: readonly Candidate[]; last: string | undefined }> {
  let query = from(db, people).selectAll().orderBy('id');
  if (page?.after !== undefined) query = query.where('id', '>', page.after);
  if (page !== undefined) query = query.limit(page.limit);
  const rows = await query.execute();
  const survivors = rows.filter(({ id }) => directory.survivorOf(id) === id);
  const members = survivors.flatMap(({ id }) => directory.groupOf(id));
  let objecting = from(db, people).select('id').where('objected', '=', 1);
  let wished = from(db, wishes).selectAll().where('channel', '=', channel);
  if (page !== undefined) {
    objecting = objecting.where('id', 'in', members);
    wished = wished.where('person', 'in', members);
  }
  const objected = new Set((await objecting.execute()).map(({ id }) => id));
  const wishesOf = new Map<string, Wish[]>();
  for (const { person, id, wanted, permission, topic } of await wished.execute()) {
    const known = wishesOf.get(person) ?? [];
    known.push({ id, person, wanted: wanted === 1, permission, topic: json(topic) });
    wishesOf.set(person, known);
  }
  return {
    found: survivors.map((row) => ({
      id: row.id,
      left: row.left === 1,
      colleague: row.colleague === 1,
      objected: directory.groupOf(row.id).some((id) => objected.has(id)),
      name: json(row.name),
      address: json(row[ADDRESS[channel]]),
      wishes: directory.groupOf(row.id).flatMap((id) => wishesOf.get(id) ?? []),
    })),
    last: page !== undefined && rows.length === page.limit ? rows[rows.length - 1]?.id : undefined,
  };
}

interface Judged {
  readonly left: boolean;
  readonly colleague: boolean;
  readonly objected: boolean;
  readonly wishes: readonly { readonly wanted: boolean; readonly permission: Permission | null }[];
}

/**
 * @param topics those of the wishes, opened, in their order
 * @returns why somebody is not told, or the index of the wish by which they are
 */
function judge(
  { objected, left, colleague, wishes: said }: Judged,
  topics: readonly unknown[],
  isReachable: boolean,
  { topic, channel }: { topic: string; channel: MarketingChannel },
): Reason | number {
  if (objected) return 'objected';
  if (left) return 'left';
  if (colleague) return 'colleague';
  const about = said.filter((_, index) => topics[index] === topic);
  if (about.length === 0) return 'nothing-said';
  if (about.some(({ wanted }) => !wanted)) return 'not-wanted';
  if (about.some(({ permission }) => permission === null) && ELECTRONIC.includes(channel)) return 'no-permission';
  return isReachable ? topics.indexOf(topic) : 'no-address';
}

const audienceAnswer = shape.object('Audience', {
  told: shape.list(
    shape.object('AudienceMember', {
      person: shape.id('Who may be told.'),
      name: shape.optional(shape.personal(shape.text('Their name.'))),
      address: shape.personal(shape.text('Where they are reached by that channel.')),
      unsubscribe: shape.text('The path of their link for List-Unsubscribe (RFC 8058); put our address before it.'),
    }),
    'Those who may be told.',
  ),
  excluded: shape.list(
    shape.object('Excluded', { person: shape.id('Who is not told.'), reason: shape.oneOf(REASONS, 'Why.') }),
    'Everybody else.',
  ),
  next: nextPage,
});

/** People on one page where nothing else is asked for. */
const PAGE = 100;

export const readAudience = selection(ReadAudience, audienceAnswer, {
  find: async (db: ReadDatabase, { channel, after, limit = PAGE }: ReadAudience, _, directory) => {
    const { found, last } = await candidates(db, channel, directory, { after: after?.[0], limit });
    return { facts: {}, about: found.map(({ id }) => id), answer: found, ...(last !== undefined && { next: [last] }) };
  },
  choose: (found, query, { open, link }) => {
    const judged = found.map((person) => {
      const topics = person.wishes.map((wish) => open(wish.topic));
      const isReachable = person.address !== null && !isErased(open(person.address));
      return { person, verdict: judge(person, topics, isReachable, query) };
    });
    return {
      told: judged.flatMap(({ person: { id, name, address, wishes: said }, verdict }) => {
        if (typeof verdict !== 'number') return [];
        const wish = said[verdict]!;
        return [{ person: id, name, address: address!, unsubscribe: `/unsubscribe/${link('unsubscribe', [wish.person, wish.id])}` }];
      }),
      excluded: judged.flatMap(({ person, verdict }) => (typeof verdict === 'number' ? [] : [{ person: person.id, reason: verdict }])),
    };
  },
});

export class CountAudience {
  @Slug({ description: 'The topic, as our list of topics names it.' })
  topic!: string;

  @OneOf(MARKETING_CHANNELS, { description: 'By which channel they are told.' })
  channel!: MarketingChannel;
}

const countAnswer = shape.object('AudienceCount', {
  told: shape.whole('How many may be told.'),
  excluded: shape.list(
    shape.object('ExcludedCount', { reason: shape.oneOf(REASONS, 'Why they are not told.'), people: shape.whole('How many.') }),
    'How many are not, by reason.',
  ),
});

interface Opened {
  readonly topic: string;
  readonly channel: MarketingChannel;
  readonly found: readonly {
    readonly left: boolean;
    readonly colleague: boolean;
    readonly objected: boolean;
    readonly reachable: unknown;
    readonly wishes: readonly { wanted: boolean; permission: Permission | null; topic: unknown }[];
  }[];
}

export const countAudience = statistic(CountAudience, countAnswer, {
  find: async (db: ReadDatabase, { topic, channel }: CountAudience, directory) => {
    const { found } = await candidates(db, channel, directory);
    return {
      facts: {},
      values: { topic, channel, found: found.map(({ address, name: _, id: __, ...person }) => ({ ...person, reachable: address })) },
    };
  },
  count: (opened) => {
    const { found, ...query } = opened as Opened;
    const verdicts = found.map((person) =>
      judge(
        { ...person, wishes: person.wishes.map((wish) => ({ ...wish, permission: wish.permission ?? null })) },
        person.wishes.map((wish) => wish.topic),
        typeof person.reachable === 'string',
        query,
      ),
    );
    return {
      told: verdicts.filter((verdict) => typeof verdict === 'number').length,
      excluded: REASONS.map((reason) => ({ reason, people: verdicts.filter((verdict) => verdict === reason).length })).filter(
        ({ people: many }) => many > 0,
      ),
    };
  },
});
