/** My support calls: the list, and each with its process and communication (promise R15). */
import {
  CallAssigned,
  CallCategorized,
  CallClosed,
  CallHistoryImported,
  CallOpened,
  CallReopened,
  CallResolved,
  CallStatusChanged,
  CommunicationAdded,
  FeedbackGiven,
  STATUSES,
  type CallStatus,
  type Terms,
} from '@rapport/domain';
import { Id, nextPage, Paged, question, shape, Slug, type ActorKind, type RecordedEvent, type Sealed, type ShapeOf } from '@rapport/kernel';
import {
  ensure,
  from,
  insert,
  json,
  jsonOf,
  jsonOrNullOf,
  on,
  page,
  patch,
  projection,
  table,
  wordOf,
  wordOrNullOf,
  type ReadDatabase,
  type RowOperation,
} from '@rapport/read-model';
import { ofEvent, titleOf } from '../subjects';

export const calls = table(
  'call',
  {
    id: 'text',
    caller: 'text?',
    organization: 'text?',
    status: wordOf<CallStatus>(),
    subject: jsonOrNullOf<Sealed<string>>(),
    number: jsonOrNullOf<Sealed<string>>(),
    category: 'text?',
    team: 'text?',
    terms: jsonOrNullOf<Sealed<Terms>>(),
    opened_at: 'text',
    updated_at: 'text',
    position: 'text',
  },
  {
    key: ['id'],
    indexes: [
      ['caller', 'position'],
      ['organization', 'position'],
    ],
  },
);

export const steps = table(
  'step',
  {
    call: 'text',
    event: 'text',
    at: 'text',
    position: 'text',
    type: 'text',
    status: wordOrNullOf<CallStatus>(),
    internal: 'boolean',
    data: jsonOf<unknown>(),
    actor_kind: wordOf<ActorKind>(),
  },
  { key: ['call', 'position'] },
);

function step(event: RecordedEvent, more: { status?: CallStatus; internal?: boolean } = {}): RowOperation {
  return insert(steps, {
    call: event.streamId,
    event: event.id,
    at: event.metadata.occurredAt,
    position: event.position,
    type: event.type,
    status: more.status ?? null,
    internal: more.internal ?? false,
    data: event.data,
    actor_kind: event.metadata.actor.kind,
  });
}

/** A step that leaves the call in this status. */
const to = (status: CallStatus) => (event: RecordedEvent) => [
  step(event, { status }),
  patch(calls, { id: event.streamId }, { status, updated_at: event.metadata.occurredAt }),
];

export const mySupportCalls = projection({
  name: 'my_support_calls',
  version: 3,
  tables: { calls, steps },
  on: [
    on(CallOpened, (event) => [
      insert(calls, {
        id: event.streamId,
        caller: event.data.caller ?? null,
        organization: event.data.organization ?? null,
        status: 'new',
        subject: event.data.subject,
        opened_at: event.metadata.occurredAt,
        updated_at: event.metadata.occurredAt,
        position: event.position,
      }),
      step(event, { status: 'new' }),
    ]),
    on(CallHistoryImported, (event) => [
      ensure(calls, {
        id: event.streamId,
        caller: event.data.caller ?? null,
        status: 'new',
        number: event.data.number ?? null,
        opened_at: event.data.openedAt ?? event.metadata.occurredAt,
        updated_at: event.metadata.occurredAt,
        position: event.position,
      }),
      step(event, { status: event.data.status }),
      ...(event.data.latest
        ? [
            patch(
              calls,
              { id: event.streamId },
              { status: event.data.status, terms: event.data.terms, updated_at: event.metadata.occurredAt },
            ),
          ]
        : []),
    ]),
    on(CallCategorized, (event) => [step(event), patch(calls, { id: event.streamId }, { category: event.data.category })]),
    on(CallAssigned, (event) => [step(event), patch(calls, { id: event.streamId }, { team: event.data.group ?? null })]),
    on(CallStatusChanged, (event) => to(event.data.to)(event)),
    on(CommunicationAdded, (event) => step(event, { internal: event.data.direction === 'internal' })),
    on(CallResolved, to('resolved')),
    on(CallReopened, to('active')),
    on(CallClosed, to('closed')),
    on(FeedbackGiven, (event) => step(event)),
  ],
});

export class ReadMyCalls extends Paged {
  @Id({ description: 'The person.' })
  personId!: string;
}

