/**
 * The canonical text of a policy set: the one form that is digested, published as an event, and evaluated again
 * by auditors. Files sorted by name, each under a header with its name, lines ended by a single newline.
 */
export const SCHEMA_FILE = 'schema.cedarschema';

export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

const HEADER = /^\/\/ ==== (\S+) ====$/;
const header = (name: string) => `// ==== ${name} ====`;

/** @param files in any order @returns the canonical text @throws Error where a line of a file looks like a header */
export function joinFiles(files: readonly PolicyFile[]): string {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted
    .map(({ name, text }) => {
      const lines = text.replace(/\r\n?/g, '\n').trim().split('\n');
      const clash = lines.findIndex((line) => HEADER.test(line));
      if (clash >= 0) throw new Error(`${name}:${clash + 1}: this line looks like the header of a file in the published text. Reword it.`);
      return `${header(name)}\n${lines.join('\n')}\n`;
    })
    .join('');
}

/** @param text as `joinFiles` made it @returns its files @throws Error where it does not begin with a header */
export function splitFiles(text: string): PolicyFile[] {
  const files: { name: string; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    const name = HEADER.exec(line)?.[1];
    if (name !== undefined) files.push({ name, lines: [] });
    else if (files.length > 0) files[files.length - 1]!.lines.push(line);
    else
      throw new Error(`The text of a policy set begins with a line like '${header('people.cedar')}'. Give the text as it was published.`);
  }
  return files.map(({ name, lines }) => ({ name, text: lines.join('\n') }));
}
