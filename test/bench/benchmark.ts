/** What a benchmark is, and the arithmetic they share. */

export interface Options {
  /** Rounds of each, in turns. */
  readonly rounds: number;
  /** Growth is measured at 10^6 events instead of 10^5. */
  readonly large: boolean;
}

export interface Measured {
  readonly ours: number;
  readonly base: number;
  /** Further numbers for whoever reads the table: what was measured beside, and where the time went. */
  readonly notes: readonly string[];
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** What the ratio of ours to base must not fall below, or not exceed. */
  readonly limit: { readonly least: number } | { readonly most: number };
  run(options: Options): Promise<Measured>;
}

export interface Result {
  readonly ours: number;
  readonly base: number;
  readonly ratio: number;
  readonly unit: string;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @param part from 0 to 1 @returns the value below which that part of them lies */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new Error('There is nothing to take a quantile of.');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] as number;
  return below + ((sorted[Math.ceil(at)] as number) - below) * (at % 1);
}

/** Each in turn, round after round, so that whatever else the machine does meets all of them. @returns what each gave, by round */
export async function inTurns<T>(rounds: number, ...work: readonly ((round: number) => Promise<T>)[]): Promise<T[][]> {
  const given = work.map((): T[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, each] of work.entries()) given[index]!.push(await each(round));
  }
  return given;
}

export function resultOf({ unit }: Benchmark, { ours, base }: Measured): Result {
  return { ours: rounded(ours), base: rounded(base), ratio: Number((ours / base).toFixed(3)), unit };
}

export function isWithin({ limit }: Benchmark, { ratio }: Result): boolean {
  return 'least' in limit ? ratio >= limit.least : ratio <= limit.most;
}

const rounded = (value: number) => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));

/** Lines up columns: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')).join('\n');
}
