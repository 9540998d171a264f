import type { JsonObject, StoredEvent } from '@rapport/event-store';
import { declareEvent, plain, sealed, whose } from './events';
import { declarationsOf, recorded, recorder, UnknownEventType } from './recorded';

const NameGiven = declareEvent('NameGiven', {
  title: 'A name was given',
  version: 3,
  fields: { fullName: sealed<string>('identity', whose.record), kind: plain<string>('one of a few words') },
  upcast: {
    1: ({ name, ...rest }) => ({ ...rest, fullName: name }),
    2: (data) => ({ kind: 'unknown', ...data }),
  },
});
const declarations = declarationsOf([NameGiven]);

const sealedName = { $sealed: 1, owner: 'p', category: 'identity', secret: 's', value: 'v' };
const stored = (data: JsonObject, version: unknown, type = 'NameGiven'): StoredEvent => ({
  id: 'e1',
  type,
  data,
  metadata: { version } as JsonObject,
  stream: 'person-8c5c7e1e-0000-4000-8000-000000000001',
  revision: 4,
  position: '0'.repeat(32),
});

describe('recorded', () => {
  it('splits the stream after the first hyphen and keeps where the event stands', () => {
    expect(recorded(stored({ fullName: sealedName, kind: 'x' }, 3), declarations)).toMatchObject({
      id: 'e1',
      stream: 'person-8c5c7e1e-0000-4000-8000-000000000001',
      streamId: '8c5c7e1e-0000-4000-8000-000000000001',
      revision: 4,
      position: '0'.repeat(32),
    });
  });

  it('binds each sealed value to its event and field, without touching the stored event', () => {
    const event = stored({ fullName: sealedName, kind: 'x' }, 3);
    expect(recorded(event, declarations).data).toEqual({ fullName: { ...sealedName, at: 'e1/fullName' }, kind: 'x' });
    expect(event.data['fullName']).toEqual(sealedName);
  });

  it('upcasts step by step; a renamed field stays bound to the name it was sealed under', () => {
    expect(recorded(stored({ name: sealedName }, 1), declarations).data).toEqual({
      fullName: { ...sealedName, at: 'e1/name' },
      kind: 'unknown',
    });
    expect(recorded(stored({ fullName: sealedName }, 2), declarations).data).toMatchObject({ kind: 'unknown' });
  });

  it.each([
    ['an undeclared type', stored({}, 1, 'Elsewhere')],
    ['a newer version', stored({}, 4)],
    ['no version', stored({}, undefined)],
    ['version 0', stored({}, 0)],
  ])('refuses %s: readers are deployed first', (_, event) => {
    expect(() => recorder([NameGiven])(event)).toThrow(UnknownEventType);
  });

  it('refuses a version that nobody can upcast', () => {
    const gap = declareEvent('Gap', { title: 'A gap', version: 2, fields: {} });
    expect(() => recorded(stored({}, 1, 'Gap'), declarationsOf([gap]))).toThrow('no upcaster from version 1');
  });

  it('refuses two declarations of one type, and takes the same one twice', () => {
    const twin = declareEvent('NameGiven', { title: 'Another', fields: {} });
    expect(() => declarationsOf([NameGiven, twin])).toThrow('NameGiven');
    expect(declarationsOf([NameGiven, NameGiven]).size).toBe(1);
  });
});
