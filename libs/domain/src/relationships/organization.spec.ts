import { given, newId, sinceErased, STREAM_ID } from '@rapport/kernel/testing';
import { ContactPointAdded, ContactPointRemoved } from './contact-point';
import {
  AccountOwnerAssigned,
  AddOrganization,
  AddOrganizationContactPoint,
  AssignAccountOwner,
  BeginRelationship,
  EndRelationship,
  organization,
  OrganizationAdded,
  OrganizationArchived,
  OrganizationRenamed,
  ParentSet,
  RelationshipBegan,
  RelationshipEnded,
  RemoveOrganizationContactPoint,
  RenameOrganization,
  SetParent,
  ContactVisibilitySet,
  DEFAULT_VISIBILITY,
  SetContactVisibility,
} from './organization';

const SAM = '5a111111-0000-4000-8000-000000000001';
const [HOLDING, PART, NOWHERE] = [1, 2, 3].map((n) => `ac000000-0000-4000-8000-00000000000${n}`) as [string, string, string];
const organizationId = STREAM_ID;
const added = OrganizationAdded({ relationship: 'customer', since: '2026-01-01', name: 'Acme' });
const acme = given(organization, added);
const ended = RelationshipEnded({ relationship: 'customer', until: '2026-02-01' });
const archived = given(organization, added, ended, OrganizationArchived({}));
/** PART is a part of this organization, which is a part of HOLDING. */
const directory = {
  isStaff: (id: string) => id === SAM,
  organization: (id: string) => (id === NOWHERE ? undefined : { archived: false, visibility: DEFAULT_VISIBILITY }),
  ancestorsOf: (id: string) => (id === PART ? [organizationId, HOLDING] : id === organizationId ? [HOLDING] : []),
};

describe('an organization', () => {
  it('is added with what it is to us', () => {
    given(organization).when(AddOrganization, { relationship: 'customer', name: 'Acme', since: '2026-01-01' }).then(added);
    const numbered = { relationship: 'sponsor', name: 'Acme', parent: HOLDING, externalSystem: 'erp', externalNumber: '7' } as const;
    given(organization)
      .when(AddOrganization, numbered, { directory })
      .then(OrganizationAdded({ relationship: 'sponsor', name: 'Acme', parent: HOLDING, externalNumber: { system: 'erp', number: '7' } }));
    expect(given(organization).claims(AddOrganization, numbered)).toEqual([
      { namespace: 'organization-number:erp', value: '7', field: 'externalNumber' },
    ]);
    expect(given(organization).claims(AddOrganization, { relationship: 'customer', name: 'Acme' })).toEqual([]);
  });

  it.each([
    ['external-number-incomplete', { externalSystem: 'erp' }, 'externalNumber'],
    ['external-number-incomplete', { externalNumber: '7' }, 'externalSystem'],
    ['parent-unknown', { parent: NOWHERE }, 'parent'],
    ['parent-circular', { parent: STREAM_ID }, 'parent'],
  ])('is refused: %s', (code, fields, field) => {
    const adding = { relationship: 'customer', name: 'Acme', ...fields } as const;
    expect(given(organization).when(AddOrganization, adding, { directory }).thenRefused(code).field).toBe(field);
  });

  it('is renamed where the name differs', () => {
    acme.when(RenameOrganization, { organizationId, name: 'Acme' }).thenNothing();
    acme.when(RenameOrganization, { organizationId, name: 'Acme Ltd' }).then(OrganizationRenamed({ name: 'Acme Ltd' }));
    given(organization, added, OrganizationRenamed({ name: 'Acme Ltd' }))
      .when(RenameOrganization, { organizationId, name: 'Acme Ltd' })
      .thenNothing();
    given(organization, sinceErased(added))
      .when(RenameOrganization, { organizationId, name: 'Acme' })
      .then(OrganizationRenamed({ name: 'Acme' }));
  });

  it('tells the policies whether the actor belongs to it', () => {
    const naming = { organizationId, name: 'A' };
    const belongs = { organizationsOf: () => [organizationId] };
    expect(acme.facts(RenameOrganization, naming, { directory: belongs })).toMatchObject({ contact: true });
    expect(acme.facts(RenameOrganization, naming)).toMatchObject({ contact: false });
  });
});

describe('a relationship', () => {
  it('begins once, today where no day is given', () => {
    acme.when(BeginRelationship, { organizationId, relationship: 'customer' }).thenNothing();
    acme
      .when(BeginRelationship, { organizationId, relationship: 'sponsor' })
      .then(RelationshipBegan({ relationship: 'sponsor', since: '2026-03-31' }));
  });

  it('ends; with the last one the organization is archived', () => {
    const ending = { organizationId, relationship: 'customer', until: '2026-02-01' } as const;
    acme.when(EndRelationship, ending).then(ended, OrganizationArchived({}));
    given(organization, added, RelationshipBegan({ relationship: 'sponsor', since: '2026-01-15' }))
      .when(EndRelationship, ending)
      .then(ended);
    given(organization, OrganizationAdded({ relationship: 'customer', name: 'Acme' }))
      .when(EndRelationship, { organizationId, relationship: 'customer' })
      .then(RelationshipEnded({ relationship: 'customer', until: '2026-03-31' }), OrganizationArchived({}));
  });

  it('does not end where there is none, nor before it began', () => {
    const ending = { organizationId, relationship: 'customer' } as const;
    expect(acme.when(EndRelationship, { ...ending, until: '2025-12-31' }).thenRefused('relationship-backwards').field).toBe('until');
    expect(archived.when(EndRelationship, ending).thenRefused('relationship-not-found').status).toBe(404);
  });

  it('begun again brings an archived organization back', () => {
    archived
      .when(BeginRelationship, { organizationId, relationship: 'customer' })
      .then(RelationshipBegan({ relationship: 'customer', since: '2026-03-31' }));
    const back = given(
      organization,
      added,
      ended,
      OrganizationArchived({}),
      RelationshipBegan({ relationship: 'customer', since: '2026-03-01' }),
    );
    back.when(RenameOrganization, { organizationId, name: 'Acme Ltd' }).then(OrganizationRenamed({ name: 'Acme Ltd' }));
  });
});

