/**
 * What somebody wants to hear from us, about which topics and by which channel, and the objection that outweighs it
 * all (GDPR Art. 21(2), ePrivacy Directive Art. 13). One stream a person, with the person's own id.
 */
import {
  aggregate,
  command,
  declareEvent,
  Flag,
  Id,
  isErased,
  never,
  OneOf,
  plain,
  type Recorded,
  refusal,
  sealed,
  type Sealed,
  Slug,
  whose,
  type Context,
  type Decision,
} from '@rapport/kernel';
import { CHANNELS, Command, PersonalDataCommand, type Channel } from '../commands';

// ── Events ──

export const MARKETING_CHANNELS = ['e-mail', 'message', 'telephone', 'post'] as const;
export type MarketingChannel = (typeof MARKETING_CHANNELS)[number];

/** On what it rests that somebody is told: they agreed, or they are a customer who was told of similar services and can say no. */
export const PERMISSIONS = ['consent', 'soft-opt-in'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Electronic marketing needs one of them recorded (ePrivacy Directive Art. 13(1), (2)). */
export const ELECTRONIC: readonly MarketingChannel[] = ['e-mail', 'message', 'telephone'];

export const PreferenceChanged = declareEvent('PreferenceChanged', {
  title: 'Somebody said what they want to hear from us, or no longer want to',
  fields: {
    preferenceId: plain<string>('made here, random'),
    channel: plain<MarketingChannel>('one of four words'),
    wanted: plain<boolean>('yes or no'),
    permission: plain<Permission | undefined>('one of two words'),
    topic: sealed<string>('preferences', whose.record),
  },
});

/** Holds no value, so that it needs no purpose: saying no is never refused. */
export const PreferenceEnded = declareEvent('PreferenceEnded', {
  title: 'Somebody followed the link in a message: they no longer want to hear of this',
  fields: { preferenceId: plain<string>('made here, random') },
});

export const MarketingObjected = declareEvent('MarketingObjected', {
  title: 'Somebody objected to direct marketing; none reaches them from here on',
  fields: { by: plain<Channel | 'unsubscribe'>('the way the objection reached us, one of a few words') },
});

export const ObjectionWithdrawn = declareEvent('ObjectionWithdrawn', {
  title: 'Somebody took back their objection to direct marketing',
  fields: {},
});

type PreferenceEvent =
  | Recorded<typeof PreferenceChanged>
  | Recorded<typeof PreferenceEnded>
  | Recorded<typeof MarketingObjected>
  | Recorded<typeof ObjectionWithdrawn>;

// ── State ──

export interface Preference {
  readonly channel: MarketingChannel;
  readonly wanted: boolean;
  readonly permission?: Permission;
  readonly topic: Sealed<string>;
}
export interface Preferences {
  readonly objected: boolean;
  /** Preference id → what was last said of that topic and channel. */
  readonly said: { readonly [preferenceId: string]: Preference };
}

function evolve(state: Preferences, event: PreferenceEvent): Preferences {
  switch (event.type) {
    case 'PreferenceChanged': {
      const { preferenceId, channel, wanted, permission, topic } = event.data;
      return { ...state, said: { ...state.said, [preferenceId]: { channel, wanted, permission, topic } } };
    }
    case 'PreferenceEnded': {
      const { preferenceId } = event.data;
      const known = state.said[preferenceId];
      const ended = known && { ...known, wanted: false, permission: undefined };
      return ended === undefined ? state : { ...state, said: { ...state.said, [preferenceId]: ended } };
    }
    case 'MarketingObjected':
      return { ...state, objected: true };
    case 'ObjectionWithdrawn':
      return { ...state, objected: false };
    default:
      return never(event);
  }
}

// ── Commands ──

export class SetPreference extends PersonalDataCommand {
  @Id({ owner: true, description: 'The person.' })
  personId!: string;

  @Slug({ description: 'The topic, as our list of topics names it.' })
  topic!: string;

  @OneOf(MARKETING_CHANNELS, { description: 'By which channel.' })
  toldBy!: MarketingChannel;

  @Flag({ description: 'Whether they want to hear of it that way.' })
  wanted!: boolean;

  @OneOf(PERMISSIONS, {
    description: 'On what it rests, where it is wanted by an electronic channel. What a person sets themselves is their consent.',
    optional: true,
  })
  permission?: Permission;
}

/**
 * Art. 21(2), (3): works at once, needs no reason, no proof of identity, no approval, and is never refused. The
 * command stores no personal value, so it needs no purpose either.
 */
export class ObjectToMarketing extends Command {
  @Id({ owner: true, description: 'The person.' })
  personId!: string;

  @OneOf(CHANNELS, { description: 'The way the objection reached us. Through the portal where it is left out.', optional: true })
  by?: Channel;
}

export class WithdrawObjection extends Command {
  @Id({ owner: true, description: 'The person.' })
  personId!: string;
}

/** What a click on the link in a message does (RFC 8058): sent by the link, not over the API. */
export class Unsubscribe extends Command {
  @Id({ description: 'The person.' })
  personId!: string;

  @Id({ description: 'What the message was sent for; everything where it is left out.', optional: true })
  preferenceId?: string;
}

// ── Decide ──

const permissionMissing = refusal.invalid(
  'permission-missing',
  'Electronic marketing needs consent, or the soft opt-in of a customer. Say which of the two was given.',
);
const objectedToMarketing = refusal.conflict(
  'objected-to-marketing',
  'This person objected to direct marketing. Only they can take that back; then ask again what they want to hear.',
);

function setPreference(c: SetPreference, state: Preferences, { actor, open, newId, directory }: Context): Decision {
  if (c.wanted && state.objected) return objectedToMarketing({ field: 'wanted' });
  const own = directory.groupOf(actor.id).includes(c.personId);
  const permission = !c.wanted ? undefined : own ? 'consent' : c.permission;
  if (c.wanted && permission === undefined && ELECTRONIC.includes(c.toldBy)) return permissionMissing({ field: 'permission' });
  const known = Object.entries(state.said).find(([, said]) => {
    const topic = open(said.topic);
    return said.channel === c.toldBy && !isErased(topic) && topic === c.topic;
  });
  if (known !== undefined && known[1].wanted === c.wanted && known[1].permission === permission) return [];
  return [
    PreferenceChanged({
      preferenceId: known?.[0] ?? newId('preference'),
      channel: c.toldBy,
      wanted: c.wanted,
      permission,
      topic: c.topic,
    }),
  ];
}

function unsubscribe(c: Unsubscribe, state: Preferences): Decision {
  const said = c.preferenceId === undefined ? undefined : state.said[c.preferenceId];
  // A link to something that is not known must stop all the same: then everything stops.
  if (said === undefined) return state.objected ? [] : [MarketingObjected({ by: 'unsubscribe' })];
  return said.wanted ? [PreferenceEnded({ preferenceId: c.preferenceId! })] : [];
}

export const preferences = aggregate<Preferences, PreferenceEvent>({
  name: 'preferences',
  events: [PreferenceChanged, PreferenceEnded, MarketingObjected, ObjectionWithdrawn],
  initial: { objected: false, said: {} },
  evolve,
  facts: (_, actor, id, directory) => ({ self: directory.groupOf(actor.id).includes(id) }),
  commands: [
    command(SetPreference, { id: (c) => c.personId, decide: setPreference }),
    command(ObjectToMarketing, {
      id: (c) => c.personId,
      decide: (c, state: Preferences) => (state.objected ? [] : [MarketingObjected({ by: c.by ?? 'portal' })]),
    }),
    command(WithdrawObjection, {
      id: (c) => c.personId,
      decide: (_, state: Preferences) => (state.objected ? [ObjectionWithdrawn({})] : []),
    }),
    command(Unsubscribe, { id: (c) => c.personId, decide: unsubscribe }),
  ],
});
