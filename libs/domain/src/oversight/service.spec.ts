import { given, STREAM_ID } from '@rapport/kernel/testing';
import { AllowPurposes, PurposesAllowed, RegisterService, service, ServiceRegistered } from './service';

const crm = { name: 'crm', issuer: 'https://id.example.org/', client: 'crm' };
const registered = given(service, ServiceRegistered(crm));
const allowed = given(service, ServiceRegistered(crm), PurposesAllowed({ purposes: ['customer-service'] }));

describe('a service', () => {
  it('is registered with its account, and with its purposes where they are given', () => {
    given(service).when(RegisterService, crm).then(ServiceRegistered(crm));
    given(service)
      .when(RegisterService, { ...crm, purposes: ['customer-service'] })
      .then(ServiceRegistered(crm), PurposesAllowed({ purposes: ['customer-service'] }));
    expect(registered.state).toEqual({ status: 'registered', issuer: crm.issuer, client: crm.client, purposes: [] });
  });

  it('claims its account, as a person’s sign-in does: one account is one person or one service', () => {
    expect(given(service).claims(RegisterService, crm)).toEqual([
      { namespace: 'sign-in', value: JSON.stringify([crm.issuer, crm.client]), field: 'client' },
    ]);
  });

  it.each(['jan.jansen@example.org', 'the laptop of Jan', 'Jan Jansen', 'Zoë'])('is no place for a name of somebody: %s', (client) => {
    expect(
      given(service)
        .when(RegisterService, { ...crm, client })
        .thenRefused('client-not-an-id').field,
    ).toBe('client');
  });

  it.each(['0oa1b2C3', 'urn:example:crm', 'a/b|c_d-e.f'])('takes a client id as identity providers give them: %s', (client) => {
    given(service)
      .when(RegisterService, { ...crm, client })
      .then(ServiceRegistered({ ...crm, client }));
  });

  it('may act for the purposes it was allowed last', () => {
    registered.when(AllowPurposes, { serviceId: STREAM_ID, purposes: ['import'] }).then(PurposesAllowed({ purposes: ['import'] }));
    allowed.when(AllowPurposes, { serviceId: STREAM_ID, purposes: [] }).then(PurposesAllowed({ purposes: [] }));
    allowed.when(AllowPurposes, { serviceId: STREAM_ID, purposes: ['customer-service'] }).thenNothing();
    expect(allowed.state).toMatchObject({ purposes: ['customer-service'] });
  });

  it('that nobody registered is allowed nothing', () => {
    expect(given(service).when(AllowPurposes, { serviceId: STREAM_ID, purposes: [] }).thenRefused('service-not-found').status).toBe(404);
    expect(given(service, PurposesAllowed({ purposes: ['import'] })).state).toEqual({ status: 'unknown' });
  });
});
