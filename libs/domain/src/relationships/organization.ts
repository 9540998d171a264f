/**
 * An organization we have a relationship with. Its names, addresses and websites are sealed with a key of its own,
 * like a person's: many are a person's name.
 */
import {
  aggregate,
  command,
  Day,
  declareEvent,
  Flag,
  Id,
  never,
  OneOf,
  plain,
  type Recorded,
  refusal,
  type Sealed,
  sealed,
  Slug,
  Text,
  whose,
  type Context,
  type Decision,
} from '@rapport/kernel';
import { Command, organizationNumberIn, PersonalDataCommand } from '../commands';
import {
  addContactPoint,
  AddContactPointCommand,
  ContactPointAdded,
  ContactPointRemoved,
  evolveContactPoints,
  removeContactPoint,
  RemoveContactPointCommand,
  type ContactPoints,
} from './contact-point';
import { organizationArchived } from './affiliation';
import { externalNumberIncomplete, RELATIONSHIPS, type ExternalNumber, type Relationship } from './relationship';

// ── Events ──

const relationship = plain<Relationship>('one of four words, shared by many');

export const OrganizationAdded = declareEvent('OrganizationAdded', {
  title: 'An organization was added',
  fields: {
    relationship,
    since: plain<string | undefined>('a day'),
    parent: plain<string | undefined>('id of an organization, made here, random'),
    name: sealed<string>('identity', whose.record),
    externalNumber: sealed<ExternalNumber | undefined>('identity', whose.record),
  },
});

export const OrganizationRenamed = declareEvent('OrganizationRenamed', {
  title: 'The name of an organization changed or was corrected',
  fields: { name: sealed<string>('identity', whose.record) },
});

export const RelationshipBegan = declareEvent('RelationshipBegan', {
  title: 'A relationship with an organization began',
  fields: { relationship, since: plain<string>('a day') },
});

export const RelationshipEnded = declareEvent('RelationshipEnded', {
  title: 'A relationship with an organization ended',
  fields: { relationship, until: plain<string>('a day') },
});

export const OrganizationArchived = declareEvent('OrganizationArchived', {
  title: 'The last relationship with an organization ended, so it was archived',
  fields: {},
});

export const AccountOwnerAssigned = declareEvent('AccountOwnerAssigned', {
  title: 'A colleague was made responsible for an organization',
  fields: { colleague: plain<string>('id of a colleague, made here, random') },
});

export const ParentSet = declareEvent('ParentSet', {
  title: 'An organization became part of another, or no longer is',
  fields: { parent: plain<string | undefined>('id of an organization, made here, random') },
});

/** What the contact persons of an organization see of it, beside themselves and what they may decide about. */
export interface Visibility {
  readonly contactPersons: boolean;
  readonly services: boolean;
  /** The calls of the organization that others made. */
  readonly calls: boolean;
}
/** Until an organization says otherwise. */
export const DEFAULT_VISIBILITY: Visibility = { contactPersons: true, services: true, calls: false };

export const ContactVisibilitySet = declareEvent('ContactVisibilitySet', {
  title: 'An organization set what its contact persons see of it',
  fields: { visibility: plain<Visibility>('three times yes or no') },
});

type OrganizationEvent =
  | Recorded<typeof OrganizationAdded>
  | Recorded<typeof OrganizationRenamed>
  | Recorded<typeof RelationshipBegan>
  | Recorded<typeof RelationshipEnded>
  | Recorded<typeof OrganizationArchived>
  | Recorded<typeof AccountOwnerAssigned>
  | Recorded<typeof ParentSet>
  | Recorded<typeof ContactVisibilitySet>
  | Recorded<typeof ContactPointAdded>
  | Recorded<typeof ContactPointRemoved>;

// ── State ──

interface KnownOrganization {
  readonly status: 'current' | 'archived';
  readonly name: Sealed<string>;
  /** The relationships that hold → since when, where it is known. */
  readonly relationships: { readonly [R in Relationship]?: { readonly since?: string } };
  readonly accountOwner?: string;
  readonly parent?: string;
  readonly visibility: Visibility;
  readonly contactPoints: ContactPoints;
}
export type Organization = { readonly status: 'unknown' } | KnownOrganization;

