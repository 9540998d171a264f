/** What the documents say of the code is so: code they quote is in its file, what they link to is there, and so are the scripts. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const documents = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Code between fences below `<!-- from FILE -->`; a line `// …` or `# …` leaves something out. */
const QUOTE = /<!-- from (\S+) -->\n+```\w*\n([\s\S]*?)```/g;
const quotes = documents.flatMap((document) =>
  [...read(document).matchAll(QUOTE)].map(([, file = '', code = '']) => ({ document, file, code, first: code.split('\n')[0] ?? '' })),
);
const linesOf = (text: string) => text.split('\n').map((line) => line.trim());

/** The first part of the code that is not in the file, after the parts before it; undefined where all of it is. */
function missing(code: string, file: string): string | undefined {
  const lines = linesOf(read(file)).join('\n');
  let from = 0;
  for (const part of code.trim().split(/^\s*(?:\/\/|#) …$\n?/m)) {
    const quoted = linesOf(part.trim()).join('\n');
    const at = lines.indexOf(quoted, from);
    if (at < 0) return part;
    from = at + quoted.length;
  }
  return undefined;
}

describe('Code in the documents', () => {
  it('is quoted', () => expect(quotes.length).toBeGreaterThan(3));

  it.each(quotes)('$document: “$first …” is in $file', ({ code, file }) => {
    expect(missing(code, file)).toBeUndefined();
  });

  it('would be found out', () => {
    const [quote] = quotes as [(typeof quotes)[number]];
    expect(missing(quote.code.replace(/[a-z]/, '_'), quote.file)).toBeDefined();
    expect(missing(`// …\n${quote.code}\n// …\n${quote.code}`, quote.file)).toBeDefined();
  });
});

describe('Links in the documents', () => {
  const links = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g)].map(([, to = '']) => ({
      document,
      to: normalize(join(dirname(document), to)),
    })),
  );

  it('are there', () => {
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter(({ to }) => !existsSync(join(ROOT, to)))).toEqual([]);
  });
});

describe('Commands in the documents', () => {
  it('are scripts of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { [name: string]: string } };
    const named = documents.flatMap((document) =>
      [...read(document).matchAll(/npm (?:run ([\w:-]+)|(start|test)\b)/g)].map(([, script, known]) => `${document}: ${script ?? known}`),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((entry) => scripts[entry.split(': ')[1]!] === undefined)).toEqual([]);
  });
});

describe('Decisions', () => {
  it('have a number of their own, in the name of the file and in the title', () => {
    const names = readdirSync(join(ROOT, 'docs', 'decisions'));
    expect(new Set(names.map((name) => name.slice(0, 3))).size).toBe(names.length);
    for (const name of names) expect(read(`docs/decisions/${name}`)).toMatch(new RegExp(`^# ${name.slice(0, 3)} `));
  });
});
