import { declareEvent, type Sealed } from '@rapport/kernel/events';
import { insert, patch, remove, upsert, type RowOperation } from './operations';
import { on, projection } from './projection';
import { from, json, named } from './query';
import { Elsewhere, GroupClosed, MemberAdded, memberId, MemberLeft, members, NameCorrected, trailOfEvents } from './spec/sample';
import { jsonOf, table } from './table';
import { eventId, given, happened, readable, type Happened } from './testing';

const ada = `member-${memberId(1)}`;
const bob = `member-${memberId(2)}`;
const adaAdded = happened(MemberAdded, ada, { name: 'Ada', group: 'red' });
const bobAdded = happened(MemberAdded, bob, { name: 'Bob', nickname: 'B', group: 'red' });

describe('a projection', () => {
  it('inserts a row; sealed values come bound to their event, optional ones as null', () => {
    const { members: rows } = given(adaAdded, bobAdded).apply(members);
    expect(rows).toEqual([
      { id: memberId(1), name: expect.anything(), nickname: null, group_name: 'red', active: true, corrections: 0 },
      { id: memberId(2), name: expect.anything(), nickname: expect.anything(), group_name: 'red', active: true, corrections: 0 },
    ]);
    expect(rows[0]?.name).toMatchObject({ $sealed: 1, owner: memberId(1), category: 'identity', at: `${eventId(1)}/name` });
    expect(rows.map((row) => readable(row.name))).toEqual(['Ada', 'Bob']);
  });

  it('patches what is given and leaves what is undefined', () => {
    const { members: rows } = given(bobAdded, happened(NameCorrected, bob, { name: 'Robert' })).apply(members);
    expect(readable(rows[0]?.name as Sealed<string>)).toBe('Robert');
    expect(readable(rows[0]?.nickname as Sealed<string>)).toBe('B');
    expect(rows[0]?.corrections).toBe(1);
  });

  it('does nothing where nothing is to be set', () => {
    const { members: rows } = given(bobAdded, happened(NameCorrected, bob, {})).apply(members);
    expect(readable(rows[0]?.name as Sealed<string>)).toBe('Bob');
  });

  it('patches many rows by an index, and upserts', () => {
    const { members: rows, groups } = given(adaAdded, bobAdded, happened(GroupClosed, 'group-all', { group: 'red' })).apply(members);
    expect(rows.map((row) => row.active)).toEqual([false, false]);
    expect(groups).toEqual([{ group_name: 'red', size: 0, last_event: null }]);
  });

  it('ensures and increments: a counter starts by itself and is not reset', () => {
    const { groups } = given(adaAdded, bobAdded).apply(members);
    expect(groups).toEqual([{ group_name: 'red', size: 2, last_event: eventId(2) }]);
  });

  it('removes rows, those included whose insert still waits', () => {
    expect(given(adaAdded, bobAdded, happened(MemberLeft, ada, {})).apply(members).members).toHaveLength(1);
  });

  it('inserts in the order of events however many go together', () => {
    const many = Array.from({ length: 100 }, (_, n) => happened(MemberAdded, `member-${memberId(n)}`, { name: `${n}`, group: 'blue' }));
    expect(
      given(...many)
        .apply(members)
        .members.map((row) => readable(row.name)),
    ).toEqual(many.map((_, n) => `${n}`));
  });

  it('sees every event where it asks for every one', () => {
    expect(
      given(adaAdded, happened(Elsewhere, 'other-one', {}))
        .apply(trailOfEvents)
        .trail.map((row) => row.type),
    ).toEqual(['MemberAdded', 'Elsewhere']);
  });

  it('is deterministic: its handlers give equal operations for equal events', () => {
    const rows = () => given(adaAdded, bobAdded).apply(members);
    expect(rows()).toEqual(rows());
  });
});

describe('queries', () => {
  it('name tables as declared, join, and read JSON with its type', async () => {
    const { db, close } = given(adaAdded, bobAdded).readModel(members, trailOfEvents);
    const { members: member, groups } = members.tables;
    const rows = await from(db, member)
      .innerJoin(named(groups), 'group_size.group_name', 'member.group_name')
      .where('member.id', '=', memberId(2))
      .select(['member.name', 'member.nickname', 'member.active', 'group_size.size'])
      .execute();
    expect(rows).toMatchObject([{ active: 1, size: 2 }]);
    const name: Sealed<string> | undefined = rows[0] && json(rows[0].name);
    expect(name && readable(name)).toBe('Bob');
    await close();
  });
});

