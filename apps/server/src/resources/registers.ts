/** The registers anybody may read: what data is kept for, and who may do what (promises R2, R6). */
import { DATA_SUBJECTS, dataCategories, LEGAL_BASES, RETENTION_STARTS } from '@rapport/domain';
import { shape } from '@rapport/kernel';
import { tells } from '../resource';

const category = shape.oneOf(dataCategories, 'A category of data.');

const purposes = shape.object('Purposes', {
  purposes: shape.list(
    shape.object('Purpose', {
      slug: shape.text('Its name in commands and queries.'),
      title: shape.text('What it is called.'),
      explanation: shape.text('What it is, for the people it is about.'),
      categories: shape.list(category, 'The data it covers.'),
      subjects: shape.list(shape.oneOf(DATA_SUBJECTS, 'A kind of person.'), 'Whose data it covers.'),
      basis: shape.oneOf(LEGAL_BASES, 'Its legal basis (GDPR Art. 6(1)).'),
      balancing: shape.optional(shape.text('The balancing test, where the basis is legitimate interest.')),
      retention: shape.list(
        shape.object('RetentionRule', {
          category,
          keep: shape.text('How long: an ISO 8601 duration of years, months, weeks or days.'),
          from: shape.oneOf(RETENTION_STARTS, 'From when on.'),
        }),
        'How long each category is kept.',
      ),
    }),
    'As they are declared now.',
  ),
});

const policies = shape.object('Policies', {
  digest: shape.text('SHA-256 of the text, as decisions record it.'),
  text: shape.text('The policies in force, in Cedar, with the promise that each one serves.'),
});

export const readPurposes = tells(
  'purposes',
  'readPurposes',
  purposes,
  (rapport) => ({ purposes: rapport.authorities.purposes }),
  'The register of purposes',
);

export const readPolicies = tells(
  'policies',
  'readPolicies',
  policies,
  ({ policies: { digest, text } }) => ({ digest, text }),
  'The policies in force',
);
