/** One way for every import: read, plan, send in batches, count; what cannot be imported goes to the rejects file. */
import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { Batches, type Answer, type Line, type Problem } from '../batches';
import { Progress } from '../progress';
import type { Server } from '../server';
import { EXIT, Stop } from '../stop';
import type { Row } from './csv';
import type { Mapping } from './mapping';
import { Rejects } from './rejects';
import { isReject, openTable, type Reject, type Table } from './table';

/** What a row becomes. */
export interface RowPlan {
  /** Sent before any row: whom the row names. The same line is sent once, or a few times. */
  readonly first: readonly Line[];
  /** What the row itself says, in this order. */
  readonly lines: readonly Line[];
  /** The column that a field of the lines is from. */
  columnOf(field: string): string | undefined;
  /** Rows with the same one that stand together in the file are sent in `order`. */
  readonly together?: string;
  readonly order?: string;
}

export interface Import {
  readonly file: string;
  readonly mapping: Mapping;
  /** What is counted, in the plural: `calls`. */
  readonly unit: string;
  plan(row: Row, table: Table): RowPlan | Reject;
  readonly rejects?: string;
}

export interface Summary {
  rows: number;
  imported: number;
  unchanged: number;
  rejected: number;
  peopleAdded: number;
  peopleKnown: number;
  /** Columns of the file that are not read. */
  readonly unread: number;
  rejectsFile?: string;
}

interface Item {
  readonly row: Row;
  readonly plan: RowPlan | Reject;
}

/** Bounds on what is kept in memory at once. */
const LINES_A_BATCH = 2_000;
const ROWS_TOGETHER = 1_000;
const PEOPLE_REMEMBERED = 100_000;

/**
 * Imports a file: first everybody it names, then its rows. Interrupted at any moment and run again it ends the same.
 * @param stopped asked between batches
 * @throws Stop
 */
export async function runImport(work: Import, server: Server, stopped: () => boolean): Promise<Summary> {
  const batches = new Batches(server);
  const start = await positionOf(server);
  // A command that took effect before answers as it did then: by its position it is no news of this run.
  const isNews = ({ changed, position = '' }: Answer) => changed === true && position > start;
  const checkpoint = () => {
    if (stopped()) throw new Stop('Interrupted. Run the same command again: it goes on.', EXIT.interrupted);
  };

  const header = await openTable(work.file, work.mapping);
  await header.rows.return();
  const rejects = new Rejects(work.file, work.rejects, header);
  const summary: Summary = { rows: 0, imported: 0, unchanged: 0, rejected: 0, peopleAdded: 0, peopleKnown: 0, unread: header.table.unread };
  try {
    for await (const answers of sent(batches, newPeople(work), (line) => [line], new Progress('People', 'people'))) {
      checkpoint();
      for (const {
        answers: [answer],
      } of answers) {
        stopWhereForbidden(answer!, work.mapping, server);
        if (isNews(answer!)) summary.peopleAdded++;
        else if (answer!.status < 300 || answer!.problem?.type === '/problems/already-held') summary.peopleKnown++;
      }
    }
    const linesOf = ({ plan }: Item) => (isReject(plan) ? [] : plan.lines);
    for await (const answers of sent(batches, inOrder(rowsOf(work)), linesOf, new Progress('Importing', work.unit))) {
      checkpoint();
      for (const {
        item: { row, plan },
        answers: given,
      } of answers) {
        summary.rows++;
        for (const answer of given) stopWhereForbidden(answer, work.mapping, server);
        const refused = isReject(plan) ? plan : given.map((answer) => refusalIn(answer, plan)).find((found) => found !== undefined);
        if (refused !== undefined) {
          rejects.add(row, refused);
          summary.rejected++;
        } else if (given.some(isNews)) summary.imported++;
        else summary.unchanged++;
      }
    }
  } finally {
    rejects.close();
  }
  return { ...summary, rejectsFile: rejects.path };
}

/** Reads and plans every row and sends nothing. @param onReject told of each row that would be refused here */
export async function rehearse(work: Import, onReject: (row: Row, reject: Reject) => void): Promise<Summary> {
  const header = await openTable(work.file, work.mapping);
  await header.rows.return();
  const rejects = work.rejects === undefined ? undefined : new Rejects(work.file, work.rejects, header);
  const summary: Summary = { rows: 0, imported: 0, unchanged: 0, rejected: 0, peopleAdded: 0, peopleKnown: 0, unread: header.table.unread };
  const people = new LRUCache<string, true>({ max: PEOPLE_REMEMBERED });
  const progress = new Progress('Reading', 'rows');
  for await (const { row, plan } of rowsOf(work)) {
    progress.at(++summary.rows, row.share);
    if (isReject(plan)) {
      summary.rejected++;
      rejects?.add(row, plan);
      onReject(row, plan);
      continue;
    }
    for (const { key } of plan.first) {
      if (people.has(key)) continue;
      people.set(key, true);
      summary.peopleAdded++;
    }
  }
  progress.end();
  rejects?.close();
  return { ...summary, rejectsFile: rejects?.path };
}

/** Every row of the file with what it becomes. */
async function* rowsOf({ file, mapping, plan }: Import): AsyncGenerator<Item> {
  const { rows, table } = await openTable(file, mapping);
  for await (const row of rows) yield { row, plan: plan(row, table) };
}

