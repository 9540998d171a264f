/** The one way every command takes, on a real store and vault: what order, what is answered again, who learns what. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '@rapport/access';
import {
  AddCommunication,
  AddPerson,
  AssignCall,
  CategorizeCall,
  CloseCall,
  conversation,
  CorrectDetails,
  GrantRole,
  OpenCall,
  OpenEngagement,
  RecordConversation,
  RecordPersonLeft,
  supportCall,
  TakeNote,
  WithdrawRole,
} from '@rapport/domain';
import { OutcomeUnknown } from '@rapport/event-store';
import type { EventMetadata } from '@rapport/kernel';
import { Forbidden, IdempotencyMismatch, Refused, RevisionConflict, Unavailable } from '@rapport/kernel/errors';
import { VaultUnavailable } from '@rapport/vault';
import { World } from './world';

const NOBODY = '0198c0de-0000-7000-8000-000000000000';
const EMPTY = { status: undefined, code: undefined, detail: undefined, field: undefined };

/** What a sender is told, in full: whatever may differ between two refusals. */
async function told(sending: Promise<unknown>): Promise<object> {
  try {
    await sending;
  } catch (error) {
    if (error instanceof Refused) return { ...EMPTY, ...error.refusal, name: error.name, message: error.message };
    if (error instanceof Forbidden)
      return { ...EMPTY, name: error.name, code: error.reason, detail: error.detail, field: error.field, message: error.message };
    if (error instanceof RevisionConflict) return { ...EMPTY, name: error.name, message: error.message };
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('The funnel', () => {
  let world: World;
  let alice: string;
  let sam: string;
  beforeAll(async () => {
    world = await World.open();
    alice = await world.person('alice');
    await world.person('bob');
    sam = await world.colleague('sam', 'support');
    await world.colleague('petra', 'privacy-officer');
    await world.person('carla', 'sales');
  });
  afterAll(() => world.close());
  beforeEach(() => {
    world.line.before = () => undefined;
    world.line.after = () => undefined;
    world.refused.length = 0;
  });

  const open = (principal: Principal, caller: string) =>
    world.send(principal, OpenCall, { caller, medium: 'portal', subject: 'It does not start' });
  const metadataOf = async (stream: string, revision: number) =>
    (await world.line.real.readStream(stream, { from: revision, limit: 1 }))[0]!.metadata as unknown as EventMetadata;

  describe('a command sent again', () => {
    it('is answered as before and takes effect once, however the state changed since', async () => {
      const { id } = await open(world.as('sam'), alice);
      const key = randomUUID();
      const first = await world.send(world.as('sam'), CategorizeCall, { callId: id, category: 'hardware' }, { key });
      await world.send(world.as('sam'), CategorizeCall, { callId: id, category: 'software' });
      expect(await world.send(world.as('sam'), CategorizeCall, { callId: id, category: 'hardware' }, { key })).toEqual(first);
      // And by a process that remembers nothing.
      const again = world.send(world.as('sam'), CategorizeCall, { callId: id, category: 'hardware' }, { key }, world.newFunnel());
      expect(await again).toEqual(first);
      expect(await world.typesIn(`supportCall-${id}`)).toEqual(['CallOpened', 'CallCategorized', 'CallCategorized']);
    });

    it('that changed nothing is answered so again, and does not take effect later', async () => {
      const key = randomUUID();
      const granting = { personId: sam, role: 'support' } as const;
      const first = await world.send(world.as('petra'), GrantRole, granting, { key });
      expect(first).toMatchObject({ changed: false });
      await world.send(world.as('petra'), WithdrawRole, granting);
      expect(await world.send(world.as('petra'), GrantRole, granting, { key })).toEqual(first);
      expect(world.as('sam').roles).toEqual([]);
      await world.send(world.as('petra'), GrantRole, granting);
      expect(world.as('sam').roles).toEqual(['support']);
    });

    it('with another body is refused, whether it had changed something or not', async () => {
      const { id } = await open(world.as('sam'), alice);
      for (const category of ['hardware', 'hardware']) {
        const key = randomUUID();
        await world.send(world.as('sam'), CategorizeCall, { callId: id, category }, { key });
        const other = world.send(world.as('sam'), CategorizeCall, { callId: id, category: 'network' }, { key });
        await expect(other).rejects.toThrow(IdempotencyMismatch);
      }
    });

    it('at the same time takes effect once, and both are answered alike', async () => {
      const key = randomUUID();
      const add = () => world.send(world.as('petra'), AddPerson, { relationship: 'customer', name: 'Dora' }, { key });
      const [one, two, three] = await Promise.all([add(), add(), add()]);
      expect(two).toEqual(one);
      expect(three).toEqual(one);
      expect(await world.typesIn(`person-${one.id}`)).toEqual(['ContactAdded']);
    });

    it('after it was refused is evaluated again', async () => {
      const { id } = await open(world.as('sam'), alice);
      const key = randomUUID();
      await expect(world.send(world.as('sam'), CloseCall, { callId: id }, { key })).rejects.toMatchObject({
        refusal: { code: 'call-not-resolved' },
      });
      await world.record(supportCall, id, { type: 'CallResolved', data: { caller: alice, resolution: 'Done' } });
      expect(await world.send(world.as('sam'), CloseCall, { callId: id }, { key })).toMatchObject({ changed: true });
    });

    it('whose answer was lost on the way is found in the stream, also where somebody wrote after it', async () => {
      const { id } = await open(world.as('sam'), alice);
      const key = randomUUID();
      let cut = true;
      world.line.after = async (stream) => {
        if (!cut) return;
        cut = false;
        await world.record(supportCall, id, { type: 'CallStatusChanged', data: { from: 'new', to: 'active' } });
        throw new OutcomeUnknown(stream);
      };
      const outcome = await world.send(world.as('sam'), CategorizeCall, { callId: id, category: 'hardware' }, { key });
      expect(outcome).toMatchObject({ revision: 1, changed: true });
      expect(await world.typesIn(`supportCall-${id}`)).toEqual(['CallOpened', 'CallCategorized', 'CallStatusChanged']);
    });

    it('is told that its outcome is not known where the store cannot say, and is answered once it can', async () => {
      const { id } = await open(world.as('sam'), alice);
      const key = randomUUID();
      const send = () => world.send(world.as('sam'), CategorizeCall, { callId: id, category: 'hardware' }, { key });
      world.line.before = (stream) => {
        throw new OutcomeUnknown(stream);
      };
      await expect(send()).rejects.toMatchObject({ name: 'Unavailable', code: 'outcome-unknown' });
      world.line.before = () => undefined;
      expect(await send()).toMatchObject({ revision: 1, changed: true });
    });
  });

  describe('what another process wrote', () => {
    it('counts, though the state is remembered: for a command, a refusal, and one that changes nothing', async () => {
      const other = world.newFunnel();
      const { id } = await open(world.as('sam'), alice);
      const categorize = (category: string, funnel = world.funnel) =>
        world.send(world.as('sam'), CategorizeCall, { callId: id, category }, {}, funnel);
      await categorize('hardware');
      await categorize('software', other);
      expect(await categorize('hardware')).toMatchObject({ changed: true, revision: 3 });
      await categorize('software', other);
      expect(await categorize('software')).toMatchObject({ changed: false, revision: 4 });

      const noteTo = { conversationId: randomUUID(), text: 'x' };
      expect(await told(world.send(world.as('sam'), TakeNote, noteTo))).toMatchObject({ code: 'conversation-not-found' });
      await world.record(conversation, noteTo.conversationId, {
        type: 'ConversationRecorded',
        data: { participants: [alice], medium: 'portal', subject: 'x' },
      });
      expect(await world.send(world.as('sam'), TakeNote, noteTo)).toMatchObject({ changed: true });
      await categorize('hardware', other);
      const seen = { ifRevision: 5 };
      expect(await world.send(world.as('sam'), CategorizeCall, { callId: id, category: 'z' }, seen)).toMatchObject({ revision: 6 });
    });
  });

  describe('If-Match', () => {
    it('is held against the revision: the same, any, or none', async () => {
      const { id } = await open(world.as('sam'), alice);
      const categorize = (category: string, ifRevision: number | '*') =>
        world.send(world.as('sam'), CategorizeCall, { callId: id, category }, { ifRevision });
      await expect(categorize('a', 7)).rejects.toMatchObject({ name: 'RevisionConflict', expected: 7, actual: 0 });
      expect(await categorize('a', 0)).toMatchObject({ revision: 1 });
      expect(await categorize('b', '*')).toMatchObject({ revision: 2 });
    });

    it('needs a record where one is made: there is none to match', async () => {
      const adding = { relationship: 'customer', name: 'Eve' } as const;
      for (const ifRevision of ['*', 0] as const) {
        await expect(world.send(world.as('petra'), AddPerson, adding, { ifRevision })).rejects.toThrow(RevisionConflict);
      }
    });

    it('says nothing about a record that is not there: that is said first', async () => {
      for (const ifRevision of ['*', 3] as const) {
        const answer = await told(world.send(world.as('sam'), CloseCall, { callId: NOBODY }, { ifRevision }));
        expect(answer).toMatchObject({ code: 'call-not-found' });
      }
    });
  });

  describe('whoever may not', () => {
    /** Each for a record of somebody else that is there, and for one that is not. */
    const attempts: [string, (target: { call: string; person: string; conversation: string }, as: Principal) => Promise<unknown>][] = [
      ['AddCommunication', ({ call }, as) => world.send(as, AddCommunication, { callId: call, direction: 'from-caller', text: 'x' })],
      [
        'AddCommunication, If-Match',
        ({ call }, as) => world.send(as, AddCommunication, { callId: call, direction: 'from-caller', text: 'x' }, { ifRevision: 99 }),
      ],
      [
        'AddCommunication in the future',
        ({ call }, as) =>
          world.send(as, AddCommunication, { callId: call, direction: 'from-caller', text: 'x', occurredAt: '2199-01-01T00:00:00.000Z' }),
      ],
      [
        'AddCommunication for an unknown purpose',
        ({ call }, as) => world.send(as, AddCommunication, { callId: call, direction: 'from-caller', text: 'x', purpose: 'constructor' }),
      ],
      [
        'AddCommunication for a purpose that does not cover it',
        ({ call }, as) => world.send(as, AddCommunication, { callId: call, direction: 'from-caller', text: 'x', purpose: 'address-book' }),
      ],
      ['AssignCall', ({ call, person }, as) => world.send(as, AssignCall, { callId: call, assignee: person })],
      ['CloseCall', ({ call }, as) => world.send(as, CloseCall, { callId: call })],
      ['CorrectDetails', ({ person }, as) => world.send(as, CorrectDetails, { personId: person, email: 'x@example.org' })],
      ['RecordPersonLeft', ({ person }, as) => world.send(as, RecordPersonLeft, { personId: person })],
      ['OpenCall', ({ person }, as) => world.send(as, OpenCall, { caller: person, medium: 'portal', subject: 'x' })],
      ['GrantRole', ({ person }, as) => world.send(as, GrantRole, { personId: person, role: 'support' })],
      [
        'OpenEngagement',
        ({ person }, as) => world.send(as, OpenEngagement, { auditor: person, from: '2026-03-01', until: '2026-04-01', scope: ['access'] }),
      ],
      [
        'RecordConversation',
        ({ person }, as) => world.send(as, RecordConversation, { participants: [person], medium: 'portal', subject: 'x' }),
      ],
      ['TakeNote', ({ conversation }, as) => world.send(as, TakeNote, { conversationId: conversation, text: 'x' })],
    ];
    let there: { call: string; person: string; conversation: string };
    const nowhere = { call: NOBODY, person: NOBODY, conversation: NOBODY };
    beforeAll(async () => {
      const call = (await open(world.as('sam'), alice)).id;
      const talk = await world.send(world.as('sam'), RecordConversation, { participants: [alice], medium: 'portal', subject: 'x' });
      there = { call, person: alice, conversation: talk.id };
    });

    it.each(attempts)('a person: %s is answered alike, whether there is anything or not', async (_, attempt) => {
      const answer = await told(attempt(there, world.as('bob')));
      expect(answer).toEqual(await told(attempt(nowhere, world.as('bob'))));
      expect(JSON.stringify(answer)).not.toContain(alice);
    });

    it.each(attempts)('a colleague without training: %s, likewise', async (_, attempt) => {
      expect(await told(attempt(there, world.as('carla')))).toEqual(await told(attempt(nowhere, world.as('carla'))));
    });

    it('is told what would help, and is counted', async () => {
      const note = { conversationId: there.conversation, text: 'x' };
      expect(await told(world.send(world.as('carla'), TakeNote, note))).toMatchObject({ code: 'training-missing' });
      const assigning = { callId: there.call, assignee: sam };
      expect(await told(world.send(world.as('carla'), AssignCall, assigning))).toMatchObject({ code: 'not-allowed' });
      const unknown = world.send(world.as('alice'), CorrectDetails, { personId: alice, email: 'a@example.org', purpose: 'marketing' });
      expect(await told(unknown)).toMatchObject({ name: 'Forbidden', code: 'purpose-unknown', field: 'purpose' });
      const uncovered = { ...note, purpose: 'address-book' };
      expect(await told(world.send(world.as('sam'), TakeNote, uncovered))).toMatchObject({ code: 'purpose-does-not-cover' });
      expect(world.refused.map(({ action, reason }) => `${action} ${reason}`)).toEqual([
        'TakeNote training-missing',
        'AssignCall not-allowed',
        'CorrectDetails purpose-unknown',
        'TakeNote purpose-does-not-cover',
      ]);
    });
  });

  describe('an event', () => {
    it('says who, for what and why it was allowed, and from where the facts came', async () => {
      const { id } = await open(world.as('sam'), alice);
      const { revision } = await world.send(world.as('sam'), AddCommunication, { callId: id, direction: 'internal', text: 'x' });
      const metadata = await metadataOf(`supportCall-${id}`, revision);
      expect(metadata).toMatchObject({
        actor: { kind: 'staff', id: sam },
        purpose: 'customer-service',
        basis: 'contract',
        source: 'data-subject',
        decision: {
          action: 'AddCommunication',
          policies: ['support-works-calls'],
          policySet: world.policies.digest,
          at: world.now,
          facts: { roles: ['support'], trained: true, exists: true, caller: false, fromCaller: false, purpose: 'customer-service' },
          sources: { stream: `supportCall-${id}`, revision: revision - 1, authorities: expect.stringMatching(/^[0-9a-f]{32}$/) },
        },
      });
    });
  });

  it('keeps nothing more about somebody whose data is being erased', async () => {
    const gone = await world.person('gone');
    const { id } = await open(world.as('sam'), gone);
    world.vault.fence(gone);
    const adding = world.send(world.as('sam'), AddCommunication, { callId: id, direction: 'internal', text: 'x' });
    await expect(adding).rejects.toMatchObject({ refusal: { code: 'subject-erased', status: 409 } });
    const opening = world.send(world.as('sam'), OpenCall, { caller: gone, medium: 'portal', subject: 'x' });
    await expect(opening).rejects.toMatchObject({ refusal: { code: 'unknown-person', field: 'caller' } });
  });

  it('appends nothing before the keys and claims it needs are durable', async () => {
    const durable = world.vault.durable.bind(world.vault);
    const order: string[] = [];
    world.vault.durable = async () => {
      await durable();
      order.push('durable');
    };
    world.line.before = () => void order.push('append');
    await world.send(world.as('petra'), AddPerson, { relationship: 'customer', name: 'Dora', externalSystem: 'crm', externalNumber: '7' });
    expect(order).toEqual(['durable', 'append']);
    world.vault.durable = async () => Promise.reject(new VaultUnavailable({ cause: new Error('the flush failed') }));
    const refused = world.send(world.as('petra'), AddPerson, { relationship: 'customer', name: 'Eve' });
    await expect(refused).rejects.toThrow(VaultUnavailable);
    expect(order).toHaveLength(2);
    world.vault.durable = durable;
  });

  it('decides nothing while it is not known who may do what', async () => {
    world.monotonic += 60_000;
    await expect(open(world.as('sam'), alice)).rejects.toThrow(Unavailable);
    world.monotonic -= 60_000;
    expect(await open(world.as('sam'), alice)).toMatchObject({ created: true });
  });
});
