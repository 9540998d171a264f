/** The whole domain. A test proves that no aggregate of these folders is missing here. */
import type { Aggregate } from '@rapport/kernel';
import { disclosure, refusals, software } from './oversight/accountability';
import { engagement } from './oversight/engagement';
import { service } from './oversight/service';
import { staffMember } from './oversight/staff-member';
import { purposeRegister } from './privacy/purpose-register';
import { conversation } from './relationships/conversation';
import { person } from './relationships/person';
import { supportCall } from './relationships/support-call';

export * from './commands';
export * from './oversight/accountability';
export * from './oversight/engagement';
export * from './oversight/service';
export * from './oversight/staff-member';
export * from './privacy/data-category';
export * from './privacy/purpose-register';
export * from './relationships/conversation';
export * from './relationships/person';
export * from './relationships/support-call';
export * from './relationships/support-call-history';

export const aggregates: readonly Aggregate[] = [
  person,
  conversation,
  supportCall,
  purposeRegister,
  staffMember,
  service,
  engagement,
  disclosure,
  refusals,
  software,
];

/** Every event type there is. */
export const declarations = aggregates.flatMap((aggregate) => aggregate.events);