/** The lines that add people, each once as far as memory goes; the server knows the others by their key. */
async function* newPeople(work: Import): AsyncGenerator<Line & { readonly share: number }> {
  const seen = new LRUCache<string, true>({ max: PEOPLE_REMEMBERED });
  for await (const { row, plan } of rowsOf(work)) {
    if (isReject(plan)) continue;
    for (const line of plan.first) {
      if (seen.has(line.key)) continue;
      seen.set(line.key, true);
      yield { ...line, share: row.share };
    }
  }
}

/** Rows that belong together and stand together, in their own order: a log is not always in order of time. */
async function* inOrder(items: AsyncIterable<Item>): AsyncGenerator<Item & { readonly share: number }> {
  let group: { readonly item: Item; readonly order: string }[] = [];
  let together: string | undefined;
  const flush = () => {
    const sorted = group.toSorted((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
    group = [];
    return sorted.map(({ item }) => ({ ...item, share: item.row.share }));
  };
  for await (const item of items) {
    const own = isReject(item.plan) ? together : item.plan.together;
    if (own === undefined || own !== together || group.length >= ROWS_TOGETHER) yield* flush();
    together = own;
    group.push({ item, order: isReject(item.plan) ? '' : (item.plan.order ?? '') });
  }
  yield* flush();
}

/** Items sent in batches, with their answers; the next batch is read while one is under way. Ends its progress. */
async function* sent<T extends { readonly share: number }>(
  batches: Batches,
  items: AsyncIterable<T>,
  linesOf: (item: T) => readonly Line[],
  progress: Progress,
): AsyncGenerator<{ readonly item: T; readonly answers: readonly Answer[] }[]> {
  const pages = paged(items, linesOf);
  let count = 0;
  try {
    for (let page = await pages.next(); page.done !== true;) {
      const items = page.value;
      const sending = batches.send(items.flatMap((item) => linesOf(item).map(({ command, key, body }) => ({ command, key, body }))));
      // Heard below: until then it must not end the process.
      sending.catch(() => undefined);
      page = await pages.next();
      const answers = await sending;
      let from = 0;
      yield items.map((item) => ({ item, answers: answers.slice(from, (from += linesOf(item).length)) }));
      progress.at((count += items.length), items.at(-1)!.share);
    }
  } finally {
    progress.end();
    await pages.return();
  }
}

async function* paged<T>(items: AsyncIterable<T>, linesOf: (item: T) => readonly Line[]): AsyncGenerator<T[], void> {
  let page: T[] = [];
  let lines = 0;
  for await (const item of items) {
    page.push(item);
    lines += linesOf(item).length;
    if (lines < LINES_A_BATCH && page.length < LINES_A_BATCH) continue;
    yield page;
    [page, lines] = [[], 0];
  }
  if (page.length > 0) yield page;
}

/** Why a row's command was refused, in terms of the file; undefined where it was not. */
function refusalIn({ status, problem = {} }: Answer, plan: RowPlan): Reject | undefined {
  if (status < 300) return undefined;
  const { pointer = '', detail } = problem.errors?.[0] ?? {};
  const column = plan.columnOf(pointer.slice(1));
  if (problem.type === '/problems/idempotency-mismatch') {
    return {
      column: undefined,
      reason: 'This row was imported before with other values, or by another mapping or purpose. What was recorded stays as it is.',
    };
  }
  return { column, reason: detail ?? problem.detail ?? `The server answers ${status}.` };
}

/** What the service may not do, it may do for no row. */
function stopWhereForbidden({ status, problem }: Answer, { purpose, name }: Mapping, server: Server): void {
  if (status !== 403) return;
  throw new Stop(`The server refuses: ${problem?.detail ?? 'not allowed'}\n${wayOut(problem, purpose, name, server)}`);
}

function wayOut(problem: Problem | undefined, purpose: string, mapping: string, server: Server): string {
  const { client } = server.tokens.account;
  switch (problem?.reason) {
    case 'purpose-unknown':
      return `The mapping ${mapping} names the purpose ${purpose}. The privacy officer declares it (POST ${server.url}/v1/purposes), or name another: --purpose SLUG`;
    case 'purpose-not-allowed':
      return `The privacy officer allows the purpose ${purpose} to the service ${client}: PUT ${server.url}/v1/services/{serviceId}/purposes`;
    case 'purpose-does-not-cover':
      return `Declare the purpose ${purpose} anew with what it lacks, or name another: --purpose SLUG`;
    default:
      return `The service ${client} needs to be allowed this by the policies: GET ${server.url}/v1/policies`;
  }
}

/** How long the read models are waited for, in milliseconds, and how often they are asked. */
const CATCHING_UP = 30_000;
const ASK_AGAIN = 200;

/** Where the store stands before anything is sent, as its read models know it. */
async function positionOf(server: Server): Promise<string> {
  for (const until = Date.now() + CATCHING_UP; ; await pause(ASK_AGAIN)) {
    const ready = await fetch(`${server.url}/health/ready`).catch(() => undefined);
    const { position = '', caughtUp } = (await ready?.json().catch(() => ({}))) as { position?: string; caughtUp?: boolean };
    if (ready?.ok === true && (caughtUp === true || Date.now() > until)) return position;
    if (Date.now() > until) throw new Stop(`The server at ${server.url} is not ready (GET /health/ready). Nothing was sent.`, EXIT.broken);
  }
}
