import type { Principal } from '@rapport/access';
import { MOST_A_MINUTE, Refusals, type FoldedRefusal } from './refusals';

const principal = (id: string): Principal => ({ kind: 'staff', id, roles: ['sales'], trained: false, purposes: [], engaged: false });

describe('refusals', () => {
  let now: string;
  let refusals: Refusals;
  let recorded: FoldedRefusal[];
  const record = async (refusal: FoldedRefusal) => recorded.push(refusal);
  beforeEach(() => {
    now = '2026-03-31T10:15:00.000Z';
    recorded = [];
    refusals = new Refusals(() => new Date(now));
  });

  it('are folded by actor, action, reason and minute, and recorded when the minute is over', async () => {
    refusals.count(principal('carla'), 'TakeNote', 'training-missing');
    now = '2026-03-31T10:15:59.000Z';
    refusals.count(principal('carla'), 'TakeNote', 'training-missing');
    refusals.count(principal('carla'), 'ReadTimeline', 'training-missing');
    refusals.count(principal('sam'), 'TakeNote', 'training-missing');
    await refusals.record(record);
    expect(recorded).toEqual([]);

    now = '2026-03-31T10:16:00.000Z';
    refusals.count(principal('carla'), 'TakeNote', 'training-missing');
    await refusals.record(record);
    const entry = { actorKind: 'staff', actor: 'carla', minute: '2026-03-31T10:15', reason: 'training-missing', suppressed: 0 };
    expect(recorded).toEqual([
      { ...entry, action: 'TakeNote', count: 2 },
      { ...entry, action: 'ReadTimeline', count: 1 },
      { ...entry, actor: 'sam', action: 'TakeNote', count: 1 },
    ]);
    await refusals.record(record, { unfinished: true });
    expect(recorded.slice(3)).toEqual([{ ...entry, action: 'TakeNote', minute: '2026-03-31T10:16', count: 1 }]);
  });

  it('are so many entries a minute, however often they are asked for; the rest is counted', async () => {
    for (let i = 0; i < MOST_A_MINUTE + 7; i++) {
      refusals.count(principal(`actor ${i}`), 'TakeNote', 'not-allowed');
      await refusals.record(record);
    }
    refusals.count(principal('actor 3'), 'TakeNote', 'not-allowed');
    await refusals.record(record, { unfinished: true });
    expect(recorded).toHaveLength(MOST_A_MINUTE);
    expect(recorded[0]).toMatchObject({ count: 1, suppressed: 7 });
    expect(recorded[3]).toMatchObject({ actor: 'actor 3', count: 2, suppressed: 0 });
  });

  it('that could not be recorded are kept, and none is recorded twice', async () => {
    for (const actor of ['a', 'b', 'c']) refusals.count(principal(actor), 'TakeNote', 'not-allowed');
    let broken = true;
    const unreliable = async (refusal: FoldedRefusal) => {
      if (refusal.actor === 'b' && broken) throw new Error('The store cannot be reached.');
      return record(refusal);
    };
    await expect(refusals.record(unreliable, { unfinished: true })).rejects.toThrow('cannot be reached');
    broken = false;
    await Promise.all([refusals.record(unreliable), refusals.record(unreliable)]);
    expect(recorded.map(({ actor }) => actor)).toEqual(['a', 'b', 'c']);
  });
});
