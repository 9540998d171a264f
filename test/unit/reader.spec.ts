/** What a question shows, and what is recorded of it before. */
import { randomUUID } from 'node:crypto';
import { AddPerson, ContactAdded, declarations, PersonalDataDisclosed, type Detail } from '@rapport/domain';
import { question, type Sealed } from '@rapport/kernel';
import { Reader } from '@rapport/kernel/reader';
import { recorder } from '@rapport/kernel/recorded';
import { World } from './world';

describe('A question', () => {
  let world: World;
  let alice: string;
  let sealed: { readonly [D in Detail]?: Sealed };

  beforeAll(async () => {
    world = await World.open();
    await world.colleague('petra', 'privacy-officer');
    const added = { relationship: 'customer', name: 'Alice Arden', email: 'alice@arden.example', jobTitle: 'Owner' } as const;
    alice = (await world.send(world.as('petra'), AddPerson, added)).id;
    const [stored] = await world.line.real.readStream(`person-${alice}`);
    sealed = recorder(declarations)(stored!).data as typeof sealed;
  });
  afterAll(() => world.close());

  class ReadTimeline {}

  /** Asks for these details of Alice. */
  const ask = (details: readonly Detail[], purpose: string, who = 'petra') => {
    const found = { facts: {}, answer: { about: alice, entries: details.map((detail) => ({ detail, value: sealed[detail] })) } };
    const reader = new Reader(world.funnel, world, undefined, randomUUID);
    return reader.ask(
      question(ReadTimeline, async () => found),
      new ReadTimeline(),
      { principal: world.as(who), correlationId: 'test', purpose },
    );
  };
  const lastDisclosure = async () => {
    const events = await world.line.real.readAll({ direction: 'backwards', limit: 1 });
    return events[0]?.type === PersonalDataDisclosed.type ? events[0].data['records'] : undefined;
  };

  it('shows what its purpose covers, and records that', async () => {
    expect(ContactAdded.fields.email).toMatchObject({ category: 'contact' });
    expect(await ask(['name', 'email'], 'customer-service')).toEqual({
      about: alice,
      entries: [
        { detail: 'name', value: 'Alice Arden' },
        { detail: 'email', value: 'alice@arden.example' },
      ],
    });
    expect(await lastDisclosure()).toEqual([{ owner: alice, categories: ['contact', 'identity'] }]);
  });

  it('withholds what its purpose does not cover, and records only what was shown', async () => {
    expect(await ask(['name', 'email', 'jobTitle'], 'address-book')).toEqual({
      about: alice,
      entries: [
        { detail: 'name', value: 'Alice Arden' },
        { detail: 'email', value: { withheld: true, category: 'contact' } },
        { detail: 'jobTitle', value: { withheld: true, category: 'employment' } },
      ],
    });
    expect(await lastDisclosure()).toEqual([{ owner: alice, categories: ['identity'] }]);
  });

  it('is refused where its purpose covers nothing of it, or is none', async () => {
    const head = await world.line.real.head();
    await expect(ask(['email', 'jobTitle'], 'address-book')).rejects.toMatchObject({ reason: 'purpose-does-not-cover' });
    await expect(ask(['name'], 'curiosity')).rejects.toMatchObject({ reason: 'purpose-unknown' });
    expect(await world.line.real.head()).toBe(head);
  });
});
