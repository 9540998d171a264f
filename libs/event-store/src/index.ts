export * from './port';
export { startWorker } from './worker-thread';
export { InvalidAppend, InvalidEventJson } from './checks';
export { openEmbeddedEventStore, type EmbeddedEventStore, type EmbeddedOptions } from './embedded/store';
export { AppendFailed } from './embedded/group-commit';
export { readLockHolder, StoreLocked, type LockHolder } from './embedded/lock';
export { EventStoreUnavailable, openEventStoreDB } from './eventstoredb';
export { eventsFile, openEventStore } from './open';
