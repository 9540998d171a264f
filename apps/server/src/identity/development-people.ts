/** The demo people and services of the development identity provider. None of them exists. */

export interface DemoPerson {
  /** The subject in their tokens. */
  readonly subject: string;
  readonly name: string;
  /** What they are in the demonstration. */
  readonly about: string;
}

export const DEMO_PEOPLE: readonly DemoPerson[] = [
  { subject: 'alice', name: 'Alice Arden', about: 'contact person of a customer' },
  { subject: 'bob', name: 'Bob Bergman', about: 'contact person of another customer' },
  { subject: 'sam', name: 'Sam Sato', about: 'support agent' },
  { subject: 'carla', name: 'Carla Conti', about: 'sales colleague without confidentiality training' },
  { subject: 'petra', name: 'Petra Peeters', about: 'privacy officer' },
  { subject: 'audrey', name: 'Audrey Addo', about: 'external auditor' },
];

/** Clients with client credentials; the secret of each is its name followed by "-secret". */
export const DEMO_SERVICES: readonly string[] = ['crm', 'import', 'demo-untrusted'];

export const secretOf = (service: string): string => `${service}-secret`;
