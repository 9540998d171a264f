/** What Rapport records of itself when it starts: its policies, itself, and the first privacy officer where there is none. */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decide, SYSTEM } from '@rapport/access';
import {
  accountOf,
  ContactAdded,
  declarePurpose,
  person,
  PolicySetPublished,
  PurposeDeclared,
  PURPOSE_REGISTER_ID,
  purposeRegister,
  RoleGranted,
  SIGN_IN,
  SignInBound,
  software,
  SOFTWARE_ID,
  SoftwareStarted,
  staffMember,
  TrainingAttested,
  type Account,
  type Purpose,
} from '@rapport/domain';
import type { DomainEvent } from '@rapport/kernel';
import { isRefusal } from '@rapport/kernel';
import type { Configuration } from './configuration';
import { readPurposes } from './purposes-file';
import type { Rapport } from './rapport';
import { projectRoot, versionOf } from './stores';

export const POLICIES = ['libs', 'access', 'policies'];
const REGISTER = 'config/purposes.yaml';
/** For which accounts are kept. */
const SECURITY = 'security';

/** The facts of what Rapport does by itself. */
export const systemFacts = {
  roles: [],
  trained: false,
  engaged: false,
  self: false,
  exists: true,
  purpose: '',
  purposeKnown: false,
  purposeAllowed: false,
  categoriesCovered: true,
};

type Beginning = Pick<Rapport, 'funnel' | 'store' | 'vault' | 'authorities' | 'policies'>;
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

/** @param firstEvent the id of the history's first event, by which the vault knows it */
export async function recordStart({ funnel, policies, store }: Beginning, configuration: Configuration, firstEvent: string): Promise<void> {
  const record = async (action: string, event: DomainEvent) => {
    const eventId = (await store.head()) === undefined ? firstEvent : randomUUID();
    const decision = decide(policies, { kind: 'system', action, facts: systemFacts });
    const given = { principal: SYSTEM, correlationId: eventId, decision, action, facts: systemFacts, eventId };
    await funnel.record(software, SOFTWARE_ID, event, given);
  };
  const history = await store.readStream(`${software.name}-${SOFTWARE_ID}`, { direction: 'backwards' });
  const published = history.find((event) => event.type === PolicySetPublished.type);
  if (published?.data['digest'] !== policies.digest) {
    const schema = readFileSync(join(projectRoot(), ...POLICIES, 'schema.cedarschema'), 'utf8');
    await record('PublishPolicySet', PolicySetPublished({ digest: policies.digest, text: policies.text, schema }));
  }
  await record(
    'RecordSoftwareStart',
    SoftwareStarted({ version: versionOf(), build: buildDigest(), configuration: configurationDigest(configuration) }),
  );
  const [first] = await store.readAll({ limit: 1 });
  if (first?.id !== firstEvent) {
    throw new Error('Another Rapport has begun its history in this event store at the same time. Give this one an event store of its own.');
  }
}

/** A digest of every file of the program, by its path: another build has another one. */
function buildDigest(): string {
  const root = join(__dirname, '..', '..', '..');
  const files = ['apps', 'libs', 'projections']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
    .filter((name) => /(?<!\.spec|\.d)\.(js|ts)$/.test(name))
    .sort();
  return sha256(files.map((name) => `${name} ${sha256(readFileSync(join(root, name)))}\n`).join(''));
}

/** Without what must not be guessed from a digest: who the first privacy officer is, and a password in the store's address. */
export function configurationDigest({ privacyOfficer: _, port: __, eventStoreUrl, ...settings }: Configuration): string {
  return sha256(JSON.stringify({ ...settings, eventStoreUrl: eventStoreUrl?.replace(/\/\/[^/@]*@/, '//') }));
}

/**
 * Nobody can appoint the first one, so the configuration does, as events like any other. The role comes last and each
 * step asks whether it was taken, so that one that was interrupted goes on where it was.
 */
export async function appointFirstPrivacyOfficer(
  { funnel, store, vault, authorities, policies }: Beginning,
  account: Account | undefined,
): Promise<void> {
  if (account === undefined || authorities.hasRole('privacy-officer')) return;
  const action = 'AppointFirstPrivacyOfficer';
  const facts = { ...systemFacts, bootstrap: true };
  const decision = decide(policies, { kind: 'system', action, facts });
  if (!decision.allowed) throw new Error('The policies do not allow the configuration to appoint the first privacy officer.');
  const commandId = vault.commandId([action, accountOf(account)]);
  const now = new Date().toISOString();
  const known = authorities.principal(account, now);
  const id = known?.id ?? vault.uuid(commandId, 'stream');
  const record = async (aggregate: { readonly name: string }, event: DomainEvent, purpose?: Purpose, into = id) => {
    const revision = (await store.readStream(`${aggregate.name}-${into}`)).length;
    const eventId = vault.uuid(commandId, `${event.type} ${revision}`);
    const source = purpose && ('employer' as const);
    return funnel.record(aggregate, into, event, {
      principal: SYSTEM,
      correlationId: id,
      decision,
      action,
      facts,
      purpose,
      source,
      eventId,
    });
  };
  if (known === undefined) {
    // Also the first account is kept for a purpose, and the register has none yet.
    const purpose = authorities.purpose(SECURITY) ?? purposeOfAccounts();
    if (authorities.purpose(SECURITY) === undefined)
      await record(purposeRegister, PurposeDeclared({ purpose }), undefined, PURPOSE_REGISTER_ID);
    const stream = `${person.name}-${id}`;
    if ((await store.readStream(stream)).length === 0)
      await record(person, ContactAdded({ relationship: 'colleague', name: 'Privacy officer' }), purpose);
    const revision = (await store.readStream(stream)).length;
    const bindingId = vault.uuid(commandId, `${SignInBound.type} ${revision}`);
    vault.claims.claim({ namespace: SIGN_IN, value: accountOf(account), owner: id, stream, commandId: bindingId });
    await record(person, SignInBound({ signInId: vault.uuid(bindingId, 'sign-in'), account }), purpose);
    vault.claims.confirm(bindingId);
  }
  if (known?.trained !== true) {
    // Nobody else can attest it yet; the next one is attested by a colleague, within the year.
    const today = now.slice(0, 10);
    const validUntil = `${Number(today.slice(0, 4)) + 1}${today.slice(4).replace('-02-29', '-02-28')}`;
    await record(staffMember, TrainingAttested({ completedOn: today, validUntil }));
  }
  await authorities.reached(await record(staffMember, RoleGranted({ role: 'privacy-officer' })));
}

/** As the register's file has it. @throws Error where it is not there, or does not cover an account */
function purposeOfAccounts(): Purpose {
  const file = join(projectRoot(), REGISTER);
  const command = readPurposes(readFileSync(file, 'utf8'), REGISTER).find(({ slug }) => slug === SECURITY);
  const declared = command && declarePurpose(command, {});
  const purpose = declared && !isRefusal(declared) ? (declared[0]?.data as { purpose: Purpose }).purpose : undefined;
  if (purpose === undefined || !['identity', 'sign-in'].every((category) => (purpose.categories as readonly string[]).includes(category))) {
    throw new Error(
      `${REGISTER} must hold a purpose '${SECURITY}' that covers identity and sign-in: the first privacy officer's account is kept for it.`,
    );
  }
  return purpose;
}
