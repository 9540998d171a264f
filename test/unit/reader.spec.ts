/** What a question shows, and what is recorded of it before. */
import { randomUUID } from 'node:crypto';
import { AddPerson, ContactAdded, declarations, PersonalDataDisclosed, WithdrawRole, type Detail } from '@rapport/domain';
import { question, type Found, shape, type Sealed } from '@rapport/kernel';
import { recorder } from '@rapport/kernel/recorded';
import { World } from './world';

describe('A question', () => {
  let world: World;
  let alice: string;
  let sealed: { readonly [D in Detail]?: Sealed };

  beforeAll(async () => {
    world = await World.open();
    await world.colleague('petra', 'privacy-officer');
    await world.colleague('carl', 'sales');
    await world.colleague('adam', 'administrator');
    await world.person('carla', 'sales');
    await world.person('dora');
    const added = { relationship: 'customer', name: 'Alice Arden', email: 'alice@arden.example', jobTitle: 'Owner' } as const;
    alice = (await world.send(world.as('petra'), AddPerson, added)).id;
    const [stored] = await world.line.real.readStream(`person-${alice}`);
    sealed = recorder(declarations)(stored!).data as typeof sealed;
  });
  afterAll(() => world.close());

  class ReadTimeline {}
  const anything = shape.anything('What was found.');

  /** Asks for these details of Alice. */
  const ask = (details: readonly Detail[], purpose: string, who = 'petra', more: Partial<Found> = {}) => {
    const found = { facts: {}, ...more, answer: { about: alice, entries: details.map((detail) => ({ detail, value: sealed[detail] })) } };
    const reader = world.reader(undefined);
    return reader.ask(
      question(ReadTimeline, anything, async () => found),
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

  it('tells somebody that there is something: that is recorded, though no value is shown', async () => {
    await ask([], 'customer-service', 'petra', { about: [alice] });
    expect(await lastDisclosure()).toEqual([{ owner: alice, categories: [] }]);
    await ask(['name'], 'customer-service', 'petra', { about: [alice] });
    expect(await lastDisclosure()).toEqual([{ owner: alice, categories: ['identity'] }]);
  });

  it('shows nothing of what was erased, and records only what could be opened', async () => {
    const [stored] = await world.line.real.readStream(`person-${alice}`);
    world.vault.destroySecrets({ event: stored!.id, category: 'contact' }, randomUUID());
    expect(await ask(['name', 'email'], 'customer-service')).toMatchObject({
      entries: [{ value: 'Alice Arden' }, { value: { erased: true } }],
    });
    expect(await lastDisclosure()).toEqual([{ owner: alice, categories: ['identity'] }]);
  });

  it('records from where the facts of its decision came', async () => {
    await ask(['name'], 'customer-service', 'petra', { of: `person-${alice}` });
    const [event] = await world.line.real.readAll({ direction: 'backwards', limit: 1 });
    const place = expect.stringMatching(/^[0-9a-f]{32}$/) as unknown;
    expect(event!.metadata).toMatchObject({
      actor: { kind: 'staff', id: world.as('petra').id },
      purpose: 'customer-service',
      basis: 'contract',
      decision: {
        action: 'ReadTimeline',
        policies: ['staff-read-people'],
        facts: { roles: ['privacy-officer'], trained: true, self: false, exists: true, categoriesCovered: true },
        sources: { stream: `person-${alice}`, readModels: place, authorities: place },
      },
    });
  });

  it('shows nothing where that it was shown cannot be recorded', async () => {
    world.line.before = () => {
      throw new Error('The disk is full.');
    };
    await expect(ask(['name'], 'customer-service')).rejects.toMatchObject({ name: 'Unavailable', code: 'disclosure-not-recorded' });
    world.line.before = () => undefined;
  });

  it('is decided by what may be done when it is answered, not when it was asked', async () => {
    const asking = world.as('carl');
    const reader = world.reader(undefined);
    const withdrawn = question(ReadTimeline, anything, async () => {
      await world.send(world.as('petra'), WithdrawRole, { personId: asking.id, role: 'sales' });
      return { facts: {}, answer: sealed.name };
    });
    const answer = reader.ask(withdrawn, new ReadTimeline(), { principal: asking, correlationId: 'test', purpose: 'customer-service' });
    await expect(answer).rejects.toMatchObject({ refusal: { code: 'not-found' } });
  });

  it('tells nobody who may not see it in any case what is in it, or whether it is there', async () => {
    const told = async (who: string, found: Found | undefined, purpose: string | undefined) => {
      const asked = question(ReadTimeline, anything, async () => found);
      const reader = world.reader(undefined);
      try {
        return await reader.ask(asked, new ReadTimeline(), { principal: world.as(who), correlationId: 'test', purpose });
      } catch (error) {
        return { ...(error as object), message: (error as Error).message };
      }
    };
    const there = { facts: {}, answer: [sealed.name, sealed.email] };
    for (const who of ['dora', 'carla', 'adam']) {
      for (const purpose of ['customer-service', 'address-book', 'curiosity', undefined]) {
        expect(await told(who, there, purpose)).toEqual(await told(who, undefined, purpose));
      }
    }
    expect(await told('carla', there, 'address-book')).toMatchObject({ reason: 'training-missing' });
    expect(await told('petra', there, undefined)).toMatchObject({ reason: 'purpose-missing', field: 'purpose' });
  });
});
