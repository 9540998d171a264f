/**
 * The register of purposes as a file that a privacy officer reads and edits (config/purposes.yaml), and how it is
 * compared with the register in force. The file is loaded by commands like any others.
 */
import { DeclarePurpose, declarePurpose, type Purpose, type PurposeRegister } from '@rapport/domain';
import { isInvalid, isRefusal, validate } from '@rapport/kernel';
import { isAlias, isCollection, isMap, isScalar, LineCounter, parseDocument, type Node, type Pair, type YAMLMap } from 'yaml';

/** One thing that is wrong with the file. */
export interface FileProblem {
  /** From 1. */
  readonly line: number;
  /** As the file has it: `marketing.retention.contact`; empty for the file itself. */
  readonly field: string;
  readonly detail: string;
}

/** The file cannot be loaded; nothing of it was. The message lists everything that is wrong, a line each. */
export class InvalidPurposesFile extends Error {
  override readonly name = 'InvalidPurposesFile';
  constructor(
    file: string,
    readonly problems: readonly FileProblem[],
  ) {
    super(problems.map(({ line, field, detail }) => `${file}:${line}: ${field === '' ? '' : `${field}: `}${detail}`).join('\n'));
  }
}

const FIELDS = ['title', 'explanation', 'subjects', 'basis', 'balancing', 'retention'];
const RETENTION = /^(\S+) from (\S+)$/;

type Entry = Pair<Node, Node | null>;

/**
 * Reads the register.
 *
 * @param text YAML 1.2: by slug, each purpose with its title, explanation, subjects, basis, balancing and retention
 * @param file its name, for what is said about it
 * @returns the commands that declare it, in the order of the file
 * @throws InvalidPurposesFile naming line and field of everything that is wrong
 */
export function readPurposes(text: string, file: string): DeclarePurpose[] {
  const lines = new LineCounter();
  const document = parseDocument<Node>(text, { lineCounter: lines, prettyErrors: false });
  const problems: FileProblem[] = [];
  const lineAt = (offset: number | undefined) => lines.linePos(offset ?? 0).line;
  const complain = (node: Node | null | undefined, field: string, detail: string) => {
    const line = lineAt(node?.range?.[0]);
    // A category stands for itself and for how long it is kept: what is wrong with it is said once.
    if (!problems.some((problem) => problem.line === line && problem.field === field && problem.detail === detail))
      problems.push({ line, field, detail });
  };

  for (const { message, pos } of document.errors) {
    const line = lineAt(pos[0]);
    // What else is said of that line follows from the first.
    if (!problems.some((problem) => problem.line === line)) problems.push({ line, field: '', detail: `${message}.` });
  }
  const { contents } = document;
  const purposes = isMap(contents) ? (contents.items as Entry[]) : [];
  if (problems.length === 0 && purposes.length === 0) {
    complain(contents, '', 'Purposes are expected, each as its name followed by a colon, and its fields below, indented.');
  }
  const declared = problems.length > 0 ? [] : purposes.flatMap((entry) => readPurpose(entry, complain));
  if (problems.length > 0)
    throw new InvalidPurposesFile(
      file,
      problems.sort((a, b) => a.line - b.line),
    );
  return declared;
}

type Complain = (node: Node | null | undefined, field: string, detail: string) => void;

