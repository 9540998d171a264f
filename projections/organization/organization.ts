/** Who is this organization: what it is to us, how it is reached, and who are its contact persons (promises R1, R15, R20)? */
import {
  AccountOwnerAssigned,
  AffiliationBegan,
  AffiliationEnded,
  ContactAdded,
  ContactPointAdded,
  ContactPointRemoved,
  DetailsCorrected,
  OrganizationAdded,
  OrganizationArchived,
  OrganizationRenamed,
  ParentSet,
  RelationshipBegan,
  RelationshipEnded,
  CONTACT_POINT_KINDS,
  RELATIONSHIPS,
  type ContactPointKind,
  type Relationship,
} from '@rapport/domain';
import { Id, question, shape, Slug, type Directory, type Sealed } from '@rapport/kernel';
import {
  ensure,
  from,
  insert,
  json,
  jsonOf,
  jsonOrNullOf,
  on,
  patch,
  projection,
  remove,
  table,
  upsert,
  wordOf,
  type ReadDatabase,
  type SelectedRow,
} from '@rapport/read-model';

export const organizations = table(
  'organization',
  {
    id: 'text',
    name: jsonOf<Sealed<string>>(),
    parent: 'text?',
    account_owner: 'text?',
    archived: 'boolean',
    position: 'text',
  },
  { key: ['id'], indexes: [['parent']] },
);

export const relationships = table(
  'relationship',
  { organization: 'text', kind: wordOf<Relationship>(), since: 'text?', until: 'text?' },
  { key: ['organization', 'kind'] },
);

/** Of organizations and of people: `owner` is either's id. */
export const contactPoints = table(
  'contact_point',
  { owner: 'text', id: 'text', kind: wordOf<ContactPointKind>(), value: jsonOf<Sealed<string>>(), label: jsonOrNullOf<Sealed<string>>() },
  { key: ['owner', 'id'] },
);

export const members = table(
  'member',
  { organization: 'text', person: 'text', role: jsonOrNullOf<Sealed<string>>(), since: 'text?', until: 'text?' },
  { key: ['organization', 'person'], indexes: [['person']] },
);

export const people = table(
  'person',
  { id: 'text', name: jsonOrNullOf<Sealed<string>>(), email: jsonOrNullOf<Sealed<string>>(), telephone: jsonOrNullOf<Sealed<string>>() },
  { key: ['id'] },
);

export const organizationCard = projection({
  name: 'organization',
  version: 1,
  tables: { organizations, relationships, contactPoints, members, people },
  on: [
    on(OrganizationAdded, ({ streamId, position, data }) => [
      insert(organizations, { id: streamId, name: data.name, parent: data.parent ?? null, archived: false, position }),
      insert(relationships, { organization: streamId, kind: data.relationship, since: data.since ?? null }),
    ]),
    on(OrganizationRenamed, ({ streamId, data }) => patch(organizations, { id: streamId }, { name: data.name })),
    on(RelationshipBegan, ({ streamId, data }) => [
      upsert(relationships, { organization: streamId, kind: data.relationship, since: data.since, until: null }),
      patch(organizations, { id: streamId }, { archived: false }),
    ]),
    on(RelationshipEnded, ({ streamId, data }) =>
      patch(relationships, { organization: streamId, kind: data.relationship }, { until: data.until }),
    ),
    on(OrganizationArchived, ({ streamId }) => patch(organizations, { id: streamId }, { archived: true })),
    on(AccountOwnerAssigned, ({ streamId, data }) => patch(organizations, { id: streamId }, { account_owner: data.colleague })),
    on(ParentSet, ({ streamId, data }) => patch(organizations, { id: streamId }, { parent: data.parent ?? null })),
    on(ContactPointAdded, ({ streamId, data }) =>
      insert(contactPoints, { owner: streamId, id: data.contactPointId, kind: data.kind, value: data.value, label: data.label ?? null }),
    ),
    on(ContactPointRemoved, ({ streamId, data }) => remove(contactPoints, { owner: streamId, id: data.contactPointId })),
    on(AffiliationBegan, ({ streamId, data }) =>
      upsert(members, {
        organization: data.organization,
        person: streamId,
        role: data.role ?? null,
        since: data.since ?? null,
        until: null,
      }),
    ),
    on(AffiliationEnded, ({ streamId, data }) =>
      patch(members, { organization: data.organization, person: streamId }, { until: data.until }),
    ),
    on(ContactAdded, ({ streamId, data }) =>
      ensure(people, { id: streamId, name: data.name ?? null, email: data.email ?? null, telephone: data.telephone ?? null }),
    ),
    on(DetailsCorrected, ({ streamId, data }) =>
      patch(
        people,
        { id: streamId },
        {
          ...(data.name === undefined ? {} : { name: data.name }),
          ...(data.email === undefined ? {} : { email: data.email }),
          ...(data.telephone === undefined ? {} : { telephone: data.telephone }),
          ...(data.removed.includes('email') ? { email: null } : {}),
          ...(data.removed.includes('telephone') ? { telephone: null } : {}),
        },
      ),
    ),
  ],
});

