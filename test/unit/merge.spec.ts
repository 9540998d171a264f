/** Merging two people, and undoing it, on a real store: what every read model holds, and what every question is answered. */
import * as fc from 'fast-check';
import {
  AddContactPoint,
  AddOrganization,
  CorrectDetails,
  declarations,
  JoinOrganization,
  LeaveOrganization,
  MergedInto,
  MergePeople,
  OpenCall,
  RecordConversation,
  TakeNote,
  Unmerged,
  UnmergePerson,
} from '@rapport/domain';
import type { StoredEvent } from '@rapport/event-store';
import { fieldsOf, isInvalid, validate, type Actor, type InputClass } from '@rapport/kernel';
import { Refused } from '@rapport/kernel/errors';
import { declarationsOf } from '@rapport/kernel/recorded';
import { projections as all } from '@rapport/projections';
import { readTimeline } from '@rapport/projections/timeline/timeline';
import type { Projection } from '@rapport/read-model';
import { Projector } from '@rapport/read-model/projector';
import { readModelOn } from '@rapport/read-model/query';
import { openForWriting } from '@rapport/read-model/sqlite';
import { routes } from '../../apps/server/src/resources';
import { World } from './world';

jest.setTimeout(600_000);

const projections: readonly Projection[] = all;
const questions = Object.values(routes).flatMap((of) => of.flatMap(({ question }) => (question === undefined ? [] : [question])));
const isMerge = ({ type }: { readonly type: string }) => type === MergedInto.type || type === Unmerged.type;

/** Without what tells of merges themselves. */
function withoutMerges(value: unknown, merges: ReadonlySet<unknown>): unknown {
  const isOne = (member: unknown) => typeof member === 'object' && member !== null && merges.has((member as { event?: unknown }).event);
  if (Array.isArray(value)) return value.filter((member) => !isOne(member)).map((member) => withoutMerges(member, merges));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutMerges(member, merges)]));
}

/** Two people, Alice and Bob, of whom something is known, and the records they are in. */
class Acquaintances {
  private constructor(
    readonly world: World,
    readonly alice: string,
    readonly bob: string,
    readonly organization: string,
    readonly calls: string[] = [],
    readonly conversations: string[] = [],
  ) {}

  static async open(): Promise<Acquaintances> {
    const world = await World.open();
    await world.colleague('petra', 'privacy-officer');
    await world.colleague('sam', 'support');
    const [alice, bob] = [await world.person('alice'), await world.person('bob')];
    const added = await world.send(world.as('petra'), AddOrganization, { relationship: 'customer', name: 'Acme' });
    return new Acquaintances(world, alice, bob, added.id);
  }

  /** Something happens with one of them, or with both. What cannot be is refused, and is as good. */
  async happen({ what, whom, text }: Happening): Promise<void> {
    const { world, organization } = this;
    const petra = world.as('petra');
    const personId = whom === 'bob' ? this.bob : this.alice;
    const both = whom === 'both' ? [this.alice, this.bob] : [personId];
    const sent: { [W in Happening['what']]: () => Promise<unknown> } = {
      correct: () => world.send(petra, CorrectDetails, { personId, telephone: text }),
      reach: () => world.send(petra, AddContactPoint, { personId, kind: 'mobile', value: text }),
      join: () => world.send(petra, JoinOrganization, { personId, organization, role: text }),
      leave: () => world.send(petra, LeaveOrganization, { personId, organization }),
      call: async () => {
        const { id } = await world.send(world.as('sam'), OpenCall, { caller: personId, organization, medium: 'telephone', subject: text });
        this.calls.push(id);
      },
      talk: async () => {
        const { id } = await world.send(petra, RecordConversation, { participants: both, medium: 'meeting', subject: text });
        this.conversations.push(id);
        await world.send(petra, TakeNote, { conversationId: id, text });
      },
      look: async () => {
        const model = await this.readModel();
        const asking = { principal: petra, correlationId: 'test', purpose: 'customer-service' };
        await world.reader(model.db).ask(readTimeline as never, { personId, purpose: asking.purpose }, asking);
        await model.close();
      },
    };
    await sent[what]().catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error;
    });
  }

  events(): Promise<readonly StoredEvent[]> {
    return this.world.line.real.readAll({ limit: 100_000 });
  }

  private async project() {
    const events = await this.events();
    const database = openForWriting(':memory:');
    new Projector(database, projections, declarationsOf(declarations)).apply(events, events.at(-1)!.position);
    return database;
  }

  async readModel() {
    return readModelOn(await this.project());
  }

  /** Every row of every read model, and the answer to every question about them, as anybody would ask it. */
  async everything(): Promise<{ rows: unknown; answers: Map<string, unknown> }> {
    const merges = new Set((await this.events()).filter(isMerge).map(({ id }) => id));
    const database = await this.project();
    const rows = projections.flatMap(({ tables }) =>
      Object.values(tables).map(({ storedAs, key }) => [
        storedAs,
        database.prepare(`SELECT * FROM "${storedAs}" ORDER BY ${key.join(', ')}`).all(),
      ]),
    );
    const model = readModelOn(database);
    const actors: Actor[] = [
      { kind: 'staff', id: this.world.as('petra').id },
      { kind: 'person', id: this.world.as('alice').id },
      { kind: 'person', id: this.world.as('bob').id },
    ];
    const answers = new Map<string, unknown>();
    for (const { type, find } of questions) {
      for (const asked of this.asked(type)) {
        for (const actor of actors) {
          const found = await find(model.db, asked, actor, this.world.authorities.directory, this.world.now);
          answers.set(`${type.name} ${JSON.stringify(asked)} by ${actor.kind} ${actor.id}`, withoutMerges(found ?? null, merges));
        }
      }
    }
    await model.close();
    return { rows: withoutMerges(rows, merges), answers };
  }

  /** A question about each record there is. */
  private asked(type: new () => object): object[] {
    const ids: { readonly [field: string]: readonly unknown[] } = {
      personId: [this.alice, this.bob],
      organizationId: [this.organization],
      callId: this.calls,
      conversationId: this.conversations,
      purpose: ['customer-service'],
    };
    const fields = fieldsOf(type as InputClass).filter(({ name, optional }) => !optional || name === 'purpose');
    const combined = fields.reduce<[string, unknown][][]>(
      (all, { name, example }) =>
        all.flatMap((given) => (ids[name] ?? [example]).map((value): [string, unknown][] => [...given, [name, value]])),
      [[]],
    );
    return combined.map((given) => {
      const question = validate(type as InputClass, Object.fromEntries(given));
      if (isInvalid(question)) throw new Error(`${type.name} cannot be asked so: ${JSON.stringify(question.violations)}`);
      return question;
    });
  }
}

