/** Everything behind HTTP, put together: stores, vault, policies, authorities, funnel, read models. */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Authorities, decide, loadPolicies, SYSTEM, type PolicySet } from '@rapport/access';
import {
  accountOf,
  aggregates,
  ContactAdded,
  declarations,
  person,
  PolicySetPublished,
  refusals,
  RefusalsRecorded,
  RoleGranted,
  SIGN_IN,
  SignInBound,
  software,
  SOFTWARE_ID,
  SoftwareStarted,
  staffMember,
  TrainingAttested,
  type Account,
} from '@rapport/domain';
import type { EventStore } from '@rapport/event-store';
import type { DomainEvent } from '@rapport/kernel';
import { Funnel } from '@rapport/kernel/funnel';
import { Reader } from '@rapport/kernel/reader';
import { recorder } from '@rapport/kernel/recorded';
import { openReadModel, runProjections, type ReadDatabase, type ReadModels } from '@rapport/read-model';
import type { Vault } from '@rapport/vault';
import type { Logger } from 'pino';
import type { Configuration } from './configuration';
import { loggable } from './http/problems-filter';
import { Refusals } from './refusals';
import { openStores, projectRoot } from './stores';

export interface Rapport {
  readonly store: EventStore;
  readonly vault: Vault;
  readonly policies: PolicySet;
  readonly authorities: Authorities;
  readonly funnel: Funnel;
  readonly reader: Reader<ReadDatabase>;
  readonly readModels: ReadModels;
  readonly keyFile: string;
  /** Ends in order: nothing accepted is lost. */
  close(): Promise<void>;
}

/** How long the view of authorities may be without news, in milliseconds. */
const MAX_STALENESS = 10_000;
const POLICIES = ['libs', 'access', 'policies'];

