import { given } from '@rapport/kernel/testing';
import {
  AttestTraining,
  GrantRole,
  isTrained,
  RoleGranted,
  RoleWithdrawn,
  staffMember,
  TrainingAttested,
  WithdrawRole,
} from './staff-member';

const SAM = '5a111111-0000-4000-8000-000000000001';
const PETRA = '5a222222-0000-4000-8000-000000000001';
const supporter = given(staffMember, RoleGranted({ role: 'support' }));
const attested = (completedOn: string, validUntil: string) => TrainingAttested({ completedOn, validUntil });

describe('roles', () => {
  it('are granted once', () => {
    given(staffMember)
      .when(GrantRole, { personId: SAM, role: 'support' })
      .then(RoleGranted({ role: 'support' }));
    supporter.when(GrantRole, { personId: SAM, role: 'support' }).thenNothing();
    supporter.when(GrantRole, { personId: SAM, role: 'sales' }).then(RoleGranted({ role: 'sales' }));
  });

  it('are given to nobody who left, and their training is attested no more', () => {
    const directory = { hasLeft: (id: string) => id === SAM };
    const granting = given(staffMember).when(GrantRole, { personId: SAM, role: 'support' }, { directory });
    expect(granting.thenRefused('colleague-left').field).toBe('personId');
    const dates = { personId: SAM, completedOn: '2026-03-01', validUntil: '2027-03-01' };
    given(staffMember).when(AttestTraining, dates, { directory }).thenRefused('colleague-left');
    supporter.when(WithdrawRole, { personId: SAM, role: 'support' }, { directory }).then(RoleWithdrawn({ role: 'support' }));
  });

  it('are withdrawn where they were granted', () => {
    supporter.when(WithdrawRole, { personId: SAM, role: 'support' }).then(RoleWithdrawn({ role: 'support' }));
    supporter.when(WithdrawRole, { personId: SAM, role: 'sales' }).thenNothing();
    const both = given(staffMember, RoleGranted({ role: 'support' }), RoleGranted({ role: 'sales' }), RoleWithdrawn({ role: 'support' }));
    expect(both.state).toEqual({ roles: ['sales'] });
  });

  it('tell the policies whether they are granted to oneself, and whether one’s own training is attested', () => {
    const fields = { personId: SAM, role: 'support' } as const;
    const dates = { personId: SAM, completedOn: '2026-03-01', validUntil: '2027-03-01' };
    for (const [id, own] of [
      [SAM, true],
      [PETRA, false],
    ] as const) {
      const actor = { kind: 'staff', id } as const;
      expect(supporter.facts(GrantRole, fields, { actor })).toEqual({ grantsToSelf: own });
      expect(supporter.facts(AttestTraining, dates, { actor })).toEqual({ attestsSelf: own });
    }
  });
});

describe('training', () => {
  const dates = (completedOn: string, validUntil: string) => ({ personId: SAM, completedOn, validUntil });

  it('is attested once it was completed, today included', () => {
    given(staffMember).when(AttestTraining, dates('2026-03-31', '2027-03-31')).then(attested('2026-03-31', '2027-03-31'));
  });

  it.each([
    ['training-in-future', '2026-04-01', '2027-01-01', 'completedOn'],
    ['training-never-valid', '2026-03-01', '2026-03-01', 'validUntil'],
    ['training-never-valid', '2026-03-01', '2026-02-01', 'validUntil'],
    ['training-too-long', '2026-03-01', '2028-03-02', 'validUntil'],
    ['training-too-long', '2024-02-29', '2026-03-01', 'validUntil'],
  ])('is refused: %s, completed %s, valid until %s', (code, completedOn, validUntil, field) => {
    expect(given(staffMember).when(AttestTraining, dates(completedOn, validUntil)).thenRefused(code).field).toBe(field);
  });

  it('counts for two years at most', () => {
    given(staffMember).when(AttestTraining, dates('2026-03-01', '2028-03-01')).then(attested('2026-03-01', '2028-03-01'));
    given(staffMember).when(AttestTraining, dates('2024-02-29', '2026-02-28')).then(attested('2024-02-29', '2026-02-28'));
  });

  it('counts to the end of its last day, and nobody is trained without one', () => {
    const { state } = given(staffMember, attested('2026-03-01', '2026-09-01'));
    expect(isTrained(state, '2026-09-01T23:59:59.999Z')).toBe(true);
    expect(isTrained(state, '2026-09-02T00:00:00.000Z')).toBe(false);
    expect(isTrained({ roles: ['support'] }, '2026-03-31T10:00:00.000Z')).toBe(false);
    expect(isTrained(undefined, '2026-03-31T10:00:00.000Z')).toBe(false);
  });

  it('is not cut short by an earlier one that is attested later', () => {
    const { state } = given(staffMember, attested('2026-03-01', '2027-03-01'), attested('2025-01-01', '2026-01-01'));
    expect(state.trainedUntil).toBe('2027-03-01');
    expect(given(staffMember, attested('2025-01-01', '2026-01-01'), attested('2026-03-01', '2027-03-01')).state.trainedUntil).toBe(
      '2027-03-01',
    );
  });
});