interface Happening {
  readonly what: 'correct' | 'reach' | 'join' | 'leave' | 'call' | 'talk' | 'look';
  readonly whom: 'alice' | 'bob' | 'both';
  readonly text: string;
}
const happenings = fc.array(
  fc.record<Happening>({
    what: fc.constantFrom('correct', 'reach', 'join', 'leave', 'call', 'talk', 'look'),
    whom: fc.constantFrom('alice', 'bob', 'both'),
    text: fc.constantFrom('010 555 0100', '020 555 0200', '030 555 0300'),
  }),
  { minLength: 1, maxLength: 10 },
);

describe('unmerge(merge(a, b))', () => {
  it('is a and b, in every read model and in the answer to every question', async () => {
    await fc.assert(
      fc.asyncProperty(happenings, async (history) => {
        const they = await Acquaintances.open();
        try {
          const { world, alice, bob } = they;
          for (const happening of history) await they.happen(happening);
          const before = await they.everything();
          const both = ({ rows }: typeof before) => rows;

          await world.send(world.as('petra'), MergePeople, { personId: bob, survivor: alice });
          const merged = await they.everything();
          // No row is another one; and whichever of them is asked about, it is about both.
          expect(both(merged)).toEqual(both(before));
          for (const [asked, answer] of merged.answers) expect(merged.answers.get(asked.replace(`"${bob}"`, `"${alice}"`))).toEqual(answer);

          await world.send(world.as('petra'), UnmergePerson, { personId: bob });
          const after = await they.everything();
          expect(after).toEqual(before);
        } finally {
          await they.world.close();
        }
      }),
      { numRuns: 8 },
    );
  });
});

describe('While two people are merged', () => {
  let they: Acquaintances;
  beforeAll(async () => {
    they = await Acquaintances.open();
    const { world, alice, bob } = they;
    await they.happen({ what: 'join', whom: 'bob', text: 'Baker' });
    await they.happen({ what: 'reach', whom: 'bob', text: '010 555 0100' });
    await world.send(world.as('petra'), MergePeople, { personId: bob, survivor: alice });
  });
  afterAll(() => they.world.close());

  it('whoever signs in as the duplicate is the survivor, and belongs to the organizations of both', () => {
    const { world, alice, organization } = they;
    expect(world.as('bob')).toEqual(world.as('alice'));
    expect(world.as('bob').id).toBe(alice);
    expect(world.authorities.directory.organizationsOf(alice)).toEqual([organization]);
  });

  it('a command to the duplicate, or about them, is answered with the survivor', async () => {
    const { world, alice, bob } = they;
    const refused = (field?: string) => ({ refusal: { code: 'merged', status: 409, field, more: { survivor: alice } } });
    const petra = world.as('petra');
    await expect(world.send(petra, CorrectDetails, { personId: bob, telephone: '1234567' })).rejects.toMatchObject(refused());
    const talking = world.send(petra, RecordConversation, { participants: [alice, bob], medium: 'meeting', subject: 'x' });
    await expect(talking).rejects.toMatchObject(refused('participants/1'));
    await expect(world.send(petra, MergePeople, { personId: bob, survivor: alice })).rejects.toMatchObject(refused());
    await expect(world.send(petra, MergePeople, { personId: alice, survivor: bob })).rejects.toMatchObject(refused('survivor'));
  });

  it('what only takes away still can', async () => {
    const { world, bob, organization } = they;
    await world.send(world.as('petra'), LeaveOrganization, { personId: bob, organization });
    expect(world.authorities.directory.organizationsOf(bob)).toEqual([]);
  });

  it('is for the privacy officer where one signs in, and for nobody where it is about themselves', async () => {
    const { world, bob } = they;
    const dora = await world.person('dora');
    const merging = world.send(world.as('sam'), MergePeople, { personId: bob, survivor: dora });
    await expect(merging).rejects.toMatchObject({ name: 'Forbidden' });
    const herself = world.send(world.as('petra'), MergePeople, { personId: dora, survivor: world.as('petra').id });
    await expect(herself).rejects.toMatchObject({ name: 'Forbidden' });
  });

  it('no circle can be closed, however many merge at once', async () => {
    const { world } = they;
    const ids = await Promise.all(['e', 'f', 'g', 'h'].map((name) => world.person(name)));
    const merging = ids.map((personId, n) => world.send(world.as('petra'), MergePeople, { personId, survivor: ids[(n + 1) % ids.length] }));
    const outcomes = await Promise.allSettled(merging);
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
    const merged = await Promise.all(ids.map(async (id) => (await world.typesIn(`person-${id}`)).includes(MergedInto.type)));
    const groups = new Set(ids.map((id) => world.authorities.directory.survivorOf(id)));
    expect(groups.size).toBe(merged.filter((is) => !is).length);
  });
});