const status = shape.oneOf(STATUSES, 'What the call is in.');
const term = (description: string) => shape.optional(shape.text(description));
const ofCall = {
  id: shape.id('The call.'),
  number: shape.optional(shape.personal(shape.text('Its number in the service desk it was imported from.'))),
  subject: shape.optional(shape.personal(shape.text('What it is about.'))),
  status,
  category: shape.optional(shape.text('Category of the catalog.')),
  terms: shape.optional(
    shape.personal(
      shape.object(
        'CallTerms',
        {
          category: term('Category.'),
          subcategory: term('Subcategory.'),
          symptom: term('Symptom.'),
          configurationItem: term('What is affected.'),
          impact: term('How far it reaches.'),
          urgency: term('How pressing it is.'),
          priority: term('What follows from the two.'),
          priorityConfirmed: shape.optional(shape.flag('Whether somebody checked the priority.')),
          group: term('The team.'),
          medium: term('How it came in.'),
          reassignments: shape.optional(shape.whole('How often it went to another team.')),
          problem: term('The problem it belongs to.'),
          change: term('The change it led to.'),
          location: term('Where the caller is.'),
        },
        'What the service desk it was imported from says of it.',
      ),
    ),
  ),
  openedAt: shape.instant('When it was opened.'),
};

const inList = shape.object('CallInList', { ...ofCall, updatedAt: shape.instant('When something last happened.') });
const callsAnswer = shape.object('Calls', { calls: shape.list(inList, 'Last opened first.'), next: nextPage });

async function listOf(db: ReadDatabase, whose: 'caller' | 'organization', ids: readonly string[], query: Paged) {
  const theirs = from(db, calls).selectAll().where(whose, 'in', ids);
  const { rows, next } = await page(theirs, query, ['call.position'], 'newest first');
  const answer: ShapeOf<typeof callsAnswer> = {
    calls: rows.map((row) => ({
      id: row.id,
      number: json(row.number),
      subject: json(row.subject),
      status: row.status,
      category: row.category,
      terms: json(row.terms),
      openedAt: row.opened_at,
      updatedAt: row.updated_at,
    })),
  };
  return { answer, next, about: [...new Set(rows.flatMap(({ caller }) => caller ?? []))] };
}

export const readMyCalls = question(ReadMyCalls, callsAnswer, async (db: ReadDatabase, query, actor, directory) => ({
  of: `person-${directory.survivorOf(query.personId)}`,
  facts: { self: directory.groupOf(actor.id).includes(query.personId) },
  ...(await listOf(db, 'caller', directory.groupOf(query.personId), query)),
}));

export class ReadOrganizationCalls extends Paged {
  @Id({ description: 'The organization.' })
  organizationId!: string;

  @Slug({ description: 'What it is needed for; not needed by a contact person of the organization.', optional: true })
  purpose?: string;
}

export const readOrganizationCalls = question(ReadOrganizationCalls, callsAnswer, async (db: ReadDatabase, query, actor, directory) => {
  const { organizationId: id } = query;
  const organization = directory.organization(id);
  if (organization === undefined) return undefined;
  return {
    of: `organization-${id}`,
    facts: { contact: directory.organizationsOf(actor.id).includes(id), visible: organization.visibility.calls },
    ...(await listOf(db, 'organization', [id], query)),
  };
});

export class ReadCall extends Paged {
  @Id({ description: 'The call.' })
  callId!: string;

  @Slug({ description: 'What it is needed for; not needed for one’s own call.', optional: true })
  purpose?: string;
}

const callAnswer = shape.object('Call', {
  ...ofCall,
  caller: shape.optional(shape.id('Who asked.')),
  team: shape.optional(shape.text('The team that works on it.')),
  process: shape.list(
    shape.object('CallStep', {
      ...ofEvent,
      at: shape.instant('When it happened.'),
      status: shape.optional(status),
      details: shape.open('The fields of the event, personal values readable.'),
    }),
    'From the beginning.',
  ),
  next: nextPage,
});

export const readCall = question(ReadCall, callAnswer, async (db: ReadDatabase, query, actor, directory) => {
  const { callId } = query;
  const call = await from(db, calls).selectAll().where('id', '=', callId).executeTakeFirst();
  if (call === undefined) return undefined;
  const all = from(db, steps).selectAll().where('step.call', '=', callId);
  const isCaller = call.caller !== null && directory.groupOf(actor.id).includes(call.caller);
  const seen = actor.kind === 'staff' && !isCaller ? all : all.where('step.internal', '=', 0);
  const { rows, next } = await page(seen, query, ['step.at', 'step.position'], 'oldest first');
  return {
    of: `supportCall-${callId}`,
    about: call.caller === null ? [] : [call.caller],
    facts: {
      caller: isCaller,
      contact: call.organization !== null && directory.organizationsOf(actor.id).includes(call.organization),
      visible: call.organization !== null && directory.organization(call.organization)?.visibility.calls === true,
    },
    next,
    answer: {
      id: call.id,
      caller: call.caller === null ? null : directory.survivorOf(call.caller),
      number: json(call.number),
      subject: json(call.subject),
      status: call.status,
      category: call.category,
      team: call.team,
      terms: json(call.terms),
      openedAt: call.opened_at,
      process: rows.map((row) => ({
        at: row.at,
        what: titleOf(row.type),
        type: row.type,
        status: row.status,
        by: row.actor_kind,
        details: json(row.data),
        event: row.event,
      })),
    },
  };
});
