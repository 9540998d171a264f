export * from './authorities';
export * from './decide';
export * from './policies';
