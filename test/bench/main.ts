/**
 * `npm run bench [-- NAME…] [--rounds N] [--large]`: measures, prints a table and writes `bench-results.json`. It is no test: what it
 * finds depends on the machine, and only the ratio of two things measured in turns is worth comparing.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isWithin, resultOf, table, type Benchmark, type Result } from './benchmark';
import { commandLatency, commandThroughput } from './commands';

const benchmarks: readonly Benchmark[] = [commandThroughput, commandLatency];
const RESULTS = 'bench-results.json';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '5' }, large: { type: 'boolean', default: false } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds is a number from 1.');
  const unknown = positionals.find((name) => !benchmarks.some((each) => each.name === name));
  if (unknown !== undefined) throw new Error(`There is no benchmark ${unknown}: ${benchmarks.map(({ name }) => name).join(', ')}.`);

  const results: { [name: string]: Result } = {};
  const rows = [['', 'ours', 'base', 'unit', 'ratio', 'limit', '']];
  for (const benchmark of benchmarks) {
    if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
    console.log(`\n${benchmark.name}: ${benchmark.title}`);
    const measured = await benchmark.run({ rounds, large: values.large });
    for (const note of measured.notes) console.log(`  ${note}`);
    const result = resultOf(benchmark, measured);
    results[benchmark.name] = result;
    const { limit } = benchmark;
    const [sign, bound] = 'least' in limit ? ['≥', limit.least] : ['≤', limit.most];
    rows.push([
      benchmark.name,
      ...[result.ours, result.base].map(String),
      result.unit,
      result.ratio.toFixed(2),
      `${sign} ${bound}`,
      isWithin(benchmark, result) ? '' : 'MISSED',
    ]);
  }
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\n${table(rows)}\n\nWritten to ${RESULTS}.`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