function readPurpose({ key, value }: Entry, complain: Complain): DeclarePurpose[] {
  const slug = textOf(key);
  if (!isMap(value)) {
    complain(key, slug, `Its fields are expected below it, indented: ${FIELDS.join(', ')}.`);
    return [];
  }
  const fields = new Map((value.items as Entry[]).map((entry) => [textOf(entry.key), entry]));
  for (const [name, entry] of fields) {
    if (!FIELDS.includes(name)) complain(entry.key, `${slug}.${name}`, `There is no such field; the fields are ${FIELDS.join(', ')}.`);
  }
  const retention = fields.get('retention')?.value;
  if (!isMap(retention) || retention.items.length === 0) {
    const at = fields.get('retention')?.key ?? key;
    complain(
      at,
      `${slug}.retention`,
      'Each category it needs is expected here, with how long it is kept: identity: P2Y from last-contact.',
    );
    return [];
  }
  const kept = (retention as YAMLMap<Node, Node | null>).items;
  const rules = kept.map((entry) => ({ entry, category: textOf(entry.key), rule: ruleOf(entry.value) }));
  for (const { entry, category, rule } of rules) {
    if (rule === undefined) {
      const detail = 'How long, and from when, is expected, such as P2Y from end-of-relationship.';
      complain(entry.value ?? entry.key, `${slug}.retention.${category}`, detail);
    }
  }
  if (rules.some(({ rule }) => rule === undefined)) return [];

  const body = {
    slug,
    ...Object.fromEntries(
      [...fields].filter(([name]) => FIELDS.includes(name) && name !== 'retention').map(([name, entry]) => [name, plain(entry.value)]),
    ),
    categories: rules.map(({ category }) => category),
    retention: rules.map(({ category, rule }) => ({ category, ...rule })),
  };
  /** Says what is wrong with the command where the file has it. @param path its field: ['retention', '0', 'keep'] */
  const blame = ([name = '', index, member]: readonly string[], detail: string) => {
    if (name === 'slug') return complain(key, slug, detail);
    if (name !== 'categories' && name !== 'retention') return complain(fields.get(name)?.key ?? key, `${slug}.${name}`, detail);
    const rule = rules[Number(index)];
    if (index === undefined || rule === undefined) return complain(fields.get('retention')?.key, `${slug}.retention`, detail);
    const at = member === 'keep' || member === 'from' ? rule.entry.value : rule.entry.key;
    complain(at, `${slug}.retention.${rule.category}`, detail);
  };
  const command = validate(DeclarePurpose, body);
  if (isInvalid(command)) {
    for (const { pointer, detail } of command.violations) blame(pointer.slice(1).split('/'), detail);
    return [];
  }
  const decided = declarePurpose(command, {});
  if (isRefusal(decided)) {
    blame((decided.field ?? '').split('/'), decided.detail);
    return [];
  }
  return [command];
}

const textOf = (node: Node | null): string => (isScalar(node) ? String(node.value) : '?');

function ruleOf(node: Node | null): { readonly keep: string; readonly from: string } | undefined {
  const [, keep, from] = RETENTION.exec(isScalar(node) ? String(node.value) : '') ?? [];
  return keep === undefined || from === undefined ? undefined : { keep, from };
}

/** The value of a node as JSON has it. */
function plain(node: Node | null): unknown {
  if (node === null || isAlias(node)) return null;
  return isCollection(node) ? (node.toJSON() as unknown) : isScalar(node) ? node.value : null;
}

/** What loading a register would do, and does. */
export interface RegisterChange {
  /** New, or in other words than those in force. */
  readonly declare: readonly DeclarePurpose[];
  readonly unchanged: readonly string[];
  /** In force and not in the file: withdrawn only where that is asked for. */
  readonly absent: readonly string[];
}

/** @param inForce as `GET /v1/purposes` answers */
export function compareRegister(declared: readonly DeclarePurpose[], inForce: readonly Purpose[]): RegisterChange {
  const register: PurposeRegister = Object.fromEntries(inForce.map((purpose) => [purpose.slug, purpose]));
  const isUnchanged = (command: DeclarePurpose) => {
    const decided = declarePurpose(command, register);
    return !isRefusal(decided) && decided.length === 0;
  };
  return {
    declare: declared.filter((command) => !isUnchanged(command)),
    unchanged: declared.filter(isUnchanged).map(({ slug }) => slug),
    absent: inForce.map(({ slug }) => slug).filter((slug) => !declared.some((command) => command.slug === slug)),
  };
}
