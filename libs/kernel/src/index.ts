/** The vocabulary the domain is written in. Pure; the funnel that runs it is `@rapport/kernel/funnel`. */
export * from './aggregate';
export * from './dictionary';
export * from './events';
export * from './fields';
export * from './page';
export * from './refusal';
export * from './query';
export * from './shape';
