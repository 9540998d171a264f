/** The engagement of an outside expert who examines us (promise R5): who, of which scope, from when until when. */
import {
  aggregate,
  command,
  Day,
  declareEvent,
  Id,
  never,
  OneOf,
  plain,
  type Recorded,
  refusal,
  type Context,
  type Decision,
} from '@rapport/kernel';
import { Command } from '../commands';

/** What can be examined. Words of a list: anybody may read them, so nobody's name can stand among them. */
export const EXAMINED = ['access', 'disclosures', 'purposes', 'retention', 'requests', 'processors', 'consent', 'security'] as const;
export type Examined = (typeof EXAMINED)[number];

const notShown = 'the audit trail has it; whether an engagement holds is known to the view of authorities';

export const EngagementOpened = declareEvent('EngagementOpened', {
  title: 'An outside expert was engaged to examine us',
  notShown,
  fields: {
    auditor: plain<string>('id of a person, made here, random'),
    from: plain<string>('a day'),
    until: plain<string>('a day'),
    scope: plain<readonly Examined[]>('words of a list'),
  },
});

export const EngagementEnded = declareEvent('EngagementEnded', {
  title: 'The engagement of an outside expert ended',
  notShown,
  fields: { auditor: plain<string>('id of a person, made here, random') },
});

export type EngagementEvent = Recorded<typeof EngagementOpened> | Recorded<typeof EngagementEnded>;

export type Engagement =
  | { readonly status: 'none' }
  | { readonly status: 'open' | 'ended'; readonly auditor: string; readonly from: string; readonly until: string };

export function evolveEngagement(state: Engagement, event: EngagementEvent): Engagement {
  if (event.type === 'EngagementOpened') {
    const { auditor, from, until } = event.data;
    return { status: 'open', auditor, from, until };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'EngagementEnded':
      return { ...state, status: 'ended' };
    default:
      return never(event);
  }
}

/** Whether an engagement holds at an instant (ISO 8601, UTC), its first and last day included. */
export const isEngaged = (engagement: Engagement, at: string): boolean =>
  engagement.status === 'open' && engagement.from <= at.slice(0, 10) && at.slice(0, 10) <= engagement.until;

export class OpenEngagement extends Command {
  @Id({ owner: true, description: 'The auditor, as a person of the record.' })
  auditor!: string;

  @Day({ description: 'Its first day.' })
  from!: string;

  @Day({ description: 'Its last day.' })
  until!: string;

  @OneOf(EXAMINED, { list: true, description: 'What is examined.' })
  scope!: Examined[];
}

export class EndEngagement extends Command {
  @Id({ description: 'The engagement.' })
  engagementId!: string;
}

const engagementNotFound = refusal.notFound('engagement-not-found', 'There is no such engagement.');
const engagementBackwards = refusal.invalid('engagement-backwards', 'The last day is before the first.');

const auditorWorksHere = refusal.conflict('auditor-works-here', 'Whoever has a role here cannot examine us: an auditor is impartial.');

function openEngagement(c: OpenEngagement, _: Engagement, { directory }: Context): Decision {
  if (c.until < c.from) return engagementBackwards({ field: 'until' });
  if (directory.isStaff(c.auditor)) return auditorWorksHere({ field: 'auditor' });
  return [EngagementOpened({ auditor: c.auditor, from: c.from, until: c.until, scope: c.scope })];
}

export const engagement = aggregate<Engagement, EngagementEvent>({
  name: 'engagement',
  events: [EngagementOpened, EngagementEnded],
  initial: { status: 'none' },
  evolve: evolveEngagement,
  commands: [
    command(OpenEngagement, {
      facts: (c, _, actor) => ({ self: c.auditor === actor.id }),
      decide: openEngagement,
    }),
    command(EndEngagement, {
      target: 'engagementId',
      decide: (_, state: Engagement): Decision => {
        if (state.status === 'none') return engagementNotFound();
        return state.status === 'ended' ? [] : [EngagementEnded({ auditor: state.auditor })];
      },
    }),
  ],
});
