export * from './port';
export { startWorker } from './worker-thread';