describe('a defect stops with projection, event, type and position, and no data', () => {
  const tables = () => ({
    things: table(
      'thing',
      { id: 'text', kind: 'text', note: 'text?', body: jsonOf<{ a: number }>() },
      { key: ['id'], indexes: [['kind']] },
    ),
  });
  const body = { a: 1 };
  const thing = (handle: (things: ReturnType<typeof tables>['things'], n: number) => RowOperation | RowOperation[]) => {
    const own = tables();
    let n = 0;
    return projection({ name: 'broken', version: 3, tables: own, on: [on(MemberAdded, () => handle(own.things, ++n))] });
  };
  const many = (count: number): Happened[] =>
    Array.from({ length: count }, () => happened(MemberAdded, ada, { name: 'Secret Person', group: 'x' }));

  it('a second row with the same key, wherever it stands among those that wait', () => {
    const broken = thing((things, n) => insert(things, { id: n === 20 ? '3' : `${n}`, kind: 'Secret Person', body }));
    const apply = () => given(...many(64)).apply(broken);
    expect(apply).toThrow(
      `The read models stopped at MemberAdded (event ${eventId(20)}, position 00000000000000140000000000000014), in broken v3: ` +
        'UNIQUE constraint failed: broken_v3__thing.id',
    );
    expect(apply).not.toThrow('Secret');
  });

  it('an exception in a handler: its kind and place, not its message', () => {
    const broken = thing(() => {
      throw new RangeError('about Secret Person\n    at secret:1:1');
    });
    const apply = () => given(...many(1)).apply(broken);
    expect(apply).toThrow(/in broken v3: RangeError at .*projection\.spec\.ts:\d+:\d+$/);
    expect(apply).not.toThrow(/secret/i);
  });

  it('a look-up no key or index serves', () => {
    const broken = thing((things) => patch(things, { note: 'x' }, { kind: 'y' }));
    expect(() => given(...many(1)).apply(broken)).toThrow('looked up by (note)');
    expect(() => given(...many(1)).apply(thing((things) => remove(things, {})))).toThrow('looked up by ()');
  });

  it('a look-up by nothing', () => {
    const broken = thing((things) => remove(things, { id: undefined }));
    expect(() => given(...many(1)).apply(broken)).toThrow("by 'id' without a value");
  });

  it("another projection's table", () => {
    const broken = projection({
      name: 'thief',
      version: 1,
      tables: tables(),
      on: [on(MemberAdded, () => remove(members.tables.members, { id: 'x' }))],
    });
    expect(() => given(...many(1)).apply(broken)).toThrow('members_v1__member, which is not one of its tables');
  });

  it('an event type that is not declared, or was written by newer software', () => {
    const newer = happened(MemberAdded, ada, { name: 'Secret Person', group: 'x' }, { version: 2 });
    expect(() => given(newer).apply(members)).toThrow(/stopped at MemberAdded .* Deploy the software that reads it/);
  });
});

describe('declarations are checked', () => {
  const thing = () => table('thing', { id: 'text' }, { key: ['id'] });
  const none = () => [];

  it.each([
    ['a name with an upper-case letter', () => table('Thing', { id: 'text' }, { key: ['id'] }), 'lower-case'],
    ['a table without a key', () => table('thing', { id: 'text' }, { key: [] }), 'needs a key'],
    ['a key that may be null', () => table('thing', { id: 'text?' }, { key: ['id'] }), 'cannot be null'],
    ['a projection that handles nothing', () => projection({ name: 'p', version: 1, tables: {} }), 'handles no event'],
    ['a version 0', () => projection({ name: 'p', version: 0, tables: {}, onEvery: none }), 'counts from 1'],
    [
      'two handlers for a type',
      () => projection({ name: 'p', version: 1, tables: {}, on: [on(Elsewhere, none), on(Elsewhere, none)] }),
      'two handlers',
    ],
    ['two tables of a name', () => projection({ name: 'p', version: 1, tables: { a: thing(), b: thing() }, onEvery: none }), 'two tables'],
    [
      'a table that has a projection',
      () => projection({ name: 'p', version: 1, tables: members.tables, onEvery: none }),
      'already belongs',
    ],
    ['a table without a projection', () => thing().storedAs, 'belongs to no projection'],
  ])('%s', (_, declare, message) => {
    expect(declare).toThrow(message);
  });

  it('types: what must not compile does not', () => {
    const own = table('own', { id: 'text', n: 'integer', note: 'text?', body: jsonOf<{ a: number }>() }, { key: ['id'] });
    const row = { id: 'x', n: 1, body: { a: 1 } };
    const Sample = declareEvent('Sample', { title: 'A sample', fields: {} });
    const notRun = () => [
      insert(own, row),
      // @ts-expect-error a column that cannot be null is left out
      insert(own, { id: 'x', body: { a: 1 } }),
      // @ts-expect-error a number where a text belongs
      upsert(own, { ...row, id: 1 }),
      // @ts-expect-error no such column
      upsert(own, { ...row, nothing: 1 }),
      // @ts-expect-error JSON of another type
      insert(own, { ...row, body: { b: 1 } }),
      // @ts-expect-error null in a column that cannot be null
      patch(own, { id: 'x' }, { n: null }),
      // @ts-expect-error rows cannot be looked up by JSON
      remove(own, { body: { a: 1 } }),
      // @ts-expect-error the event has no such field
      on(Sample, (event) => remove(own, { id: event.data.name })),
      // @ts-expect-error a key must name a column
      () => table('other', { id: 'text' }, { key: ['name'] }),
    ];
    expect(notRun).toBeInstanceOf(Function);
  });
});
