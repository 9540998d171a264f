/** The kinds of personal data there are. A purpose names those it covers (GDPR Art. 5(1)(b), (c)). */
export const DATA_CATEGORIES = {
  identity: 'Names, and the numbers by which somebody is known elsewhere',
  contact: 'E-mail addresses, telephone numbers, postal addresses',
  employment: 'Somebody’s role at work',
  conversation: 'Notes of conversations and what was agreed',
  support: 'Support calls: what was asked, answered and done',
  feedback: 'What somebody thinks of us',
  services: 'Which services somebody has from us, under which contract, for what',
  preferences: 'What somebody wants to hear from us, and by which channel',
  interests: 'What somebody showed interest in',
  authorization: 'By what it was shown that somebody may decide for an organization',
  'sign-in': 'By which account somebody signs in',
} as const;

export type DataCategory = keyof typeof DATA_CATEGORIES;
export const dataCategories = Object.keys(DATA_CATEGORIES) as DataCategory[];