function evolve(state: Organization, event: OrganizationEvent): Organization {
  if (event.type === 'OrganizationAdded') {
    const { relationship: kind, since, parent, name } = event.data;
    return { status: 'current', name, relationships: { [kind]: { since } }, parent, visibility: DEFAULT_VISIBILITY, contactPoints: {} };
  }
  if (state.status === 'unknown') return state;
  switch (event.type) {
    case 'OrganizationRenamed':
      return { ...state, name: event.data.name };
    case 'RelationshipBegan':
      return {
        ...state,
        status: 'current',
        relationships: { ...state.relationships, [event.data.relationship]: { since: event.data.since } },
      };
    case 'RelationshipEnded': {
      const { [event.data.relationship]: _, ...relationships } = state.relationships;
      return { ...state, relationships };
    }
    case 'OrganizationArchived':
      return { ...state, status: 'archived' };
    case 'AccountOwnerAssigned':
      return { ...state, accountOwner: event.data.colleague };
    case 'ParentSet':
      return { ...state, parent: event.data.parent };
    case 'ContactVisibilitySet':
      return { ...state, visibility: event.data.visibility };
    case 'ContactPointAdded':
    case 'ContactPointRemoved':
      return { ...state, contactPoints: evolveContactPoints(state.contactPoints, event) };
    default:
      return never(event);
  }
}

// ── Commands ──

export class AddOrganization extends PersonalDataCommand {
  @OneOf(RELATIONSHIPS, { description: 'What the organization is to us.' })
  relationship!: Relationship;

  @Text({ max: 300, description: 'The name, as the organization writes it.' })
  name!: string;

  @Day({ description: 'Since when the relationship holds, where it is known.', optional: true })
  since?: string;

  @Id({ description: 'The organization it is a part of.', optional: true })
  parent?: string;

  @Slug({ description: 'The system that knows it by `externalNumber`.', optional: true })
  externalSystem?: string;

  @Text({ max: 100, description: 'Its number there. One number is one organization.', optional: true })
  externalNumber?: string;
}

export class RenameOrganization extends PersonalDataCommand {
  @Id({ description: 'The organization.' })
  organizationId!: string;

  @Text({ max: 300, description: 'The name, as the organization writes it.' })
  name!: string;
}

abstract class OrganizationCommand extends Command {
  @Id({ description: 'The organization.' })
  organizationId!: string;
}

export class BeginRelationship extends OrganizationCommand {
  @OneOf(RELATIONSHIPS, { description: 'What the organization is to us, beside what it is already.' })
  relationship!: Relationship;

  @Day({ description: 'Since when. Today where it is left out.', optional: true })
  since?: string;
}

export class EndRelationship extends OrganizationCommand {
  @OneOf(RELATIONSHIPS, { description: 'What the organization no longer is to us.' })
  relationship!: Relationship;

  @Day({ description: 'The last day. Today where it is left out.', optional: true })
  until?: string;
}

export class AssignAccountOwner extends OrganizationCommand {
  @Id({ owner: true, description: 'The colleague.' })
  colleague!: string;
}

export class SetParent extends OrganizationCommand {
  @Id({ description: 'The organization it is a part of; left out where it is a part of none.', optional: true })
  parent?: string;
}

export class SetContactVisibility extends OrganizationCommand {
  @Flag({ description: 'Whether contact persons see each other.' })
  contactPersons!: boolean;

  @Flag({ description: 'Whether they see the services of the organization.' })
  services!: boolean;

  @Flag({ description: 'Whether they see each other’s support calls.' })
  calls!: boolean;
}

export class AddOrganizationContactPoint extends AddContactPointCommand {
  @Id({ description: 'The organization.' })
  organizationId!: string;
}

export class RemoveOrganizationContactPoint extends RemoveContactPointCommand {
  @Id({ description: 'The organization.' })
  organizationId!: string;
}

// ── Decide ──

const organizationNotFound = refusal.notFound('organization-not-found', 'There is no such organization. Add it first, or check the id.');
const parentUnknown = refusal.invalid('parent-unknown', 'There is no such organization. Add it first, or check the id.');
const parentCircular = refusal.invalid('parent-circular', 'An organization cannot be a part of itself, nor of one of its own parts.');
const relationshipNotFound = refusal.notFound('relationship-not-found', 'There is no such relationship with this organization.');
const relationshipBackwards = refusal.invalid('relationship-backwards', 'The last day is before the first.');
const notAColleague = refusal.invalid('not-a-colleague', 'Only a colleague with a role can be responsible for an organization.');

/** Decides about an organization that is there, archived or not. */
function whenKnown<C>(decide: (command: C, organization: KnownOrganization, context: Context) => Decision) {
  return (c: C, state: Organization, context: Context): Decision =>
    state.status === 'unknown' ? organizationNotFound() : decide(c, state, context);
}

/** Decides about an organization we have a relationship with. */
function whileCurrent<C>(decide: (command: C, organization: KnownOrganization, context: Context) => Decision) {
  return whenKnown<C>((c, organization, context) =>
    organization.status === 'archived' ? organizationArchived() : decide(c, organization, context),
  );
}