export class ReadOrganization {
  @Id({ description: 'The organization.' })
  organizationId!: string;

  @Slug({ description: 'What it is needed for; not needed by a contact person of the organization.', optional: true })
  purpose?: string;
}

/** Contact persons on one answer. */
const MOST = 200;

const name = shape.personal(shape.text('The name.'));
const since = shape.optional(shape.day('Since when.'));
const detail = (description: string) => shape.optional(shape.personal(shape.text(description)));

const organizationAnswer = shape.object('Organization', {
  id: shape.id('The organization.'),
  name,
  archived: shape.flag('Whether there is nothing to do with it any more.'),
  parent: shape.optional(shape.id('The organization it is a part of.')),
  accountOwner: shape.optional(shape.id('The colleague who looks after it.')),
  relationships: shape.list(
    shape.object('OrganizationRelationship', {
      kind: shape.oneOf(RELATIONSHIPS, 'What it is to us.'),
      since,
      until: shape.optional(shape.day('Until when, where that is over.')),
    }),
    'What it is and was to us.',
  ),
  contactPoints: shape.list(
    shape.object('ContactPoint', {
      id: shape.id('The contact point.'),
      kind: shape.oneOf(CONTACT_POINT_KINDS, 'What it is.'),
      value: shape.personal(shape.text('The address or number.')),
      label: detail('What it is for.'),
    }),
    'How it is reached.',
  ),
  parts: shape.list(
    shape.object('OrganizationPart', { id: shape.id('The organization.'), name }),
    'The organizations that are parts of it.',
  ),
  contactPersons: shape.list(
    shape.object('ContactPerson', {
      id: shape.id('The person.'),
      name: shape.optional(name),
      email: detail('E-mail address.'),
      telephone: detail('Telephone number.'),
      role: detail('What they do there.'),
      since,
    }),
    'Those who belong to it now.',
  ),
});

/** Who belongs to the organization, each person once, under whichever of their ids they joined. */
async function contactPersons(db: ReadDatabase, memberships: readonly Membership[], directory: Directory) {
  const byPerson = new Map<string, Membership>();
  for (const membership of memberships) {
    const id = directory.survivorOf(membership.person);
    // Their own membership tells their role, where they have one.
    if (!directory.hasLeft(id) && (!byPerson.has(id) || id === membership.person)) byPerson.set(id, membership);
  }
  const rows =
    byPerson.size === 0
      ? []
      : await from(db, people)
          .selectAll()
          .where('id', 'in', [...byPerson.keys()])
          .orderBy('id')
          .execute();
  return rows.map((row) => ({ ...row, role: byPerson.get(row.id)!.role, since: byPerson.get(row.id)!.since }));
}
type Membership = SelectedRow<typeof members.columns>;

export const readOrganization = question(
  ReadOrganization,
  organizationAnswer,
  async (db: ReadDatabase, { organizationId: id }, actor, directory) => {
    const found = await from(db, organizations).selectAll().where('id', '=', id).executeTakeFirst();
    if (found === undefined) return undefined;
    const [kinds, points, parts, memberships] = await Promise.all([
      from(db, relationships).selectAll().where('organization', '=', id).orderBy('kind').execute(),
      from(db, contactPoints).selectAll().where('owner', '=', id).orderBy('id').execute(),
      from(db, organizations).select(['id', 'name']).where('parent', '=', id).limit(MOST).execute(),
      from(db, members).selectAll().where('organization', '=', id).where('until', 'is', null).orderBy('person').limit(MOST).execute(),
    ]);
    const contacts = await contactPersons(db, memberships, directory);
    return {
      facts: { contact: directory.organizationsOf(actor.id).includes(id) },
      answer: {
        id,
        name: json(found.name),
        archived: found.archived === 1,
        parent: found.parent,
        accountOwner: found.account_owner,
        relationships: kinds.map(({ kind, since, until }) => ({ kind, since, until })),
        contactPoints: points.map((row) => ({
          id: row.id,
          kind: row.kind,
          value: json(row.value),
          label: json(row.label),
        })),
        parts: parts.map((row) => ({ id: row.id, name: json(row.name) })),
        contactPersons: contacts.map((row) => ({
          id: row.id,
          name: json(row.name),
          email: json(row.email),
          telephone: json(row.telephone),
          role: json(row.role),
          since: row.since,
        })),
      },
    };
  },
);
