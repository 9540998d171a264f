/** Who may decide for this organization, about what, since when, and by whom was it recorded (promise R20)? */
import {
  AffiliationBegan,
  AffiliationEnded,
  AUTHORITY_KINDS,
  AuthorityDelegated,
  AuthorityEnded,
  AuthorizedPersonAppointed,
  ContactAdded,
  DetailsCorrected,
  type AuthorityKind,
} from '@rapport/domain';
import { Id, question, shape, Slug, type Sealed } from '@rapport/kernel';
import {
  from,
  insert,
  json,
  jsonOf,
  jsonOrNullOf,
  named,
  on,
  patch,
  projection,
  remove,
  table,
  upsert,
  type ReadDatabase,
} from '@rapport/read-model';

export const appointments = table(
  'appointment',
  {
    id: 'text',
    organization: 'text',
    person: 'text',
    kinds: jsonOf<readonly AuthorityKind[]>(),
    since: 'text',
    until: 'text?',
    delegated_from: 'text?',
    recorded_by: 'text',
  },
  { key: ['id'], indexes: [['organization']] },
);

/** Who decides for an organization only while they belong to it. */
export const members = table('member', { organization: 'text', person: 'text' }, { key: ['organization', 'person'] });

export const names = table('name', { person: 'text', name: jsonOrNullOf<Sealed<string>>() }, { key: ['person'] });

export const whoDecides = projection({
  name: 'authorized_persons',
  version: 1,
  tables: { appointments, members, names },
  on: [
    on(AuthorizedPersonAppointed, ({ streamId, data, metadata }) =>
      insert(appointments, {
        id: data.appointmentId,
        organization: streamId,
        person: data.person,
        kinds: data.kinds,
        since: data.since,
        until: data.until ?? null,
        recorded_by: metadata.actor.kind,
      }),
    ),
    on(AuthorityDelegated, ({ streamId, data, metadata }) =>
      insert(appointments, {
        id: data.appointmentId,
        organization: streamId,
        person: data.person,
        kinds: data.kinds,
        since: data.since,
        until: data.until,
        delegated_from: data.from,
        recorded_by: metadata.actor.kind,
      }),
    ),
    on(AuthorityEnded, ({ data }) => patch(appointments, { id: data.appointmentId }, { until: data.until })),
    on(AffiliationBegan, ({ streamId, data }) => upsert(members, { organization: data.organization, person: streamId })),
    on(AffiliationEnded, ({ streamId, data }) => remove(members, { organization: data.organization, person: streamId })),
    on(ContactAdded, ({ streamId, data }) => insert(names, { person: streamId, name: data.name ?? null })),
    on(DetailsCorrected, ({ streamId, data }) => (data.name === undefined ? [] : patch(names, { person: streamId }, { name: data.name }))),
  ],
});

export class ReadAuthorizedPersons {
  @Id({ description: 'The organization.' })
  organizationId!: string;

  @Slug({ description: 'What it is needed for; not needed by a contact person of the organization.', optional: true })
  purpose?: string;
}

const authorizedPersonsAnswer = shape.object('AuthorizedPersons', {
  appointments: shape.list(
    shape.object('Appointment', {
      id: shape.id('The appointment.'),
      person: shape.id('Who decides.'),
      name: shape.optional(shape.personal(shape.text('Their name.'))),
      kinds: shape.list(shape.oneOf(AUTHORITY_KINDS, 'A kind of request.'), 'What they decide about.'),
      since: shape.day('The first day.'),
      until: shape.optional(shape.day('The last day.')),
      delegatedFrom: shape.optional(shape.id('The appointment it was delegated from, and ends with.')),
      recordedBy: shape.text('Which kind of actor recorded it.'),
    }),
    'Those that have not ended.',
  ),
});

/** Appointments on one answer. */
const MOST = 500;

export const readAuthorizedPersons = question(
  ReadAuthorizedPersons,
  authorizedPersonsAnswer,
  async (db: ReadDatabase, { organizationId: id }, actor, directory, now) => {
    if (directory.organization(id) === undefined) return undefined;
    const today = now.slice(0, 10);
    const rows = await from(db, appointments)
      .innerJoin(named(names), 'name.person', 'appointment.person')
      .innerJoin(named(members), (join) =>
        join.onRef('member.person', '=', 'appointment.person').onRef('member.organization', '=', 'appointment.organization'),
      )
      .select([
        'appointment.id',
        'appointment.person',
        'appointment.kinds',
        'appointment.since',
        'appointment.until',
        'appointment.delegated_from',
        'appointment.recorded_by',
        'name.name',
      ])
      .where('appointment.organization', '=', id)
      .where((is) => is.or([is('appointment.until', 'is', null), is('appointment.until', '>=', today)]))
      .orderBy('appointment.since')
      .orderBy('appointment.id')
      .limit(MOST)
      .execute();
    const inForce = new Set(rows.map((row) => row.id));
    return {
      facts: { contact: directory.organizationsOf(actor.id).includes(id) },
      answer: {
        appointments: rows
          .filter((row) => row.delegated_from === null || inForce.has(row.delegated_from))
          .map((row) => ({
            id: row.id,
            person: directory.survivorOf(row.person),
            name: json(row.name),
            kinds: json(row.kinds),
            since: row.since,
            until: row.until,
            delegatedFrom: row.delegated_from,
            recordedBy: row.recorded_by,
          })),
      },
    };
  },
);
