/** Everything behind HTTP, put together: stores, vault, policies, authorities, funnel, read models. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Authorities, decide, loadPolicies, SYSTEM, type PolicySet } from '@rapport/access';
import { aggregates, declarations, refusals, RefusalsRecorded } from '@rapport/domain';
import type { EmbeddedEventStore, EventStore } from '@rapport/event-store';
import { Funnel } from '@rapport/kernel/funnel';
import { Reader } from '@rapport/kernel/reader';
import { recorder } from '@rapport/kernel/recorded';
import { openReadModel, runProjections, type ReadDatabase, type ReadModels } from '@rapport/read-model';
import type { Vault } from '@rapport/vault';
import type { Logger } from 'pino';
import { appointFirstPrivacyOfficer, POLICIES, recordStart, systemFacts } from './beginning';
import type { Configuration } from './configuration';
import { loggable } from './http/problems-filter';
import { Refusals } from './refusals';
import { openStores, projectRoot } from './stores';

export interface Rapport {
  readonly store: EventStore | EmbeddedEventStore;
  readonly vault: Vault;
  readonly policies: PolicySet;
  readonly authorities: Authorities;
  readonly funnel: Funnel;
  readonly reader: Reader<ReadDatabase>;
  readonly readModels: ReadModels;
  readonly keyFile: string;
  /** The id of the first event: which history it is. */
  readonly firstEvent: string;
  /** Ends in order: nothing accepted is lost. */
  close(): Promise<void>;
}

/** How long the view of authorities may be without news, in milliseconds. */
const MAX_STALENESS = 10_000;

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
  const beginning = { funnel, store, vault, authorities, policies };
  await recordStart(beginning, configuration, firstEvent);
  await appointFirstPrivacyOfficer(beginning, configuration.privacyOfficer);

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
    firstEvent,
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
