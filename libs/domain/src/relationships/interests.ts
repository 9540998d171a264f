/** What a person or an organization showed interest in (promise R9). One stream each, with their own id. */
import {
  aggregate,
  command,
  declareEvent,
  Id,
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
import { Command, CHANNELS, PersonalDataCommand, type Channel } from '../commands';

export const InterestShown = declareEvent('InterestShown', {
  title: 'Somebody showed interest in a topic',
  fields: {
    interestId: plain<string>('made here, random'),
    medium: plain<Channel>('one of a few words'),
    topic: sealed<string>('interests', whose.record),
  },
});

export const InterestEnded = declareEvent('InterestEnded', {
  title: 'Somebody is no longer interested in a topic',
  fields: { interestId: plain<string>('made here, random') },
});

type InterestEvent = Recorded<typeof InterestShown> | Recorded<typeof InterestEnded>;

/** Interest id → topic. */
export type Interests = { readonly [interestId: string]: Sealed<string> };

function evolve(state: Interests, event: InterestEvent): Interests {
  switch (event.type) {
    case 'InterestShown':
      return { ...state, [event.data.interestId]: event.data.topic };
    case 'InterestEnded': {
      const { [event.data.interestId]: _, ...rest } = state;
      return rest;
    }
    default:
      return never(event);
  }
}

export class ShowInterest extends PersonalDataCommand {
  @Id({ owner: true, description: 'The person or organization.' })
  subjectId!: string;

  @Slug({ description: 'The topic, as our list of topics names it.' })
  topic!: string;

  @OneOf(CHANNELS, { description: 'How they showed it.' })
  medium!: Channel;
}

export class EndInterest extends Command {
  @Id({ owner: true, description: 'The person or organization.' })
  subjectId!: string;

  @Id({ description: 'The interest.' })
  interestId!: string;
}

const interestNotFound = refusal.notFound('interest-not-found', 'There is no such interest.');

function showInterest(c: ShowInterest, state: Interests, { open, newId }: Context): Decision {
  if (Object.values(state).some((topic) => open(topic) === c.topic)) return [];
  return [InterestShown({ interestId: newId('interest'), medium: c.medium, topic: c.topic })];
}

function endInterest(c: EndInterest, state: Interests): Decision {
  return state[c.interestId] === undefined ? interestNotFound({ field: 'interestId' }) : [InterestEnded({ interestId: c.interestId })];
}

export const interests = aggregate<Interests, InterestEvent>({
  name: 'interests',
  events: [InterestShown, InterestEnded],
  initial: {},
  evolve,
  facts: (_, actor, id, directory) => ({ self: actor.id === id, contact: directory.organizationsOf(actor.id).includes(id) }),
  commands: [
    command(ShowInterest, { id: (c) => c.subjectId, decide: showInterest }),
    command(EndInterest, { id: (c) => c.subjectId, decide: endInterest }),
  ],
});
