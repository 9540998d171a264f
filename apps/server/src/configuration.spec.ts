import { join } from 'node:path';
import { InvalidConfiguration, readConfiguration } from './configuration';

describe('The configuration', () => {
  it('needs nothing for development', () => {
    expect(readConfiguration({})).toEqual({
      port: 3000,
      dataDir: join(process.cwd(), 'data'),
      eventStoreUrl: undefined,
      issuer: undefined,
      audience: 'urn:rapport:api',
      privacyOfficer: undefined,
      production: false,
      demonstration: true,
    });
  });

  it('is read from the environment', () => {
    const configuration = readConfiguration({
      NODE_ENV: 'production',
      PORT: '8080',
      DATA_DIR: '/srv/rapport',
      EVENT_STORE_URL: 'esdb+discover://one.example:2113',
      OIDC_ISSUER: 'https://id.example/realm',
      OIDC_AUDIENCE: 'https://rapport.example',
      RAPPORT_PRIVACY_OFFICER: 'https://id.example/realm 42',
    });
    expect(configuration).toEqual({
      port: 8080,
      dataDir: '/srv/rapport',
      eventStoreUrl: 'esdb+discover://one.example:2113',
      issuer: 'https://id.example/realm',
      audience: 'https://rapport.example',
      privacyOfficer: { issuer: 'https://id.example/realm', subject: '42' },
      production: true,
      demonstration: false,
    });
  });

  it('takes an empty variable as one that is not set', () => {
    const names = ['NODE_ENV', 'PORT', 'DATA_DIR', 'EVENT_STORE_URL', 'OIDC_ISSUER', 'OIDC_AUDIENCE', 'RAPPORT_PRIVACY_OFFICER'];
    expect(readConfiguration(Object.fromEntries(names.map((name) => [name, ' '])))).toEqual(readConfiguration({}));
  });

  it.each([
    ['PORT', 'http', '1 to 65535'],
    ['PORT', '0', '1 to 65535'],
    ['PORT', '65536', '1 to 65535'],
    ['PORT', '30 00', '1 to 65535'],
    ['NODE_ENV', 'prod', 'production, development or test'],
    ['EVENT_STORE_URL', 'https://one.example', 'esdb://'],
    ['EVENT_STORE_URL', 'esdb://', 'esdb://host:port'],
    ['OIDC_ISSUER', 'id.example', 'https://'],
    ['OIDC_ISSUER', 'http://id.example', 'https://'],
    ['OIDC_ISSUER', 'https://id.example/?a=b', 'without query'],
    ['DEMO', 'yes', 'on or off'],
    ['RAPPORT_PRIVACY_OFFICER', 'https://id.example', '"<issuer> <subject>"'],
    ['RAPPORT_PRIVACY_OFFICER', 'https://id.example a b', '"<issuer> <subject>"'],
  ])('says what is expected of %s where it is %j', (name, value, expected) => {
    const read = () => readConfiguration({ [name]: value });
    expect(read).toThrow(InvalidConfiguration);
    expect(read).toThrow(new RegExp(`^${name} .*${expected.replaceAll(/[?"]/g, '\\$&')}`));
  });

  it('needs an issuer in production', () => {
    expect(() => readConfiguration({ NODE_ENV: 'production' })).toThrow(/^OIDC_ISSUER must name/);
  });

  it('begins with a demonstration in development only, unless it is told otherwise', () => {
    expect(readConfiguration({ NODE_ENV: 'development' }).demonstration).toBe(true);
    expect(readConfiguration({ DEMO: 'off' }).demonstration).toBe(false);
    expect(readConfiguration({ NODE_ENV: 'test' }).demonstration).toBe(false);
    expect(readConfiguration({ NODE_ENV: 'test', DEMO: 'on' }).demonstration).toBe(true);
    expect(readConfiguration({ OIDC_ISSUER: 'https://id.example' }).demonstration).toBe(false);
    expect(() => readConfiguration({ OIDC_ISSUER: 'https://id.example', DEMO: 'on' })).toThrow(/^DEMO works with the development/);
  });

  it('lets an issuer on this machine be without TLS', () => {
    expect(readConfiguration({ OIDC_ISSUER: 'http://localhost:8081/realm' }).issuer).toBe('http://localhost:8081/realm');
  });
});
