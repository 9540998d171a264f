/** What commands have in common. A command is one class: its decorators are its HTTP contract, its OpenAPI schema and its type. */
import { Instant, OneOf, Slug } from '@rapport/kernel';

/** Where a value came from (GDPR Art. 14(2)(f)). */
export const SOURCES = ['data-subject', 'employer', 'colleague', 'public-register', 'import'] as const;
export type Source = (typeof SOURCES)[number];

/** The way it reached us. */
export const CHANNELS = ['portal', 'telephone', 'e-mail', 'post', 'meeting', 'system'] as const;
export type Channel = (typeof CHANNELS)[number];

export abstract class Command {
  @Instant({ description: 'When it happened, where that is not now. Never in the future.', optional: true })
  occurredAt?: string;
}

/** A command that stores personal values: without a purpose none is stored (GDPR Art. 5(1)(b)). */
export abstract class PersonalDataCommand extends Command {
  @Slug({ description: 'The purpose the values are stored for, as the register of purposes names it.' })
  purpose!: string;

  @OneOf(SOURCES, { description: 'Where the values come from.' })
  source!: Source;

  @OneOf(CHANNELS, { description: 'The way they reached us.', optional: true })
  channel?: Channel;
}

/** The namespace under which a person's number in another system is unique. */
export const personNumberIn = (system: string) => `person-number:${system}`;

/** The namespace under which an organization's number in another system is unique. */
export const organizationNumberIn = (system: string) => `organization-number:${system}`;

/** An account at an identity provider: the `iss` and `sub` of its tokens. */
export interface Account {
  readonly issuer: string;
  readonly subject: string;
}

/** The namespace under which an account is unique: one account is one person or one service. */
export const SIGN_IN = 'sign-in';
export const accountOf = ({ issuer, subject }: Account) => JSON.stringify([issuer, subject]);
