/** What happened, by which kind of actor, and why was it allowed? No personal values, so auditors may read it (promise R5). */
import { nextPage, Paged, question, shape, type ActorKind, type Facts, type RecordedDecision } from '@rapport/kernel';
import { from, insert, json, jsonOf, page, projection, table, wordOf, type ReadDatabase } from '@rapport/read-model';
import { ofEvent, titleOf } from '../subjects';

export const trail = table(
  'trail',
  {
    position: 'text',
    event: 'text',
    type: 'text',
    stream: 'text',
    occurred_at: 'text',
    recorded_at: 'text',
    actor_kind: wordOf<ActorKind>(),
    purpose: 'text?',
    action: 'text',
    policies: jsonOf<readonly string[]>(),
    facts: jsonOf<Facts>(),
    policy_set: 'text',
    sources: jsonOf<RecordedDecision['sources']>(),
  },
  { key: ['position'] },
);

export const auditTrail = projection({
  name: 'audit_trail',
  version: 2,
  tables: { trail },
  onEvery: (event) =>
    insert(trail, {
      position: event.position,
      event: event.id,
      type: event.type,
      stream: event.stream,
      occurred_at: event.metadata.occurredAt,
      recorded_at: event.metadata.recordedAt,
      actor_kind: event.metadata.actor.kind,
      purpose: event.metadata.purpose ?? null,
      action: event.metadata.decision.action,
      policies: event.metadata.decision.policies,
      facts: event.metadata.decision.facts,
      policy_set: event.metadata.decision.policySet,
      sources: event.metadata.decision.sources,
    }),
});

export class ReadAuditTrail extends Paged {}

const auditTrailAnswer = shape.object('AuditTrail', {
  entries: shape.list(
    shape.object('AuditTrailEntry', {
      ...ofEvent,
      record: shape.text('The stream of the record it is about.'),
      occurredAt: shape.instant('When it happened.'),
      recordedAt: shape.instant('When it was recorded.'),
      purpose: shape.optional(shape.text('The purpose that was named.')),
      why: shape.object('Why', {
        action: shape.text('The command or question that was asked of the policies.'),
        policies: shape.list(shape.text('The @id of a policy.'), 'The policies that allowed it.'),
        facts: shape.open('What the policies were told; no identifiers.'),
        policySet: shape.text('SHA-256 of the policies in force.'),
        sources: shape.open(
          'Where the facts came from: stream and revision, or how far the read models were; and how far the view of who may do what.',
        ),
      }),
    }),
    'Newest first.',
  ),
  next: nextPage,
});

export const readAuditTrail = question(ReadAuditTrail, auditTrailAnswer, async (db: ReadDatabase, query) => {
  const { rows, next } = await page(from(db, trail).selectAll(), query, ['trail.position'], 'newest first');
  return {
    facts: {},
    next,
    answer: {
      entries: rows.map((row) => ({
        event: row.event,
        type: row.type,
        what: titleOf(row.type),
        record: row.stream,
        occurredAt: row.occurred_at,
        recordedAt: row.recorded_at,
        by: row.actor_kind,
        purpose: row.purpose,
        why: {
          action: row.action,
          policies: json(row.policies),
          facts: json(row.facts),
          policySet: row.policy_set,
          sources: json(row.sources),
        },
      })),
    },
  };
});
