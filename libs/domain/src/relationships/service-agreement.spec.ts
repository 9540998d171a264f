import { given, newId, sinceErased } from '@rapport/kernel/testing';
import {
  DescribeService,
  EndService,
  ProposeService,
  ProposeServiceChange,
  RecordService,
  ServiceAgreed,
  serviceAgreement,
  ServiceChangeProposed,
  ServiceDescribed,
  ServiceEnded,
  ServiceProposalWithdrawn,
  WithdrawServiceProposal,
} from './service-agreement';

const BAKERY = '0b000000-0000-4000-8000-000000000001';
const PROPOSAL = '0a000000-0000-4000-8000-000000000001';
const AGREEMENT = '57000000-0000-4000-8000-000000000001';
const STAFF = '5a000000-0000-4000-8000-000000000001';
const visibility = { contactPersons: true, services: true, calls: false };
const known = (archived: boolean) => ({ directory: { organization: () => ({ archived, visibility }), organizationsOf: () => [BAKERY] } });
const about = known(false);

const agreed = ServiceAgreed({
  organization: BAKERY,
  service: 'hosting',
  since: '2024-02-29',
  contract: 'C-17',
  goals: ['save-costs'],
  situation: 'One shop',
});
const proposed = ServiceChangeProposed({
  organization: BAKERY,
  proposalId: PROPOSAL,
  change: 'begin',
  service: 'hosting',
  from: '2026-04-01',
  proposedBy: STAFF,
});
const record = { organization: BAKERY, service: 'hosting', since: '2024-02-29' };

describe('Recording a service', () => {
  it('keeps since when, under which contract, for what', () => {
    given(serviceAgreement)
      .when(RecordService, { ...record, contract: 'C-17', goals: ['save-costs'], situation: 'One shop' }, about)
      .then(agreed);
  });

  it('is for an organization we have a relationship with, and does not end before it begins', () => {
    given(serviceAgreement).when(RecordService, record).thenRefused('organization-unknown');
    given(serviceAgreement).when(RecordService, record, known(true)).thenRefused('organization-archived');
    given(serviceAgreement)
      .when(RecordService, { ...record, until: '2024-02-28' }, about)
      .thenRefused('service-backwards');
  });
});

describe('Describing it anew', () => {
  it('replaces contract, goals and situation; the same again changes nothing', () => {
    const same = { agreementId: AGREEMENT, contract: 'C-17', goals: ['save-costs'], situation: 'One shop' };
    given(serviceAgreement, agreed).when(DescribeService, same).thenNothing();
    given(serviceAgreement, agreed)
      .when(DescribeService, { ...same, goals: ['grow'], situation: undefined })
      .then(ServiceDescribed({ organization: BAKERY, contract: 'C-17', goals: ['grow'] }));
  });

  it('is for a service that was agreed and has not ended', () => {
    const describe = { agreementId: AGREEMENT, contract: 'C-18' };
    given(serviceAgreement).when(DescribeService, describe).thenRefused('service-agreement-not-found');
    given(serviceAgreement, proposed).when(DescribeService, describe).thenRefused('service-not-agreed');
    given(serviceAgreement, agreed, ServiceEnded({ organization: BAKERY, until: '2025-01-01' }))
      .when(DescribeService, describe)
      .thenRefused('service-ended');
  });
});

describe('Ending it', () => {
  it('is on a day not before the first', () => {
    given(serviceAgreement, agreed)
      .when(EndService, { agreementId: AGREEMENT })
      .then(ServiceEnded({ organization: BAKERY, until: '2026-03-31' }));
    given(serviceAgreement, agreed).when(EndService, { agreementId: AGREEMENT, until: '2024-02-28' }).thenRefused('service-backwards');
  });
});

describe('Proposing', () => {
  it('a service waits in an agreement of its own', () => {
    given(serviceAgreement)
      .when(ProposeService, { organization: BAKERY, service: 'hosting', from: '2026-04-01' }, about)
      .then(
        ServiceChangeProposed({
          organization: BAKERY,
          proposalId: newId('proposal'),
          change: 'begin',
          service: 'hosting',
          from: '2026-04-01',
          proposedBy: STAFF,
        }),
      );
  });

  it('a change leaves the service as it is', () => {
    const scenario = given(serviceAgreement, agreed);
    scenario.when(ProposeServiceChange, { agreementId: AGREEMENT, change: 'end', from: '2026-03-31', explanation: 'We stop' }).then(
      ServiceChangeProposed({
        organization: BAKERY,
        proposalId: newId('proposal'),
        change: 'end',
        service: 'hosting',
        from: '2026-03-31',
        proposedBy: STAFF,
        explanation: 'We stop',
      }),
    );
    expect(given(serviceAgreement, agreed, proposed).state).toMatchObject({ status: 'agreed', proposals: { [PROPOSAL]: { by: STAFF } } });
  });

  it('is not for the past, nor for an organization that is archived or erased', () => {
    const past = { from: '2026-03-30' };
    given(serviceAgreement)
      .when(ProposeService, { organization: BAKERY, service: 'x', ...past }, about)
      .thenRefused('proposal-in-past');
    given(serviceAgreement, agreed)
      .when(ProposeServiceChange, { agreementId: AGREEMENT, change: 'end', ...past })
      .thenRefused('proposal-in-past');
    given(serviceAgreement)
      .when(ProposeService, { organization: BAKERY, service: 'x', from: '2026-04-01' }, known(true))
      .thenRefused('organization-archived');
    given(serviceAgreement, sinceErased(agreed))
      .when(ProposeServiceChange, { agreementId: AGREEMENT, change: 'end', from: '2026-04-01' })
      .thenRefused('service-agreement-not-found');
  });

  it('is withdrawn by who proposed it, once', () => {
    const withdraw = { agreementId: AGREEMENT, proposalId: PROPOSAL };
    const withdrawn = ServiceProposalWithdrawn({ organization: BAKERY, proposalId: PROPOSAL });
    expect(given(serviceAgreement, proposed).facts(WithdrawServiceProposal, withdraw)).toMatchObject({ ownProposal: true });
    expect(
      given(serviceAgreement, proposed).facts(WithdrawServiceProposal, withdraw, { actor: { kind: 'person', id: BAKERY } }),
    ).toMatchObject({ ownProposal: false });
    given(serviceAgreement, proposed).when(WithdrawServiceProposal, withdraw).then(withdrawn);
    given(serviceAgreement, proposed, withdrawn).when(WithdrawServiceProposal, withdraw).thenRefused('service-proposal-not-found');
  });
});
