/** What happened in the demonstration: who is in it, what they said, and what came of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as domain from '@rapport/domain';
import { DEMO_PEOPLE } from '../identity/development-people';
import { readPurposes } from '../purposes-file';
import { projectRoot } from '../stores';

type CommandType<C extends object> = new () => C;

/** Where it is told. Times count from when it was begun, so that what is told again is the same. */
export interface Stage {
  readonly issuer: string;
  /**
   * @param who subject of a demo person
   * @param key makes the command the same one when it is sent again
   * @returns the id of the record
   */
  send<C extends object>(who: string, type: CommandType<C>, key: string, fields: Partial<C>): Promise<string>;
  /** The id of a demo person whose account is bound. */
  whoIs(who: string): string;
  /** A day, so many days later. */
  day(days: number): string;
  /** An instant, so many days before, and so many hours later. */
  ago(days: number, hours?: number): string;
}

const REGISTER = ['config', 'purposes.yaml'];
const byThemselves = { source: 'data-subject' } as const;
const service = { ...byThemselves, purpose: 'customer-service' } as const;
const contact = { ...byThemselves, purpose: 'relationship-management' } as const;
const desk = { ...byThemselves, purpose: 'service-desk' } as const;
const security = { source: 'employer', purpose: 'security' } as const;

/** @returns the ids of whoever is asked about later */
export async function tell(stage: Stage): Promise<{ readonly alice: string }> {
  await declarePurposes(stage);
  await hireColleagues(stage);
  await registerServices(stage);
  const { alice, bob } = await meetCustomers(stage);
  await talk(stage, alice, bob);
  await answerCalls(stage, alice, bob);
  return { alice };
}

async function declarePurposes({ send }: Stage): Promise<void> {
  const file = join(projectRoot(), ...REGISTER);
  for (const purpose of readPurposes(readFileSync(file, 'utf8'), REGISTER.join('/'))) {
    await send('petra', domain.DeclarePurpose, `purpose ${purpose.slug}`, purpose);
  }
}

type NewPerson = Pick<domain.AddPerson, 'relationship' | 'purpose' | 'source'> & Partial<domain.AddPerson>;

/** Adds a demo person, who signs in by the account of that name. */
async function add({ send, issuer }: Stage, subject: string, fields: NewPerson): Promise<string> {
  const { name } = DEMO_PEOPLE.find((person) => person.subject === subject)!;
  const id = await send('petra', domain.AddPerson, `person ${subject}`, { name, ...fields });
  await send('petra', domain.BindSignIn, `sign-in ${subject}`, { ...security, personId: id, issuer, subject });
  return id;
}

async function hireColleagues(stage: Stage): Promise<void> {
  const { send, day, whoIs } = stage;
  // She was appointed by the configuration, which knows no name.
  const petra = { personId: whoIs('petra'), name: 'Petra Peeters', email: 'petra@rapport.example', jobTitle: 'Privacy officer' };
  await send('petra', domain.CorrectDetails, 'petra', { ...security, ...petra });

  const colleague = { ...security, relationship: 'colleague' } as const;
  const sam = await add(stage, 'sam', { ...colleague, email: 'sam@rapport.example', jobTitle: 'Service desk' });
  await send('petra', domain.GrantRole, 'sam supports', { personId: sam, role: 'support' });
  await send('petra', domain.AttestTraining, 'sam is trained', { personId: sam, completedOn: day(-30), validUntil: day(335) });
  const carla = await add(stage, 'carla', { ...colleague, email: 'carla@rapport.example', jobTitle: 'Account manager' });
  await send('petra', domain.GrantRole, 'carla sells', { personId: carla, role: 'sales' });

  const audrey = await add(stage, 'audrey', { ...security, relationship: 'interested-party', jobTitle: 'Auditor' });
  const scope = ['access', 'disclosures', 'purposes', 'security'] as const;
  const engagement = { auditor: audrey, from: day(-7), until: day(83), scope: [...scope] };
  await send('petra', domain.OpenEngagement, 'audrey examines', engagement);
}

async function registerServices({ send, issuer }: Stage): Promise<void> {
  const purposes = ['customer-service', 'relationship-management'];
  await send('petra', domain.RegisterService, 'crm', { name: 'crm', issuer, client: 'crm', purposes });
  await send('petra', domain.RegisterService, 'import', {
    name: 'import',
    issuer,
    client: 'import',
    purposes: [...purposes, 'service-desk'],
  });
}

async function meetCustomers(stage: Stage): Promise<{ alice: string; bob: string }> {
  const { send } = stage;
  const customer = async (key: string, name: string, address: string) => {
    const organizationId = await send('petra', domain.AddOrganization, key, { ...service, relationship: 'customer', name });
    await send('petra', domain.AddOrganizationContactPoint, `${key} address`, {
      ...service,
      organizationId,
      kind: 'visiting-address',
      value: address,
      label: 'head office',
    });
    await send('petra', domain.AssignAccountOwner, `${key} owner`, { organizationId, colleague: stage.whoIs('carla') });
    return organizationId;
  };
  const bakery = await customer('bakery', 'Arden Bakeries', 'Mill Lane 3\n7200 Zutphen');
  const shipyard = await customer('shipyard', 'Bergman Shipyard', 'Quay 11\n3011 Rotterdam');

  const alice = await add(stage, 'alice', {
    ...service,
    relationship: 'customer',
    email: 'alice@arden.example',
    telephone: '+31 575 555 0101',
  });
  await send('petra', domain.JoinOrganization, 'alice joins', { ...service, personId: alice, organization: bakery, role: 'Owner' });
  const bob = await add(stage, 'bob', { ...service, relationship: 'customer', email: 'bob@bergman.example' });
  await send('petra', domain.JoinOrganization, 'bob joins', { ...service, personId: bob, organization: shipyard, role: 'IT manager' });
  await send('alice', domain.CorrectDetails, 'alice corrects', {
    ...service,
    channel: 'portal',
    personId: alice,
    telephone: '+31 575 555 0199',
  });
  return { alice, bob };
}