/** The version of the software. */
export function versionOf(): string {
  return (JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

export async function openRapport(configuration: Configuration, log: Logger): Promise<Rapport> {
  const clock = () => new Date();
  const stores = await openStores(configuration);
  const { store, vault, keyFile, firstEvent } = stores;

  const policies = loadPolicies(join(projectRoot(), ...POLICIES));
  const recorded = recorder(declarations);
  const authorities = new Authorities({
    store,
    recorded,
    open: (value) => vault.open(value),
    monotonic: () => performance.now(),
    maxStaleness: MAX_STALENESS,
    onFailure: (error) => log.error({ error: loggable(error) }, 'The view of who may do what stopped: nothing is decided any more'),
  });
  await authorities.start();

  const refused = new Refusals(clock);
  const funnel = new Funnel(aggregates, { store, vault, policies, authorities, clock, refused: (...refusal) => refused.count(...refusal) });
  const readModels = await runProjections(
    { module: stores.projectionsModule, file: stores.readModelFile, store: stores.storeConfig },
    { onFailure: (error) => log.error({ error: { name: error.name, message: error.message } }, 'The read models stopped') },
  );
  const readModel = openReadModel(stores.readModelFile);
  const position = () => readModels.status().position;
  const reader = new Reader<ReadDatabase>(funnel, { vault, authorities, clock, db: readModel.db, readModels: position, newId: randomUUID });
  await recordStart(funnel, policies, store, configuration, firstEvent);
  await appointFirstPrivacyOfficer({ funnel, store, vault, authorities, policies }, configuration.privacyOfficer);

  const recordRefusals = (options?: { unfinished: boolean }) =>
    refused.record((refusal) => {
      const eventId = randomUUID();
      const action = 'RecordRefusals';
      const facts = { ...systemFacts, exists: false };
      const decision = decide(policies, { kind: 'system', action, facts });
      const given = { principal: SYSTEM, correlationId: eventId, decision, action, facts, eventId };
      return funnel.record(refusals, eventId, RefusalsRecorded(refusal), given);
    }, options);
  const couldNot = (error: unknown) => log.error({ error: { name: (error as Error).name } }, 'Refusals could not be recorded');
  const timer = setInterval(() => void recordRefusals().catch(couldNot), 5_000);

  return {
    store,
    vault,
    policies,
    authorities,
    funnel,
    reader,
    readModels,
    keyFile,
    close: async () => {
      clearInterval(timer);
      // What cannot be recorded any more must not keep the rest from being closed.
      await recordRefusals({ unfinished: true }).catch(couldNot);
      await readModels.stop();
      await readModel.close();
      await authorities.stop();
      await stores.close();
    },
  };
}

const systemFacts = {
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

/** @param firstEvent the id of the history's first event, by which the vault knows it */
async function recordStart(
  funnel: Funnel,
  policies: PolicySet,
  store: EventStore,
  configuration: Configuration,
  firstEvent: string,
): Promise<void> {
  const record = async (action: string, event: ReturnType<typeof SoftwareStarted> | ReturnType<typeof PolicySetPublished>) => {
    const eventId = (await store.head()) === undefined ? firstEvent : randomUUID();
    const decision = decide(policies, { kind: 'system', action, facts: systemFacts });
    await funnel.record(software, SOFTWARE_ID, event, {
      principal: SYSTEM,
      correlationId: eventId,
      decision,
      action,
      facts: systemFacts,
      eventId,
    });
  };
  const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
  const history = await store.readStream(`${software.name}-${SOFTWARE_ID}`, { direction: 'backwards' });
  const published = history.find((event) => event.type === PolicySetPublished.type);
  if (published?.data['digest'] !== policies.digest) {
    const schema = readFileSync(join(projectRoot(), ...POLICIES, 'schema.cedarschema'), 'utf8');
    await record('PublishPolicySet', PolicySetPublished({ digest: policies.digest, text: policies.text, schema }));
  }
  const version = versionOf();
  const { port: _, ...settings } = configuration;
  await record(
    'RecordSoftwareStart',
    SoftwareStarted({ version, build: sha256(readFileSync(__filename)), configuration: sha256(JSON.stringify(settings)) }),
  );
}

/**
 * Nobody can appoint the first one, so the configuration does, as events like any other. The role comes last and each
 * step asks whether it was taken, so that one that was interrupted goes on where it was.
 */
async function appointFirstPrivacyOfficer(
  { funnel, store, vault, authorities, policies }: Pick<Rapport, 'funnel' | 'store' | 'vault' | 'authorities' | 'policies'>,
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
  const record = async (aggregate: { readonly name: string }, event: DomainEvent) => {
    const revision = (await store.readStream(`${aggregate.name}-${id}`)).length;
    const eventId = vault.uuid(commandId, `${event.type} ${revision}`);
    return funnel.record(aggregate, id, event, { principal: SYSTEM, correlationId: id, decision, action, facts, eventId });
  };
  if (known === undefined) {
    const stream = `${person.name}-${id}`;
    if ((await store.readStream(stream)).length === 0)
      await record(person, ContactAdded({ relationship: 'colleague', name: 'Privacy officer' }));
    const revision = (await store.readStream(stream)).length;
    const bindingId = vault.uuid(commandId, `${SignInBound.type} ${revision}`);
    vault.claims.claim({ namespace: SIGN_IN, value: accountOf(account), owner: id, stream, commandId: bindingId });
    await record(person, SignInBound({ signInId: vault.uuid(bindingId, 'sign-in'), account }));
    vault.claims.confirm(bindingId);
  }
  if (known?.trained !== true) {
    // Nobody else can attest it yet; the next one is attested by a colleague, within the year.
    const today = now.slice(0, 10);
    const validUntil = `${Number(today.slice(0, 4)) + 1}${today.slice(4)}`;
    await record(staffMember, TrainingAttested({ completedOn: today, validUntil }));
  }
  await authorities.reached(await record(staffMember, RoleGranted({ role: 'privacy-officer' })));
}
