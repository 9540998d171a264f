#!/usr/bin/env node
/**
 * `npm run rapport`: starts the built command, and builds it first where the sources are newer than what was built,
 * so that it works right after `npm ci` and after every pull.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const main = join(root, 'dist', 'apps', 'cli', 'src', 'main.js');
const built = join(root, 'dist', '.tsbuildinfo');

/** When the newest source was written, in milliseconds since 1970. */
function newest(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return path.endsWith('.ts') || path.endsWith('.json') ? stats.mtimeMs : 0;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const sources = ['apps', 'libs', 'projections', 'tsconfig.json', 'nest-cli.json', 'package-lock.json'].map((name) => join(root, name));
if (!existsSync(main) || !existsSync(built) || Math.max(...sources.map(newest)) > statSync(built).mtimeMs) {
  process.stderr.write('Building …\n');
  const nest = createRequire(import.meta.url).resolve('@nestjs/cli/bin/nest.js');
  const { status } = spawnSync(process.execPath, [nest, 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
  const now = new Date();
  utimesSync(built, now, now);
}
createRequire(import.meta.url)(main);
