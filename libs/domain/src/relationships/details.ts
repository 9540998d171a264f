/** A person's details: their name, how they are reached, what they do at work. Added with the person, corrected, taken away. */
import {
  declareEvent,
  Email,
  Id,
  Language,
  OneOf,
  plain,
  refusal,
  type Sealed,
  sealed,
  Slug,
  Telephone,
  Text,
  whose,
  type Context,
  type Decision,
  type Recorded,
} from '@rapport/kernel';
import { CHANNELS, PersonalDataCommand, type Channel } from '../commands';
import type { DataCategory } from '../privacy/data-category';
import { externalNumberIncomplete, RELATIONSHIPS, type ExternalNumber, type Relationship } from './relationship';

/** A person's details, each with its data category. The names are those of the HTTP fields and of the events. */
export const DETAILS = {
  name: 'identity',
  email: 'contact',
  telephone: 'contact',
  address: 'contact',
  preferredChannel: 'contact',
  language: 'contact',
  jobTitle: 'employment',
} as const satisfies Record<string, DataCategory>;
export type Detail = keyof typeof DETAILS;
export const details = Object.keys(DETAILS) as Detail[];
/** Details a person can do without. */
const removable = details.filter((detail) => detail !== 'name');

/** The ways somebody can ask to be reached by. */
export const PREFERRED_CHANNELS = CHANNELS.filter((channel) => channel !== 'meeting' && channel !== 'system');

const optionalDetails = {
  email: sealed<string | undefined>(DETAILS.email, whose.record),
  telephone: sealed<string | undefined>(DETAILS.telephone, whose.record),
  address: sealed<string | undefined>(DETAILS.address, whose.record),
  preferredChannel: sealed<Channel | undefined>(DETAILS.preferredChannel, whose.record),
  language: sealed<string | undefined>(DETAILS.language, whose.record),
  jobTitle: sealed<string | undefined>(DETAILS.jobTitle, whose.record),
};

export const ContactAdded = declareEvent('ContactAdded', {
  title: 'A person was added',
  fields: {
    relationship: plain<Relationship>('one of four words, shared by many'),
    /** Left out where only another system's number is known: no name is made up (GDPR Art. 5(1)(d)). */
    name: sealed<string | undefined>(DETAILS.name, whose.record),
    ...optionalDetails,
    externalNumber: sealed<ExternalNumber | undefined>('identity', whose.record),
  },
});

export const DetailsCorrected = declareEvent('DetailsCorrected', {
  title: 'Details of a person were corrected',
  fields: {
    name: sealed<string | undefined>(DETAILS.name, whose.record),
    ...optionalDetails,
    removed: plain<readonly Detail[]>('names of fields, not their values'),
  },
});

export type Details = { readonly [D in Detail]?: Sealed<string> };

export function evolveDetails(before: Details, event: Recorded<typeof DetailsCorrected>): Details {
  const { removed, ...changed } = event.data;
  const kept = Object.fromEntries(Object.entries(before).filter(([name]) => !removed.includes(name as Detail)));
  return { ...kept, ...changed };
}

/** The details, as they are given and corrected. */
export abstract class DetailsCommand extends PersonalDataCommand {
  @Text({ max: 200, description: 'The name, as the person writes it.', optional: true })
  name?: string;

  @Email({ description: 'E-mail address.', optional: true })
  email?: string;

  @Telephone({ description: 'Telephone number.', optional: true })
  telephone?: string;

  @Text({ max: 500, lines: true, description: 'Postal address.', optional: true })
  address?: string;

  @OneOf(PREFERRED_CHANNELS, { description: 'The way they want to be reached by.', optional: true })
  preferredChannel?: Channel;

  @Language({ description: 'The language they want to be spoken and written to in.', optional: true })
  language?: string;

  @Text({ max: 200, description: 'Role at work.', optional: true })
  jobTitle?: string;
}

export class AddPerson extends DetailsCommand {
  @OneOf(RELATIONSHIPS, { description: 'What the person is to us.' })
  relationship!: Relationship;

  @Slug({ description: 'The system that knows the person by `externalNumber`.', optional: true })
  externalSystem?: string;

  @Text({ max: 100, description: 'The person’s number there. One number is one person.', optional: true })
  externalNumber?: string;
}

export class CorrectDetails extends DetailsCommand {
  @Id({ description: 'The person.' })
  personId!: string;

  @OneOf(removable, { list: true, description: 'Details to take away.', optional: true })
  remove?: Exclude<Detail, 'name'>[];
}

const nameless = refusal.invalid('nameless', 'Give a name, or the number by which another system knows the person.');
const changedAndRemoved = refusal.invalid('changed-and-removed', 'A detail is given a value and removed at once: choose one.');

/** The details a command gives. */
const given = (c: DetailsCommand) => Object.fromEntries(details.map((detail) => [detail, c[detail]])) as Pick<DetailsCommand, Detail>;

export function addPerson(c: AddPerson): Decision {
  if ((c.externalSystem === undefined) !== (c.externalNumber === undefined)) {
    return externalNumberIncomplete({ field: c.externalSystem === undefined ? 'externalSystem' : 'externalNumber' });
  }
  if (c.name === undefined && c.externalNumber === undefined) return nameless({ field: 'name' });
  return [
    ContactAdded({
      relationship: c.relationship,
      ...given(c),
      externalNumber: c.externalNumber === undefined ? undefined : { system: c.externalSystem!, number: c.externalNumber },
    }),
  ];
}

export function correctDetails(c: CorrectDetails, known: Details, { open }: Pick<Context, 'open'>): Decision {
  const removed = (c.remove ?? []).filter((detail) => known[detail] !== undefined);
  const contradiction = removed.find((detail) => c[detail] !== undefined);
  if (contradiction !== undefined) return changedAndRemoved({ field: contradiction });
  const changed = Object.entries(given(c)).filter(([detail, value]) => {
    const before = known[detail as Detail];
    return value !== undefined && (before === undefined || open(before) !== value);
  });
  if (removed.length === 0 && changed.length === 0) return [];
  return [DetailsCorrected({ ...(Object.fromEntries(changed) as Partial<Pick<DetailsCommand, Detail>>), removed })];
}
