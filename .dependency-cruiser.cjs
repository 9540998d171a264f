/** Who may import whom (docs/architecture.md). Each rule says why. */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'What depends on itself cannot be understood on its own.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-is-pure',
      comment: 'The domain knows the kernel’s vocabulary and nothing else: no I/O, no framework beyond the field decorators.',
      severity: 'error',
      from: { path: '^libs/domain', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(libs|apps|projections)', pathNot: '^libs/(domain|kernel/src/(index|aggregate|events|refusal|fields))' },
    },
    {
      name: 'projections-read-only',
      comment: 'A projection sees declared events and the read-model runtime; it cannot send commands or open the vault.',
      severity: 'error',
      from: { path: '^projections' },
      to: { path: '^(libs|apps)', pathNot: '^libs/(domain|read-model|kernel/src)' },
    },
    {
      name: 'nothing-imports-apps',
      comment: 'Apps are put together from the libraries.',
      severity: 'error',
      from: { path: '^(libs|projections)' },
      to: { path: '^apps' },
    },
    {
      name: 'no-tests-in-code',
      comment: 'A double stays in the tests.',
      severity: 'error',
      from: { path: '^(libs|apps|projections)', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/|\\.spec\\.ts$' },
    },
  ],
  options: {
    // dependency-cruiser 17 cannot read this one file; it imports what its neighbors import.
    exclude: { path: '^libs/read-model/src/worker\\.ts$' },
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: false,
  },
};
