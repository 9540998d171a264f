/** Every projection, for the runtime's worker; a test proves that none of these folders is missing. */
import { auditTrail } from './audit-trail/audit-trail';
import { audience } from './audience/audience';
import { whoDecides } from './authorized-persons/authorized-persons';
import { goalsAndInterests } from './goals/goals';
import { myData } from './my-data/my-data';
import { mySupportCalls } from './my-support-calls/my-support-calls';
import { organizationCard } from './organization/organization';
import { myPreferences } from './preferences/preferences';
import { services } from './services/services';
import { timeline } from './timeline/timeline';
import { whoLooked } from './who-looked/who-looked';

export { declarations } from '@rapport/domain';
export const projections = [
  myData,
  whoLooked,
  mySupportCalls,
  timeline,
  organizationCard,
  whoDecides,
  services,
  goalsAndInterests,
  myPreferences,
  audience,
  auditTrail,
];
