/** The whole domain. A test proves that no aggregate of these folders is missing here. */
import type { Aggregate } from '@rapport/kernel';
import { disclosure, refusals, software } from './oversight/accountability';
import { engagement } from './oversight/engagement';
import { service } from './oversight/service';
import { staffMember } from './oversight/staff-member';
import { purposeRegister } from './privacy/purpose-register';
import { authorizedPersons } from './relationships/authorized-persons';
import { conversation } from './relationships/conversation';
import { interests } from './relationships/interests';
import { organization } from './relationships/organization';
import { person } from './relationships/person';
import { preferences } from './relationships/preferences';
import { serviceAgreement } from './relationships/service-agreement';
import { supportCall } from './relationships/support-call';

export * from './commands';
export * from './directory';
export * from './oversight/accountability';
export * from './oversight/engagement';
export * from './oversight/service';
export * from './oversight/staff-member';
export * from './privacy/data-category';
export * from './privacy/purpose-register';
export * from './relationships/affiliation';
export * from './relationships/authorized-persons';
export * from './relationships/contact-point';
export * from './relationships/conversation';
export * from './relationships/details';
export * from './relationships/interests';
export * from './relationships/merge';
export * from './relationships/organization';
export * from './relationships/person';
export * from './relationships/preferences';
export * from './relationships/relationship';
export * from './relationships/service-agreement';
export * from './relationships/support-call';
export * from './relationships/support-call-history';

export const aggregates: readonly Aggregate[] = [
  person,
  organization,
  authorizedPersons,
  serviceAgreement,
  interests,
  preferences,
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
export const declarations = [...new Set(aggregates.flatMap((aggregate) => aggregate.events))];
