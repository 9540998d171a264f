/** EventStoreDB's protocol (its streams.proto): what is asked, and the events that come back. */
import { parseUUID } from '@eventstore/db-client/dist/utils';
import { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { BatchAppendReq, ReadReq, type ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { activeFilter } from '../checks';
import {
  parsePosition,
  position,
  type EventFilter,
  type ExpectedRevision,
  type JsonObject,
  type Position,
  type ReadStreamOptions,
  type StoredEvent,
} from '../port';

/** An event as the server sends it. */
export type Recorded = ReadResp.ReadEvent.RecordedEvent;

/** An event that no Rapport wrote: it is not JSON. */
export class ForeignEvent extends Error {
  override readonly name = 'ForeignEvent';
  constructor(id: string, stream: string) {
    super(`Event ${id} in ${stream} is not JSON. A store that Rapport uses must hold nothing else's events: give Rapport its own.`);
  }
}

/** What can be told of an event before its data is parsed. */
export interface Place {
  readonly stream: string;
  readonly type: string;
  readonly position: Position;
}

export function placeOf(event: Recorded): Place {
  return {
    stream: Buffer.from(event.getStreamIdentifier()!.getStreamName_asU8()).toString(),
    type: event.getMetadataMap().get('type') ?? '',
    position: position(BigInt(event.getCommitPosition()), BigInt(event.getPreparePosition())),
  };
}

/** @throws ForeignEvent */
export function toStored(event: Recorded, { stream, type, position }: Place): StoredEvent {
  const id = idOf(event.getId()!);
  const metadata = event.getCustomMetadata_asU8();
  return {
    id,
    type,
    data: parse(event.getData_asU8(), id, stream),
    metadata: metadata.length === 0 ? {} : parse(metadata, id, stream),
    stream,
    revision: Number(event.getStreamRevision()),
    position,
  };
}

function parse(bytes: Uint8Array, id: string, stream: string): JsonObject {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
    if (typeof value === 'object' && value !== null) return value as JsonObject;
  } catch {
    // Its message would quote the text.
  }
  throw new ForeignEvent(id, stream);
}

// ── Reading ──

const { Options } = ReadReq;
type Options = ReadReq.Options;
const { FORWARDS, BACKWARDS } = Options.ReadDirection;

function request(options: Options): ReadReq {
  options.setUuidOption(new Options.UUIDOption().setString(new Empty()));
  return new ReadReq().setOptions(options);
}

function reading({ direction, limit = Number.MAX_SAFE_INTEGER }: Pick<ReadStreamOptions, 'direction' | 'limit'>): Options {
  return new Options().setReadDirection(direction === 'backwards' ? BACKWARDS : FORWARDS).setCount(String(limit));
}

export function toReadStream(stream: string, { direction, from, limit }: ReadStreamOptions): ReadReq {
  const place = new Options.StreamOptions().setStreamIdentifier(identifier(stream));
  if (from !== undefined) place.setRevision(String(from));
  else if (direction === 'backwards') place.setEnd(new Empty());
  else place.setStart(new Empty());
  return request(reading({ direction, limit }).setStream(place).setNoFilter(new Empty()));
}

/** The last events of all, the server's own included. */
export function toReadTail(limit: number): ReadReq {
  return request(reading({ direction: 'backwards', limit }).setAll(new Options.AllOptions().setEnd(new Empty())).setNoFilter(new Empty()));
}

/** As much as the server can filter: it has one filter, by stream or by type. What it lets through has to be looked at again. */
export function toReadAll({
  direction,
  from,
  filter,
}: {
  direction?: 'forwards' | 'backwards';
  from?: Position;
  filter?: EventFilter;
}): ReadReq {
  const place = from === undefined && direction === 'backwards' ? new Options.AllOptions().setEnd(new Empty()) : after(from);
  return request(reading({ direction }).setAll(place).setFilter(serverFilter(filter)));
}

/**
 * What comes after a position, for as long as the call lasts. The server tells only now and then what a filter has left
 * out, so it leaves out its own events and the rest is filtered here: the position is exact.
 */
export function toSubscribe(from: Position | undefined): ReadReq {
  return request(new Options().setAll(after(from)).setSubscription(new Options.SubscriptionOptions()).setFilter(serverFilter(undefined)));
}

function after(from: Position | undefined): ReadReq.Options.AllOptions {
  if (from === undefined) return new Options.AllOptions().setStart(new Empty());
  const { commit, prepare } = parsePosition(from);
  const place = new Options.Position().setCommitPosition(String(commit)).setPreparePosition(String(prepare));
  return new Options.AllOptions().setPosition(place);
}

/** The names of the server's own streams and types begin with it. */
const NOT_ITS_OWN = '^[^$]';
/** Events the server looks at in one go. */
const SEARCH_WINDOW = 1_000;

function serverFilter(filter: EventFilter | undefined): ReadReq.Options.FilterOptions {
  const { streamPrefixes, types } = activeFilter(filter);
  const options = new Options.FilterOptions().setMax(SEARCH_WINDOW).setCheckpointintervalmultiplier(1);
  const matching = (regex: string) => new Options.FilterOptions.Expression().setRegex(regex);
  if (types.length > 0) return options.setEventType(matching(`^(?:${types.map(literally).join('|')})$`));
  if (streamPrefixes.length > 0) return options.setStreamIdentifier(matching(`^(?:${streamPrefixes.map(literally).join('|')})`));
  return options.setEventType(matching(NOT_ITS_OWN));
}

function literally(text: string): string {
  return text.replace(/[\\*+?|{}[\]()^$.#\s]/g, '\\$&');
}

// ── Appending ──

/** @param texts as `serialize` gives them */
export function toAppend(correlationId: string, stream: string, expected: ExpectedRevision, texts: readonly string[]): BatchAppendReq {
  // No deadline: the server would compare it with its own clock.
  const options = new BatchAppendReq.Options().setStreamIdentifier(identifier(stream));
  if (typeof expected === 'number') options.setStreamPosition(String(expected));
  else if (expected === 'none') options.setNoStream(new Empty());
  else if (expected === 'exists') options.setStreamExists(new Empty());
  else options.setAny(new Empty());
  const append = new BatchAppendReq().setCorrelationId(new UUID().setString(correlationId)).setOptions(options).setIsFinal(true);
  for (let i = 0; i < texts.length; i += 4) {
    const event = append.addProposedMessages();
    event.setId(new UUID().setString(texts[i]!));
    event
      .getMetadataMap()
      .set('type', texts[i + 1]!)
      .set('content-type', 'application/json');
    event.setData(Buffer.from(texts[i + 2]!)).setCustomMetadata(Buffer.from(texts[i + 3]!));
  }
  return append;
}

/** The server gives an id back as it came, or as two numbers. */
export function idOf(uuid: UUID): string {
  return parseUUID(uuid) as string;
}

function identifier(stream: string): StreamIdentifier {
  return new StreamIdentifier().setStreamName(Buffer.from(stream));
}
