/**
 * `npm test`: everything that can be checked, in one go, and one line at the end: "N passed, N failed".
 * A check that is not a jest test (types, lint, boundaries) counts as one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'rapport-test-'));
let passed = 0;
let failed = 0;

/** Runs a command with its output shown; true where it ends with 0. */
function run(title, command, args) {
  console.log(`\n== ${title}`);
  return spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
}

function check(title, script) {
  if (run(title, 'npm', ['run', '--silent', script])) passed++;
  else failed++;
}

check('Build and types', 'build');
check('Lint and format', 'lint');
check('Boundaries', 'boundaries');

const results = join(folder, 'jest.json');
const ended = run('Tests', 'npx', ['jest', '--json', `--outputFile=${results}`]);
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites, numTotalTests } = JSON.parse(readFileSync(results, 'utf8'));
  passed += numPassedTests;
  // A suite that could not even be loaded has no failed test of its own.
  failed += Math.max(numFailedTests, numFailedTestSuites, ended || numFailedTests > 0 ? 0 : 1);
  if (numTotalTests === 0) failed++;
} catch {
  failed++;
}
rmSync(folder, { recursive: true, force: true });

console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
