/** Five kinds of test, named as they are run: unit beside the code, the others in `test/`. */
const common = {
  testEnvironment: 'node',
  // Long enough for a machine that is busy with other things: no test is decided by timing.
  testTimeout: 120_000,
  transform: { '^.+\\.(ts|js|mjs)$': ['@swc/jest'] },
  // These packages ship ES modules only; jest runs CommonJS.
  transformIgnorePatterns: ['/node_modules/(?!(@nestjs|@seriousme|jose|oidc-provider|openid-client|oauth4webapi)/)'],
  moduleNameMapper: {
    '^@rapport/projections$': '<rootDir>/projections',
    '^@rapport/projections/(.*)$': '<rootDir>/projections/$1',
    '^@rapport/([^/]+)$': '<rootDir>/libs/$1/src',
    '^@rapport/([^/]+)/(.*)$': '<rootDir>/libs/$1/src/$2',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};

module.exports = {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{libs,projections,apps}/**/*.spec.ts', '<rootDir>/test/{unit/**/,}*.spec.ts'],
    },
    { ...common, displayName: 'contract', testMatch: ['<rootDir>/test/contract/**/*.spec.ts'] },
    { ...common, displayName: 'http', testMatch: ['<rootDir>/test/http/**/*.spec.ts'] },
    { ...common, displayName: 'security', testMatch: ['<rootDir>/test/security/**/*.spec.ts'] },
    { ...common, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.spec.ts'] },
  ],
};
