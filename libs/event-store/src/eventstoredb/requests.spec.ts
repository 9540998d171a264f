import { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { placeOf, toReadAll, toStored, type Recorded } from './requests';

function recorded(data: string | Buffer, metadata = ''): Recorded {
  const event = new ReadResp.ReadEvent.RecordedEvent()
    .setId(new UUID().setString('0198c0de-0000-7000-8000-000000000001'))
    .setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from('thing-1')))
    .setStreamRevision('7')
    .setCommitPosition('255')
    .setPreparePosition('254')
    .setData(Buffer.from(data))
    .setCustomMetadata(Buffer.from(metadata));
  event.getMetadataMap().set('type', 'ThingHappened');
  return event;
}

const read = (event: Recorded) => toStored(event, placeOf(event));

describe('An event of the server', () => {
  it('is read with its place', () => {
    expect(read(recorded('{"text":"é"}', '{"version":1}'))).toEqual({
      id: '0198c0de-0000-7000-8000-000000000001',
      type: 'ThingHappened',
      data: { text: 'é' },
      metadata: { version: 1 },
      stream: 'thing-1',
      revision: 7,
      position: '00000000000000ff00000000000000fe',
    });
  });

  it('may be without metadata', () => {
    expect(read(recorded('{}')).metadata).toEqual({});
  });

  it.each([
    ['bytes', Buffer.from([0x08, 0x96, 0x01])],
    ['text', 'SECRET'],
    ['half of JSON', '{"name":"SECRET'],
    ['null', 'null'],
    ['nothing', ''],
  ])('is another program’s where it holds %s: it is named, and what it holds is not shown', (_, data) => {
    const error = (() => {
      try {
        return read(recorded(data));
      } catch (thrown) {
        return thrown as Error;
      }
    })();
    expect(error).toMatchObject({ name: 'ForeignEvent' });
    expect(String((error as Error).stack)).toContain('Event 0198c0de-0000-7000-8000-000000000001 in thing-1 is not JSON');
    expect(String((error as Error).stack)).not.toContain('SECRET');
  });
});

describe('A filter', () => {
  const sent = (filter: Parameters<typeof toReadAll>[0]['filter']) => {
    const options = toReadAll({ filter }).getOptions()!.getFilter()!;
    return { stream: options.getStreamIdentifier()?.getRegex(), type: options.getEventType()?.getRegex() };
  };

  it('goes to the server as far as it can filter: types, else prefixes, else what is not its own', () => {
    expect(sent({ types: ['NoteTaken', 'Odd.Type'], streamPrefixes: ['person-'] })).toEqual({ type: '^(?:NoteTaken|Odd\\.Type)$' });
    expect(sent({ streamPrefixes: ['person-', 'a+b'] })).toEqual({ stream: '^(?:person-|a\\+b)' });
    expect(sent({})).toEqual({ type: '^[^$]' });
  });
});