/** @returns a refusal where an organization cannot be the parent */
function parentRefused(parent: string | undefined, id: string, { directory }: Context) {
  if (parent === undefined) return undefined;
  if (directory.organization(parent) === undefined) {
    return parentUnknown({ field: 'parent' });
  }
  return parent === id || directory.ancestorsOf(parent).includes(id) ? parentCircular({ field: 'parent' }) : undefined;
}

function addOrganization(c: AddOrganization, _: Organization, context: Context): Decision {
  if ((c.externalSystem === undefined) !== (c.externalNumber === undefined)) {
    const field = c.externalSystem === undefined ? 'externalSystem' : 'externalNumber';
    return externalNumberIncomplete({ field });
  }
  return (
    parentRefused(c.parent, context.id, context) ?? [
      OrganizationAdded({
        relationship: c.relationship,
        since: c.since,
        parent: c.parent,
        name: c.name,
        externalNumber: c.externalNumber === undefined ? undefined : { system: c.externalSystem!, number: c.externalNumber },
      }),
    ]
  );
}

const renameOrganization = whileCurrent<RenameOrganization>((c, { name }, { open }) =>
  open(name) === c.name ? [] : [OrganizationRenamed({ name: c.name })],
);

const beginRelationship = whenKnown<BeginRelationship>((c, { relationships }, { now }) =>
  relationships[c.relationship] !== undefined
    ? []
    : [RelationshipBegan({ relationship: c.relationship, since: c.since ?? now.slice(0, 10) })],
);

const endRelationship = whenKnown<EndRelationship>((c, { relationships }, { now }) => {
  const known = relationships[c.relationship];
  if (known === undefined) {
    return relationshipNotFound({ field: 'relationship' });
  }
  const until = c.until ?? now.slice(0, 10);
  if (known.since !== undefined && until < known.since) {
    return relationshipBackwards({ field: 'until' });
  }
  const last = Object.keys(relationships).length === 1;
  return [RelationshipEnded({ relationship: c.relationship, until }), ...(last ? [OrganizationArchived({})] : [])];
});

const assignAccountOwner = whileCurrent<AssignAccountOwner>((c, { accountOwner }, { directory }) => {
  if (!directory.isStaff(c.colleague)) {
    return notAColleague({ field: 'colleague' });
  }
  return accountOwner === c.colleague ? [] : [AccountOwnerAssigned({ colleague: c.colleague })];
});

const setParent = whileCurrent<SetParent>((c, { parent }, context) => {
  if (parent === c.parent) return [];
  return parentRefused(c.parent, context.id, context) ?? [ParentSet({ parent: c.parent })];
});

const setContactVisibility = whileCurrent<SetContactVisibility>(({ contactPersons, services, calls }, { visibility }) =>
  visibility.contactPersons === contactPersons && visibility.services === services && visibility.calls === calls
    ? []
    : [ContactVisibilitySet({ visibility: { contactPersons, services, calls } })],
);

export const organization = aggregate<Organization, OrganizationEvent>({
  name: 'organization',
  events: [
    OrganizationAdded,
    OrganizationRenamed,
    RelationshipBegan,
    RelationshipEnded,
    OrganizationArchived,
    AccountOwnerAssigned,
    ParentSet,
    ContactVisibilitySet,
    ContactPointAdded,
    ContactPointRemoved,
  ],
  initial: { status: 'unknown' },
  evolve,
  facts: (_, actor, id, directory, now) => ({
    contact: directory.organizationsOf(actor.id).includes(id),
    authorized: directory.authorityOf(actor.id, id, now).includes('organization-data'),
  }),
  commands: [
    command(AddOrganization, {
      claims: (c) =>
        c.externalSystem === undefined || c.externalNumber === undefined
          ? []
          : [{ namespace: organizationNumberIn(c.externalSystem), value: c.externalNumber, field: 'externalNumber' }],
      decide: addOrganization,
    }),
    command(RenameOrganization, { target: 'organizationId', decide: renameOrganization }),
    command(BeginRelationship, { target: 'organizationId', decide: beginRelationship }),
    command(EndRelationship, { target: 'organizationId', decide: endRelationship }),
    command(AssignAccountOwner, { target: 'organizationId', decide: assignAccountOwner }),
    command(SetParent, { target: 'organizationId', decide: setParent }),
    command(SetContactVisibility, { target: 'organizationId', decide: setContactVisibility }),
    command(AddOrganizationContactPoint, {
      target: 'organizationId',
      decide: whileCurrent((c: AddOrganizationContactPoint, { contactPoints }, context) => addContactPoint(c, contactPoints, context)),
    }),
    command(RemoveOrganizationContactPoint, {
      target: 'organizationId',
      decide: whileCurrent((c: RemoveOrganizationContactPoint, { contactPoints }) => removeContactPoint(c, contactPoints)),
    }),
  ],
});
