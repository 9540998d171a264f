/** What Rapport records of itself when it starts, and how the first privacy officer comes to be. */
import { isSealed, type EventMetadata } from '@rapport/kernel';
import { appointFirstPrivacyOfficer, configurationDigest } from '../../apps/server/src/beginning';
import { readConfiguration } from '../../apps/server/src/configuration';
import { ISSUER, World } from './world';

const account = { issuer: ISSUER, subject: 'petra' };

describe('The first privacy officer', () => {
  let world: World;
  beforeEach(async () => (world = await World.empty()));
  afterEach(() => world.close());

  const appoint = () => appointFirstPrivacyOfficer({ ...world, store: world.line.store }, account);
  const history = () => world.line.real.readAll();

  it('is appointed by the configuration, once, for a purpose like everybody else', async () => {
    await appoint();
    expect(world.as('petra')).toMatchObject({ kind: 'staff', roles: ['privacy-officer'], trained: true });
    const events = await history();
    expect(events.map(({ type }) => type)).toEqual(['PurposeDeclared', 'ContactAdded', 'SignInBound', 'TrainingAttested', 'RoleGranted']);
    for (const { data, metadata } of events.filter((event) => Object.values(event.data).some(isSealed))) {
      expect(metadata).toMatchObject({ purpose: 'security', basis: 'legitimate-interest', source: 'employer', actor: { kind: 'system' } });
      expect(JSON.stringify(data)).not.toContain('petra');
    }
    await appoint();
    expect(await history()).toEqual(events);
  });

  it('is appointed whatever crashes on the way: each step is taken once', async () => {
    for (let step = 0; step < 5; step++) {
      world.line.before = () => {
        throw new Error('The process was killed.');
      };
      await expect(appoint()).rejects.toThrow('killed');
      let left = 1;
      world.line.before = () => {
        if (left-- === 0) throw new Error('The process was killed.');
      };
      await appoint().catch(() => undefined);
    }
    world.line.before = () => undefined;
    await appoint();
    const types = (await history()).map(({ type }) => type);
    expect(types).toEqual(['PurposeDeclared', 'ContactAdded', 'SignInBound', 'TrainingAttested', 'RoleGranted']);
  });

  it('leaves a decision that its own policies allow, for facts that hold', async () => {
    await appoint();
    for (const event of await history()) {
      const { decision, actor } = event.metadata as unknown as EventMetadata;
      expect({ kind: actor.kind, policies: decision.policies }).toEqual({
        kind: 'system',
        policies: ['system-appoints-first-privacy-officer'],
      });
      expect(decision.sources).toMatchObject({ stream: event.stream, revision: event.revision - 1 });
    }
  });
});

describe('The digest of the configuration', () => {
  const digest = (env: NodeJS.ProcessEnv) => configurationDigest(readConfiguration({ OIDC_ISSUER: ISSUER, ...env }));

  it('tells settings apart, and cannot be used to guess a password or a person', () => {
    const plain = digest({ EVENT_STORE_URL: 'esdb://events:2113' });
    expect(digest({ EVENT_STORE_URL: 'esdb://admin:changeit@events:2113' })).toBe(plain);
    expect(digest({ EVENT_STORE_URL: 'esdb://events:2113', RAPPORT_PRIVACY_OFFICER: `${ISSUER} petra` })).toBe(plain);
    expect(digest({ EVENT_STORE_URL: 'esdb://other:2113' })).not.toBe(plain);
    expect(digest({ EVENT_STORE_URL: 'esdb://events:2113', NODE_ENV: 'production' })).not.toBe(plain);
  });
});
