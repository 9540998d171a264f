import * as fc from 'fast-check';
import { given } from '@rapport/kernel/testing';
import { dataCategories } from './data-category';
import {
  DeclarePurpose,
  notCovered,
  purposeOf,
  PurposeDeclared,
  purposeRegister,
  PurposeWithdrawn,
  WithdrawPurpose,
  type Purpose,
  type PurposeRegister,
} from './purpose-register';

const SERVICE: Purpose = {
  slug: 'customer-service',
  title: 'Customer service',
  explanation: 'We answer what you ask.',
  categories: ['contact', 'support'],
  subjects: ['customer-contact'],
  basis: 'contract',
  retention: [
    { category: 'contact', keep: 'P2Y', from: 'last-contact' },
    { category: 'support', keep: 'P1Y', from: 'call-closed' },
  ],
};
const declare = (changes: Partial<Purpose> = {}): Partial<DeclarePurpose> => ({ ...SERVICE, ...changes }) as Partial<DeclarePurpose>;
const declared = given(purposeRegister, PurposeDeclared({ purpose: SERVICE }));

describe('declaring a purpose', () => {
  it('puts it in the register as it was declared', () => {
    given(purposeRegister)
      .when(DeclarePurpose, declare())
      .then(PurposeDeclared({ purpose: SERVICE }));
  });

  it('changes nothing where it is declared again in the same words', () => {
    declared.when(DeclarePurpose, declare()).thenNothing();
  });

  it.each([
    ['title', { title: 'Service' }],
    ['explanation', { explanation: 'We answer.' }],
    ['basis', { basis: 'legal-obligation' }],
    ['subjects', { subjects: ['customer-contact', 'sponsor'] }],
    ['categories', { categories: ['contact'], retention: [SERVICE.retention[0]] }],
    ['how long a category is kept', { retention: [{ ...SERVICE.retention[0], keep: 'P1Y' }, SERVICE.retention[1]] }],
    ['from when on it is kept', { retention: [{ ...SERVICE.retention[0], from: 'recorded' }, SERVICE.retention[1]] }],
  ] as [string, Partial<Purpose>][])('declares it anew with another %s', (_, changes) => {
    declared.when(DeclarePurpose, declare(changes)).then(PurposeDeclared({ purpose: { ...SERVICE, ...changes } }));
  });

  it('needs the balancing test for legitimate interest (GDPR Art. 6(1)(f))', () => {
    const fields = declare({ basis: 'legitimate-interest' });
    expect(given(purposeRegister).when(DeclarePurpose, fields).thenRefused('balancing-missing').field).toBe('balancing');
    const balanced = { ...SERVICE, basis: 'legitimate-interest', balancing: 'They expect it.' } as const;
    given(purposeRegister)
      .when(DeclarePurpose, declare(balanced))
      .then(PurposeDeclared({ purpose: balanced }));
  });

  it.each([
    ['retention-missing', [SERVICE.retention[0]], 'retention'],
    ['retention-surplus', [...SERVICE.retention, { category: 'feedback', keep: 'P1Y', from: 'recorded' }], 'retention/2/category'],
    ['retention-twice', [...SERVICE.retention, { category: 'support', keep: 'P9Y', from: 'recorded' }], 'retention/2/category'],
  ] as const)('is refused: %s', (code, retention, field) => {
    const fields = declare({ retention } as unknown as Partial<Purpose>);
    expect(given(purposeRegister).when(DeclarePurpose, fields).thenRefused(code).field).toBe(field);
  });
});

describe('withdrawing a purpose', () => {
  it('takes it out of the register, from which it can be declared again', () => {
    declared.when(WithdrawPurpose, { slug: SERVICE.slug }).then(PurposeWithdrawn({ slug: SERVICE.slug }));
    const withdrawn = given(purposeRegister, PurposeDeclared({ purpose: SERVICE }), PurposeWithdrawn({ slug: SERVICE.slug }));
    expect(withdrawn.state).toEqual({});
    withdrawn.when(DeclarePurpose, declare()).then(PurposeDeclared({ purpose: SERVICE }));
  });

  it.each(['customer-relations', 'constructor'])('is refused where there is none: %s', (slug) => {
    expect(declared.when(WithdrawPurpose, { slug }).thenRefused('purpose-not-found')).toMatchObject({ status: 404, field: 'slug' });
  });
});

describe('the register', () => {
  it('knows the purposes that were declared, and no member that every object has', () => {
    const register = declared.state as PurposeRegister;
    expect(purposeOf(register, SERVICE.slug)).toEqual(SERVICE);
    for (const slug of ['constructor', 'valueof', 'other']) expect(purposeOf(register, slug)).toBeUndefined();
  });

  it('covers the categories of the purpose, all others are not covered, and without a purpose none is', () => {
    fc.assert(
      fc.property(fc.subarray(dataCategories), fc.subarray(dataCategories), (covered, asked) => {
        const uncovered = notCovered({ ...SERVICE, categories: covered }, asked);
        expect(uncovered).toEqual(asked.filter((category) => !covered.includes(category)));
        expect(notCovered(undefined, asked)).toEqual(asked);
      }),
    );
  });
});
