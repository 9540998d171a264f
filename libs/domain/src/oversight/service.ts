/** An internal service that sends commands and reads: which account it is, and for which purposes it may act. */
import {
  aggregate,
  command,
  declareEvent,
  Id,
  never,
  plain,
  type Recorded,
  refusal,
  Slug,
  Slugs,
  Text,
  Url,
  type Decision,
} from '@rapport/kernel';
import { Command, SIGN_IN, accountOf } from '../commands';

const notShown = 'about a program: the audit trail has it, and the view of authorities knows what it may do';

export const ServiceRegistered = declareEvent('ServiceRegistered', {
  title: 'An internal service was registered',
  notShown,
  fields: {
    name: plain<string>('the name of a program'),
    issuer: plain<string>('the address of an identity provider'),
    client: plain<string>('the name of a program'),
  },
});

export const PurposesAllowed = declareEvent('PurposesAllowed', {
  title: 'It was set for which purposes a service may act',
  notShown,
  fields: { purposes: plain<readonly string[]>('names of the register') },
});

export type ServiceEvent = Recorded<typeof ServiceRegistered> | Recorded<typeof PurposesAllowed>;

export type Service =
  | { readonly status: 'unknown' }
  | { readonly status: 'registered'; readonly issuer: string; readonly client: string; readonly purposes: readonly string[] };

export function evolveService(state: Service, event: ServiceEvent): Service {
  if (event.type === 'ServiceRegistered') {
    return { status: 'registered', issuer: event.data.issuer, client: event.data.client, purposes: [] };
  }
  if (state.status === 'unknown') return state;
  switch (event.type) {
    case 'PurposesAllowed':
      return { ...state, purposes: event.data.purposes };
    default:
      return never(event);
  }
}

export class RegisterService extends Command {
  @Slug({ description: 'Its name.' })
  name!: string;

  @Url({ description: 'The identity provider: the `iss` of its tokens.' })
  issuer!: string;

  @Text({ max: 255, description: 'Its client id: the `sub` of its tokens.' })
  client!: string;

  @Slugs({ min: 0, max: 100, description: 'The purposes it may act for.', optional: true })
  purposes?: string[];
}

/** A program's name as identity providers give them. Whoever could type a sentence or an e-mail address could type a person. */
const CLIENT_ID = /^[\w.:/|-]+$/;

const clientNotAnId = refusal.invalid(
  'client-not-an-id',
  'A client id has letters, digits and . _ : / | - only; it is the name of a program.',
);
const serviceNotFound = refusal.notFound('service-not-found', 'There is no such service. Register it first, or check the id.');

function registerService(c: RegisterService): Decision {
  if (!CLIENT_ID.test(c.client)) return clientNotAnId({ field: 'client' });
  return [
    ServiceRegistered({ name: c.name, issuer: c.issuer, client: c.client }),
    ...(c.purposes === undefined ? [] : [PurposesAllowed({ purposes: c.purposes })]),
  ];
}

export class AllowPurposes extends Command {
  @Id({ description: 'The service.' })
  serviceId!: string;

  @Slugs({ min: 0, max: 100, description: 'All purposes it may act for, instead of those until now.' })
  purposes!: string[];
}

export const service = aggregate<Service, ServiceEvent>({
  name: 'service',
  events: [ServiceRegistered, PurposesAllowed],
  initial: { status: 'unknown' },
  evolve: evolveService,
  commands: [
    command(RegisterService, {
      claims: (c) => [{ namespace: SIGN_IN, value: accountOf({ issuer: c.issuer, subject: c.client }), field: 'client' }],
      decide: registerService,
    }),
    command(AllowPurposes, {
      target: 'serviceId',
      decide: (c, state: Service): Decision => {
        if (state.status === 'unknown') return serviceNotFound();
        return JSON.stringify(state.purposes) === JSON.stringify(c.purposes) ? [] : [PurposesAllowed({ purposes: c.purposes })];
      },
    }),
  ],
});
