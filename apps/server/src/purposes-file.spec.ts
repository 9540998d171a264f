import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_SUBJECTS, dataCategories, type Purpose } from '@rapport/domain';
import { compareRegister, InvalidPurposesFile, readPurposes } from './purposes-file';

const SHIPPED = readFileSync(join(__dirname, '../../../config/purposes.yaml'), 'utf8');
const GOOD = `# why
news:
  title: News
  explanation: >-
    We send you
    news.
  subjects: [sponsor]
  basis: consent
  retention:
    identity: P2Y from last-contact
    contact: P6M from recorded
`;

/** A line of the file, changed. */
const changed = (line: number, text: string) =>
  GOOD.split('\n')
    .map((was, index) => (index === line - 1 ? text : was))
    .join('\n');

function problemsOf(text: string): string[] {
  try {
    readPurposes(text, 'p.yaml');
  } catch (error) {
    if (error instanceof InvalidPurposesFile) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('The file of purposes', () => {
  it('is read as the commands that declare them', () => {
    expect(readPurposes(GOOD, 'p.yaml')).toEqual([
      {
        slug: 'news',
        title: 'News',
        explanation: 'We send you news.',
        subjects: ['sponsor'],
        basis: 'consent',
        categories: ['identity', 'contact'],
        retention: [
          { category: 'identity', keep: 'P2Y', from: 'last-contact' },
          { category: 'contact', keep: 'P6M', from: 'recorded' },
        ],
      },
    ]);
  });

  it.each([
    ['another word for a basis', changed(8, '  basis: agreement'), /^p\.yaml:8: news\.basis: One of these is expected: consent, /],
    ['a missing title', changed(3, '  # none'), /^p\.yaml:2: news\.title: This field is required/],
    ['a title that is a number', changed(3, '  title: 2026'), /^p\.yaml:3: news\.title: A string is expected/],
    ['a field that is none', changed(3, '  title: News\n  subject: x'), /^p\.yaml:4: news\.subject: There is no such field; .*subjects/],
    ['a subject that is none', changed(7, '  subjects: [sponsor, neighbor]'), /^p\.yaml:7: news\.subjects: One of these is expected/],
    ['a category that is none', changed(10, '    names: P2Y from last-contact'), /^p\.yaml:10: news\.retention\.names: One of these/],
    ['a length that is none', changed(11, '    contact: 6M from recorded'), /^p\.yaml:11: news\.retention\.contact: A calendar duration/],
    ['a start that is none', changed(11, '    contact: P6M from now'), /^p\.yaml:11: news\.retention\.contact: One of these.*recorded/],
    ['retention without a start', changed(11, '    contact: P6M'), /^p\.yaml:11: news\.retention\.contact: How long, and from when/],
    ['retention without anything', changed(11, '    contact:'), /^p\.yaml:11: news\.retention\.contact: How long, and from when/],
    ['no retention', GOOD.slice(0, GOOD.indexOf('  retention')), /^p\.yaml:2: news\.retention: Each category it needs/],
    ['a name that is none', GOOD.replace('news:', 'News & more:'), /^p\.yaml:2: News & more: A slug is expected/],
    ['a name without fields', 'news: x\n', /^p\.yaml:1: news: Its fields are expected below it/],
    ['legitimate interest unbalanced', changed(8, '  basis: legitimate-interest'), /^p\.yaml:2: news\.balancing: .*balancing test/],
    ['a name twice', GOOD + GOOD, /^p\.yaml:13: Map keys must be unique/],
    ['a category twice', `${GOOD}    contact: P1Y from recorded\n`, /^p\.yaml:12: Map keys must be unique/],
    ['broken YAML', changed(7, '  subjects: [sponsor'), /^p\.yaml:\d+: /],
    ['a list', '- news\n', /^p\.yaml:1: Purposes are expected/],
    ['nothing', '', /^p\.yaml:1: Purposes are expected/],
  ])('names line and field of %s', (_, text, expected) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });

  it('says everything that is wrong at once, in the order of the lines', () => {
    const problems = problemsOf(`${changed(8, '  basis: agreement')}more:\n  title: More\n  retention: {}\n`);
    expect(problems.map((problem) => problem.split(': ')[0])).toEqual(['p.yaml:8', 'p.yaml:14']);
  });
});

describe('The register as it is shipped', () => {
  const shipped = readPurposes(SHIPPED, 'config/purposes.yaml');

  it('has a purpose for each category and for each kind of data subject', () => {
    expect(new Set(shipped.flatMap(({ categories }) => categories))).toEqual(new Set(dataCategories));
    expect(new Set(shipped.flatMap(({ subjects }) => subjects))).toEqual(new Set(DATA_SUBJECTS));
  });

  it('asks for consent to send news', () => {
    expect(shipped.find(({ slug }) => slug === 'marketing')?.basis).toBe('consent');
  });

  it('names in its head every word that can be used', () => {
    const head = SHIPPED.slice(0, SHIPPED.indexOf('\n\n'));
    for (const word of [...dataCategories, ...DATA_SUBJECTS]) expect(head).toContain(word);
  });
});

describe('Comparing it with the register in force', () => {
  const shipped = readPurposes(SHIPPED, 'config/purposes.yaml');
  // As HTTP answers it.
  const inForce = JSON.parse(JSON.stringify(shipped)) as Purpose[];

  it('finds nothing to do where it is loaded', () => {
    expect(compareRegister(shipped, inForce)).toEqual({ declare: [], unchanged: shipped.map(({ slug }) => slug), absent: [] });
  });

  it('finds what is new, in other words, or no longer there', () => {
    const [first, second, ...rest] = inForce as [Purpose, Purpose, ...Purpose[]];
    const before = [{ ...second, title: 'As it was' }, ...rest, { ...first, slug: 'old' }];
    const { declare, unchanged, absent } = compareRegister(shipped, before);
    expect(declare.map(({ slug }) => slug)).toEqual([first.slug, second.slug]);
    expect(unchanged).toEqual(rest.map(({ slug }) => slug));
    expect(absent).toEqual(['old']);
  });
});
