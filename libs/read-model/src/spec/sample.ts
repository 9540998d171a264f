/** A small domain and two projections for the specs; also the module that their worker and child processes load. */
import { declareEvent, plain, sealed, whose, type Sealed } from '@rapport/kernel/events';
import { ensure, increment, insert, patch, remove, upsert } from '../operations';
import { on, projection } from '../projection';
import { jsonOf, jsonOrNullOf, table } from '../table';
import { happened, type Happened } from '../testing';

export const MemberAdded = declareEvent('MemberAdded', {
  title: 'A member was added',
  fields: {
    name: sealed<string>('identity', whose.record),
    nickname: sealed<string | undefined>('identity', whose.record),
    group: plain<string>('one of a few words'),
  },
});
export const NameCorrected = declareEvent('NameCorrected', {
  title: 'A name was corrected',
  fields: { name: sealed<string | undefined>('identity', whose.record), nickname: sealed<string | undefined>('identity', whose.record) },
});
export const GroupClosed = declareEvent('GroupClosed', {
  title: 'A group was closed',
  fields: { group: plain<string>('one of a few words') },
});
export const MemberLeft = declareEvent('MemberLeft', { title: 'A member left', fields: {} });
export const Elsewhere = declareEvent('Elsewhere', { title: 'Something no handler knows', fields: {} });

export const declarations = [MemberAdded, NameCorrected, GroupClosed, MemberLeft, Elsewhere];

/** Made anew for each version, as a module of a later release would. */
export function membersProjection(version: number) {
  const members = table(
    'member',
    {
      id: 'text',
      name: jsonOf<Sealed<string>>(),
      nickname: jsonOrNullOf<Sealed<string>>(),
      group_name: 'text',
      active: 'boolean',
      corrections: 'integer',
    },
    { key: ['id'], indexes: [['group_name', 'id']] },
  );
  const groups = table('group_size', { group_name: 'text', size: 'integer', last_event: 'text?' }, { key: ['group_name'] });
  return projection({
    name: 'members',
    version,
    tables: { members, groups },
    on: [
      on(MemberAdded, (event) => [
        insert(members, {
          id: event.streamId,
          name: event.data.name,
          nickname: event.data.nickname,
          group_name: event.data.group,
          active: true,
          corrections: 0,
        }),
        ensure(groups, { group_name: event.data.group, size: 0 }),
        increment(groups, { group_name: event.data.group }, { size: 1 }),
        patch(groups, { group_name: event.data.group }, { last_event: event.id }),
      ]),
      on(NameCorrected, (event) => [
        patch(members, { id: event.streamId }, { name: event.data.name, nickname: event.data.nickname }),
        increment(members, { id: event.streamId }, { corrections: 1 }),
      ]),
      on(GroupClosed, (event) => [
        patch(members, { group_name: event.data.group }, { active: false }),
        upsert(groups, { group_name: event.data.group, size: 0 }),
      ]),
      on(MemberLeft, (event) => remove(members, { id: event.streamId })),
    ],
  });
}

const trail = table(
  'entry',
  { event: 'text', type: 'text', stream: 'text', occurred_at: 'text', actor: 'text' },
  { key: ['event'], indexes: [['stream'], ['occurred_at']] },
);

export const members = membersProjection(1);
export const trailOfEvents = projection({
  name: 'trail',
  version: 1,
  tables: { trail },
  onEvery: (event) =>
    insert(trail, {
      event: event.id,
      type: event.type,
      stream: event.stream,
      occurred_at: event.metadata.occurredAt,
      actor: event.metadata.actor.kind,
    }),
});

export const projections = [members, trailOfEvents];

export function memberId(n: number): string {
  return `10000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

/** A history with every type: of ten events, seven add, one corrects, one leaves, and now and then a group closes. */
export function history(count: number): Happened[] {
  return Array.from({ length: count }, (_, n) => {
    const stream = `member-${memberId(n)}`;
    const earlier = `member-${memberId(n - (n % 10))}`;
    if (n % 10 === 7) return happened(NameCorrected, earlier, { name: `Corrected ${n}` });
    if (n % 10 === 8) return happened(MemberLeft, `member-${memberId(n - 3)}`, {});
    if (n % 10 === 9)
      return n % 50 === 49 ? happened(GroupClosed, 'group-all', { group: `group ${n % 7}` }) : happened(Elsewhere, 'other-one', {});
    return happened(MemberAdded, stream, { name: `Member ${n}`, group: `group ${n % 7}` });
  });
}
