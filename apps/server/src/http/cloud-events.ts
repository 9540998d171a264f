/**
 * Events as internal services and auditors follow them: CloudEvents 1.0 in the JSON format, with no personal value.
 * What is sealed shows as whose it is and of which category; who acted shows as the kind of actor.
 */
import { ACTOR_KINDS, isSealed, shape, type RecordedEvent, type ShapeOf } from '@rapport/kernel';

export const cloudEvent = shape.object('CloudEvent', {
  specversion: shape.oneOf(['1.0'], 'The version of CloudEvents.'),
  id: shape.id('The event.'),
  source: shape.text('The history it is of: `urn:uuid:` and the id of its first event.'),
  type: shape.text('What happened, as events are named here.'),
  subject: shape.text('The stream of the record it is about.'),
  time: shape.instant('When it happened.'),
  datacontenttype: shape.oneOf(['application/json'], 'What `data` is.'),
  position: shape.text('Where it stands: `after` it the stream goes on.'),
  revision: shape.whole('Its place in the record, from 0.'),
  recordedat: shape.instant('When it was recorded.'),
  actorkind: shape.oneOf(ACTOR_KINDS, 'What kind of actor did it.'),
  purpose: shape.optional(shape.text('The purpose that was named.')),
  correlationid: shape.text('The request that it came of.'),
  causationid: shape.optional(shape.text('The event that led to it.')),
  data: shape.open('The fields of the event. A personal value shows as `{"sealed": true, "owner": …, "category": …}`.'),
});

/** @param source URI of the history */
export function toCloudEvent(
  source: string,
  { id, type, stream, revision, position, metadata, data }: RecordedEvent,
): ShapeOf<typeof cloudEvent> {
  return {
    specversion: '1.0',
    id,
    source,
    type,
    subject: stream,
    time: metadata.occurredAt,
    datacontenttype: 'application/json',
    position,
    revision,
    recordedat: metadata.recordedAt,
    actorkind: metadata.actor.kind,
    purpose: metadata.purpose,
    correlationid: metadata.correlationId,
    causationid: metadata.causationId,
    data: Object.fromEntries(Object.entries(data as object).map(([name, value]) => [name, withoutValue(value)])),
  };
}

const withoutValue = (value: unknown): unknown =>
  isSealed(value) ? { sealed: true, owner: value.owner, category: value.category } : value;
