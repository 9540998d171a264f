/** To which organizations a person belongs, in which role, since when. They may belong to several, or to none. */
import {
  Day,
  declareEvent,
  Id,
  isRefusal,
  plain,
  refusal,
  sealed,
  Text,
  whose,
  type Context,
  type Decision,
  type Recorded,
  type Sealed,
} from '@rapport/kernel';
import { Command, PersonalDataCommand } from '../commands';

export const AffiliationBegan = declareEvent('AffiliationBegan', {
  title: 'A person joined an organization',
  fields: {
    organization: plain<string>('id of an organization, made here, random'),
    since: plain<string | undefined>('a day'),
    role: sealed<string | undefined>('employment', whose.record),
  },
});

export const AffiliationEnded = declareEvent('AffiliationEnded', {
  title: 'A person left an organization',
  fields: { organization: plain<string>('id of an organization, made here, random'), until: plain<string>('a day') },
});

export type AffiliationEvent = Recorded<typeof AffiliationBegan> | Recorded<typeof AffiliationEnded>;

/** Organization id → the role there. */
export type Affiliations = { readonly [organization: string]: { readonly since?: string; readonly role?: Sealed<string> } };

export function evolveAffiliations(affiliations: Affiliations, event: AffiliationEvent): Affiliations {
  if (event.type === 'AffiliationBegan') {
    return { ...affiliations, [event.data.organization]: { since: event.data.since, role: event.data.role } };
  }
  const { [event.data.organization]: _, ...rest } = affiliations;
  return rest;
}

abstract class AffiliationCommand extends PersonalDataCommand {
  @Id({ description: 'The person.' })
  personId!: string;

  @Text({ max: 200, description: 'Their role there.', optional: true })
  role?: string;

  @Day({ description: 'Since when, where it is known.', optional: true })
  since?: string;
}

export class JoinOrganization extends AffiliationCommand {
  @Id({ owner: true, description: 'The organization.' })
  organization!: string;
}

export class MoveToOrganization extends AffiliationCommand {
  @Id({ description: 'The organization they leave.' })
  organization!: string;

  @Id({ owner: true, description: 'The organization they join.' })
  to!: string;

  @Day({ description: 'Their last day at the one they leave. Today where it is left out.', optional: true })
  until?: string;
}

export class LeaveOrganization extends Command {
  @Id({ description: 'The person.' })
  personId!: string;

  @Id({ description: 'The organization.' })
  organization!: string;

  @Day({ description: 'Their last day there. Today where it is left out.', optional: true })
  until?: string;
}

export const organizationUnknown = refusal.invalid('organization-unknown', 'There is no such organization. Add it first, or check the id.');
export const organizationArchived = refusal.conflict(
  'organization-archived',
  'The relationship with this organization has ended. Begin one again first.',
);
const affiliationNotFound = refusal.notFound('affiliation-not-found', 'The person does not belong to this organization.');
const affiliationBackwards = refusal.invalid('affiliation-backwards', 'The last day is before the first.');

const movedNowhere = refusal.invalid(
  'moved-nowhere',
  'They leave and join the same organization: name another, or join it with another role.',
);

/** @param field the command's that names the organization */
function join(
  organization: string,
  { role, since }: AffiliationCommand,
  affiliations: Affiliations,
  { open, directory }: Context,
  field: string,
): Decision {
  const joined = directory.organization(organization);
  if (joined === undefined) return organizationUnknown({ field });
  if (joined.archived) return organizationArchived({ field });
  const known = affiliations[organization];
  const same = known !== undefined && (known.role === undefined ? undefined : open(known.role)) === role && known.since === since;
  return same ? [] : [AffiliationBegan({ organization, since, role })];
}

export function joinOrganization(c: JoinOrganization, affiliations: Affiliations, context: Context): Decision {
  return join(c.organization, c, affiliations, context, 'organization');
}

export function moveToOrganization(c: MoveToOrganization, affiliations: Affiliations, context: Context): Decision {
  if (c.to === c.organization) return movedNowhere({ field: 'to' });
  const left = leaveOrganization(c, affiliations, context);
  if (isRefusal(left)) return left;
  const joined = join(c.to, c, affiliations, context, 'to');
  return isRefusal(joined) ? joined : [...left, ...joined];
}

export function leaveOrganization(
  c: Pick<LeaveOrganization, 'organization' | 'until'>,
  affiliations: Affiliations,
  { now }: Context,
): Decision {
  const known = affiliations[c.organization];
  if (known === undefined) {
    return affiliationNotFound({ field: 'organization' });
  }
  const until = c.until ?? now.slice(0, 10);
  if (known.since !== undefined && until < known.since) {
    return affiliationBackwards({ field: 'until' });
  }
  return [AffiliationEnded({ organization: c.organization, until })];
}