async function talk({ send, ago, day }: Stage, alice: string, bob: string): Promise<void> {
  const visit = await send('sam', domain.RecordConversation, 'visit', {
    ...service,
    occurredAt: ago(21),
    channel: 'meeting',
    participants: [alice],
    medium: 'meeting',
    subject: 'Visit to the new bakery',
    note: 'Moves to a second oven in spring. Prefers to be called before ten, never on Saturdays.',
    followUpDue: day(14),
    followUp: 'Send the checklist for the move',
  });
  await send('sam', domain.TakeNote, 'visit note', {
    ...service,
    occurredAt: ago(2),
    channel: 'telephone',
    conversationId: visit,
    text: 'Called back: the oven arrives a week later than planned.',
  });
  await send('sam', domain.RecordConversation, 'fair', {
    ...contact,
    occurredAt: ago(10),
    channel: 'meeting',
    participants: [alice, bob],
    medium: 'meeting',
    subject: 'Met at the trade fair',
    note: 'Both are interested in a shared evening about energy prices.',
    followUpDue: day(28),
    followUp: 'Propose two dates for the evening',
  });
}

async function answerCalls({ send, ago, whoIs }: Stage, alice: string, bob: string): Promise<void> {
  const sam = whoIs('sam');
  const open = async (who: 'alice' | 'bob', key: string, hoursAgo: number, subject: string, description: string) => {
    const caller = who === 'alice' ? alice : bob;
    const call = { ...desk, caller, medium: 'portal', channel: 'portal', occurredAt: ago(0, -hoursAgo), subject, description } as const;
    return send(who, domain.OpenCall, key, call);
  };
  const assign = async (callId: string, key: string, hoursAgo: number, category: string) => {
    const occurredAt = ago(0, -hoursAgo);
    await send('sam', domain.CategorizeCall, `${key} category`, { callId, category, occurredAt });
    await send('sam', domain.AssignCall, `${key} assigned`, { callId, group: 'service-desk', assignee: sam, occurredAt });
  };

  const orders = await open('alice', 'orders', 200, 'Orders are printed twice', 'Since Monday each order comes out of the printer twice.');
  await assign(orders, 'orders', 198, 'printing');
  await send('sam', domain.AddCommunication, 'orders answer', {
    ...desk,
    callId: orders,
    occurredAt: ago(0, -197),
    direction: 'to-caller',
    text: 'Is the printer listed twice in the settings of the till?',
  });
  await send('alice', domain.AddCommunication, 'orders reply', {
    ...desk,
    channel: 'portal',
    callId: orders,
    occurredAt: ago(0, -196),
    direction: 'from-caller',
    text: 'Yes, as “Counter” and as “Counter 2”.',
  });
  await send('sam', domain.ResolveCall, 'orders resolved', {
    ...desk,
    callId: orders,
    occurredAt: ago(0, -195),
    resolution: 'Removed the second printer from the till.',
  });
  await send('sam', domain.CloseCall, 'orders closed', { callId: orders, occurredAt: ago(0, -150) });
  await send('alice', domain.GiveFeedback, 'orders feedback', {
    ...desk,
    channel: 'portal',
    callId: orders,
    occurredAt: ago(0, -149),
    score: 5,
    comment: 'Solved within the morning.',
  });

  const invoice = await open('alice', 'invoice', 30, 'A copy of the invoice of March', 'Our accountant asks for it.');
  await assign(invoice, 'invoice', 28, 'administration');
  await send('sam', domain.ChangeCallStatus, 'invoice active', { callId: invoice, occurredAt: ago(0, -27), status: 'active' });
  await send('sam', domain.AddCommunication, 'invoice question', {
    ...desk,
    callId: invoice,
    occurredAt: ago(0, -26),
    direction: 'to-caller',
    text: 'For which of the two shops?',
  });
  await send('sam', domain.ChangeCallStatus, 'invoice waits', { callId: invoice, occurredAt: ago(0, -26), status: 'awaiting-caller' });

  const network = await open('bob', 'network', 90, 'Network at the slipway drops', 'Several times a day, for a minute or two.');
  await assign(network, 'network', 89, 'network');
  await send('sam', domain.ResolveCall, 'network resolved', {
    ...desk,
    callId: network,
    occurredAt: ago(0, -70),
    resolution: 'Replaced the switch in the crane house.',
  });
  await send('sam', domain.ReopenCall, 'network reopened', {
    ...desk,
    callId: network,
    occurredAt: ago(0, -20),
    reason: 'Bob says it dropped again this night.',
  });
  await send('sam', domain.AddCommunication, 'network internal', {
    ...desk,
    callId: network,
    occurredAt: ago(0, -19),
    direction: 'internal',
    text: 'The new switch logs nothing; look at the power supply.',
  });

  await open('bob', 'account', 2, 'A second account for the new colleague', 'She starts on the first of next month.');
}