describe('an account owner', () => {
  it('is a colleague', () => {
    acme.when(AssignAccountOwner, { organizationId, colleague: SAM }, { directory }).then(AccountOwnerAssigned({ colleague: SAM }));
    const owned = given(organization, added, AccountOwnerAssigned({ colleague: SAM }));
    owned.when(AssignAccountOwner, { organizationId, colleague: SAM }, { directory }).thenNothing();
    const refusal = acme.when(AssignAccountOwner, { organizationId, colleague: HOLDING }, { directory }).thenRefused('not-a-colleague');
    expect(refusal.field).toBe('colleague');
  });
});

describe('a parent', () => {
  it('is set and taken away', () => {
    acme.when(SetParent, { organizationId, parent: HOLDING }, { directory }).then(ParentSet({ parent: HOLDING }));
    const part = given(organization, added, ParentSet({ parent: HOLDING }));
    part.when(SetParent, { organizationId, parent: HOLDING }, { directory }).thenNothing();
    part.when(SetParent, { organizationId }, { directory }).then(ParentSet({ parent: undefined }));
  });

  it.each([
    ['parent-unknown', NOWHERE],
    ['parent-circular', STREAM_ID],
    ['parent-circular', PART],
  ])('is refused: %s', (code, parent) => {
    expect(acme.when(SetParent, { organizationId, parent }, { directory }).thenRefused(code).field).toBe('parent');
  });
});

describe('an address', () => {
  const POINT = 'c0000000-0000-4000-8000-000000000001';
  const visiting = { organizationId, kind: 'visiting-address', value: '1 Mill Lane' } as const;

  it('is added and removed', () => {
    acme
      .when(AddOrganizationContactPoint, visiting)
      .then(ContactPointAdded({ contactPointId: newId('contact-point'), kind: 'visiting-address', value: '1 Mill Lane' }));
    const found = given(organization, added, ContactPointAdded({ contactPointId: POINT, kind: 'visiting-address', value: '1 Mill Lane' }));
    found.when(AddOrganizationContactPoint, visiting).thenNothing();
    found
      .when(RemoveOrganizationContactPoint, { organizationId, contactPointId: POINT })
      .then(ContactPointRemoved({ contactPointId: POINT }));
    acme.when(RemoveOrganizationContactPoint, { organizationId, contactPointId: POINT }).thenRefused('contact-point-not-found');
  });
});

describe('where there is none, or no longer', () => {
  const attempts = (scenario: typeof acme) => [
    scenario.when(RenameOrganization, { organizationId, name: 'A' }),
    scenario.when(AssignAccountOwner, { organizationId, colleague: SAM }, { directory }),
    scenario.when(SetParent, { organizationId, parent: HOLDING }, { directory }),
    scenario.when(AddOrganizationContactPoint, { organizationId, kind: 'website', value: 'https://example.org/' }),
    scenario.when(RemoveOrganizationContactPoint, { organizationId, contactPointId: PART }),
  ];

  it('nothing is changed', () => {
    for (const outcome of attempts(given(organization))) expect(outcome.thenRefused('organization-not-found').status).toBe(404);
    for (const outcome of attempts(archived)) expect(outcome.thenRefused('organization-archived').status).toBe(409);
    given(organization).when(BeginRelationship, { organizationId, relationship: 'customer' }).thenRefused('organization-not-found');
    given(organization).when(EndRelationship, { organizationId, relationship: 'customer' }).thenRefused('organization-not-found');
    for (const event of [ended, OrganizationArchived({}), ParentSet({ parent: HOLDING }), OrganizationRenamed({ name: 'A' })]) {
      expect(given(organization, event).state).toEqual({ status: 'unknown' });
    }
  });
});

describe('what contact persons see', () => {
  const everything = { contactPersons: true, services: true, calls: true };

  it('is set; the same again changes nothing', () => {
    acme.when(SetContactVisibility, { organizationId, ...DEFAULT_VISIBILITY }).thenNothing();
    acme.when(SetContactVisibility, { organizationId, ...everything }).then(ContactVisibilitySet({ visibility: everything }));
    given(organization, added, ContactVisibilitySet({ visibility: everything }))
      .when(SetContactVisibility, { organizationId, ...everything })
      .thenNothing();
  });

  it('is not for an organization that is archived, and knows who decides about its data', () => {
    archived.when(SetContactVisibility, { organizationId, ...everything }).thenRefused('organization-archived');
    const decides = { organizationsOf: () => [organizationId], authorityOf: () => ['organization-data'] };
    expect(acme.facts(SetContactVisibility, { organizationId, ...everything }, { directory: decides })).toMatchObject({
      contact: true,
      authorized: true,
    });
    expect(acme.facts(SetContactVisibility, { organizationId, ...everything })).toMatchObject({ contact: false, authorized: false });
  });
});
