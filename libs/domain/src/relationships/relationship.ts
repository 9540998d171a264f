/** What people and organizations are to us, and the numbers by which other systems know them. */
import { refusal } from '@rapport/kernel';

export const RELATIONSHIPS = ['customer', 'colleague', 'sponsor', 'interested-party'] as const;
export type Relationship = (typeof RELATIONSHIPS)[number];

/** A number by which another system knows a person or an organization. */
export interface ExternalNumber {
  readonly system: string;
  readonly number: string;
}

export const externalNumberIncomplete = refusal.invalid(
  'external-number-incomplete',
  'externalSystem and externalNumber go together: give both or neither.',
);
