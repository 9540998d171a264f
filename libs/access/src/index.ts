export * from './decide';
export * from './lru';
export * from './policies';
