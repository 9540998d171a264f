/**
 * What the software records of itself and of those who use it (GDPR Art. 5(2)): who was shown what, what was
 * refused, which policies and which build were in force. Nobody sends commands for these: the funnel records them.
 */
import { aggregate, declareEvent, plain, type ActorKind } from '@rapport/kernel';

export interface DisclosedRecord {
  /** The data subject, or the record where its values are nobody's alone. */
  readonly owner: string;
  readonly categories: readonly string[];
}

export const PersonalDataDisclosed = declareEvent('PersonalDataDisclosed', {
  title: 'Personal data was shown to somebody who works here',
  fields: {
    recipient: plain<string>('id of a colleague or service, made here, random'),
    query: plain<string>('the name of a question'),
    records: plain<readonly DisclosedRecord[]>('ids made here, and names of categories'),
  },
});

export const RefusalsRecorded = declareEvent('RefusalsRecorded', {
  title: 'Something was refused, so many times within a minute',
  notShown: 'about the use of the software: in the audit trail',
  fields: {
    actorKind: plain<ActorKind>('one of five words'),
    actor: plain<string>('id of a person or service, made here, random'),
    action: plain<string>('the name of a command or query'),
    reason: plain<string>('a code'),
    minute: plain<string>('a minute'),
    count: plain<number>('a number'),
    /** Further refusals of that minute that were not recorded one by one. */
    suppressed: plain<number>('a number'),
  },
});

export const SoftwareStarted = declareEvent('SoftwareStarted', {
  title: 'The software started',
  notShown: 'about the software: in the audit trail',
  fields: {
    version: plain<string>('of the software'),
    build: plain<string>('a digest of the program'),
    configuration: plain<string>('a digest of the configuration, secrets left out'),
  },
});

export const PolicySetPublished = declareEvent('PolicySetPublished', {
  title: 'The policies changed; this is their text',
  notShown: 'in the audit trail; GET /v1/policies answers with the policies in force',
  fields: {
    digest: plain<string>('SHA-256 of the text'),
    text: plain<string>('written policies'),
    schema: plain<string>('what the policies are about'),
  },
});

const recordedByTheFunnel = { initial: undefined, evolve: () => undefined, commands: [] };

/** One stream an answer. */
export const disclosure = aggregate<undefined, { type: string }>({
  name: 'disclosure',
  events: [PersonalDataDisclosed],
  ...recordedByTheFunnel,
});
/** One stream an entry. */
export const refusals = aggregate<undefined, { type: string }>({ name: 'refusals', events: [RefusalsRecorded], ...recordedByTheFunnel });
/** One stream for all. */
export const software = aggregate<undefined, { type: string }>({
  name: 'software',
  events: [SoftwareStarted, PolicySetPublished],
  ...recordedByTheFunnel,
});
export const SOFTWARE_ID = '00000000-0000-8000-8000-000000000002';
