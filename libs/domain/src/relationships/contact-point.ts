/**
 * A way to reach somebody, or a place to find them: a person's further addresses and numbers, an organization's
 * addresses, websites and numbers. The same two events in either's stream, each value sealed with the owner's key.
 */
import {
  declareEvent,
  Id,
  OneOf,
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
import { PersonalDataCommand, Command } from '../commands';

export const CONTACT_POINT_KINDS = [
  'visiting-address',
  'postal-address',
  'billing-address',
  'e-mail',
  'telephone',
  'mobile',
  'fax',
  'website',
] as const;
export type ContactPointKind = (typeof CONTACT_POINT_KINDS)[number];

export const ContactPointAdded = declareEvent('ContactPointAdded', {
  title: 'A way to reach a person or an organization was added',
  fields: {
    contactPointId: plain<string>('made here, random'),
    kind: plain<ContactPointKind>('one of a few words'),
    value: sealed<string>('contact', whose.record),
    label: sealed<string | undefined>('contact', whose.record),
  },
});

export const ContactPointRemoved = declareEvent('ContactPointRemoved', {
  title: 'A way to reach a person or an organization no longer holds',
  fields: { contactPointId: plain<string>('made here, random') },
});

export type ContactPointEvent = Recorded<typeof ContactPointAdded> | Recorded<typeof ContactPointRemoved>;

/** Contact point id → its kind and value. */
export type ContactPoints = { readonly [id: string]: { readonly kind: ContactPointKind; readonly value: Sealed<string> } };

export function evolveContactPoints(points: ContactPoints, event: ContactPointEvent): ContactPoints {
  if (event.type === 'ContactPointAdded') {
    return { ...points, [event.data.contactPointId]: { kind: event.data.kind, value: event.data.value } };
  }
  const { [event.data.contactPointId]: _, ...rest } = points;
  return rest;
}

/** What both commands to add one have in common; each names its owner. */
export abstract class AddContactPointCommand extends PersonalDataCommand {
  @OneOf(CONTACT_POINT_KINDS, { description: 'What it is.' })
  kind!: ContactPointKind;

  @Text({ max: 500, lines: true, description: 'The address, number or website.' })
  value!: string;

  @Text({ max: 80, description: 'What it is called: “head office”.', optional: true })
  label?: string;
}

export abstract class RemoveContactPointCommand extends Command {
  @Id({ description: 'The contact point.' })
  contactPointId!: string;
}

/** More of them than anybody has by right: a list that grows without end is a mistake of some program. */
const MOST = 50;
const tooManyContactPoints = refusal.conflict('too-many-contact-points', `There are ${MOST} already: remove one that no longer holds.`);
const contactPointNotFound = refusal.notFound('contact-point-not-found', 'There is no such contact point.');

export function addContactPoint(c: AddContactPointCommand, points: ContactPoints, { open, newId }: Context): Decision {
  const known = Object.values(points);
  if (known.some(({ kind, value }) => kind === c.kind && open(value) === c.value)) return [];
  if (known.length >= MOST) return tooManyContactPoints();
  return [ContactPointAdded({ contactPointId: newId('contact-point'), kind: c.kind, value: c.value, label: c.label })];
}

export function removeContactPoint(c: RemoveContactPointCommand, points: ContactPoints): Decision {
  return points[c.contactPointId] === undefined
    ? contactPointNotFound({ field: 'contactPointId' })
    : [ContactPointRemoved({ contactPointId: c.contactPointId })];
}
