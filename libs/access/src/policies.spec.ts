import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidPolicySet, loadPolicies, parsePolicySet } from './policies';

const FOLDER = join(__dirname, '../policies');
const SCHEMA = `
entity Staff; entity Record;
action ReadThing appliesTo { principal: [Staff], resource: Record, context: { trained: Bool } };
`;
const GOOD = '// R1: staff read things.\n@id("staff-read")\npermit (principal is Staff, action == Action::"ReadThing", resource);\n';

describe('loading policies', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'policies-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const load = (files: { [name: string]: string }) => {
    for (const [name, text] of Object.entries({ 'schema.cedarschema': SCHEMA, ...files })) writeFileSync(join(folder, name), text);
    return loadPolicies(folder);
  };
  const problemsOf = (files: { [name: string]: string }): readonly string[] => {
    try {
      load(files);
    } catch (error) {
      if (error instanceof InvalidPolicySet) return error.problems;
      throw error;
    }
    return [];
  };

  it('digests the canonical text, which has every file under its name and can be read again', () => {
    const set = load({ 'b.cedar': GOOD.replace('staff-read', 'two'), 'a.cedar': `${GOOD.replaceAll('\n', '\r\n')}\n\n` });
    expect(set.text.split('\n').filter((line) => line.startsWith('// ===='))).toEqual([
      '// ==== a.cedar ====',
      '// ==== b.cedar ====',
      '// ==== schema.cedarschema ====',
    ]);
    expect(set.text).not.toContain('\r');
    expect(set.digest).toBe(createHash('sha256').update(set.text).digest('hex'));
    expect(parsePolicySet(set.text)).toEqual(set);
  });

  it('gives another digest where policy, comment or schema changed', () => {
    const digests = [
      load({ 'a.cedar': GOOD }).digest,
      load({ 'a.cedar': GOOD.replace('things', 'all things') }).digest,
      load({ 'a.cedar': GOOD, 'schema.cedarschema': SCHEMA.replace('{ trained', '{ self: Bool, trained') }).digest,
    ];
    expect(new Set(digests).size).toBe(3);
  });

  it('gives each policy with file, effect and comment, in the order of the text', () => {
    const second =
      '// R2: nobody\n// without training.\n@id("no-untrained")\nforbid (principal, action, resource) unless { context.trained };';
    expect(load({ 'a.cedar': `${GOOD}\n${second}` }).policies).toEqual([
      { id: 'staff-read', effect: 'permit', file: 'a.cedar', comment: 'R1: staff read things.' },
      { id: 'no-untrained', effect: 'forbid', file: 'a.cedar', comment: 'R2: nobody without training.' },
    ]);
  });

  it.each([
    ['no @id', { 'a.cedar': '// why\npermit (principal, action, resource);' }, /^a\.cedar: the policy "permit .*" has no @id/],
    ['no comment', { 'a.cedar': GOOD.replace(/^.*\n/, '') }, /^a\.cedar, policy "staff-read": there is no comment/],
    ['an empty comment', { 'a.cedar': GOOD.replace(/^.*\n/, '//\n') }, /^a\.cedar, policy "staff-read": there is no comment/],
    ['a taken @id', { 'a.cedar': GOOD, 'b.cedar': GOOD }, /^b\.cedar, policy "staff-read": the @id is taken by a policy in a\.cedar/],
    ['a syntax error', { 'a.cedar': `${GOOD}\npermit (principal action);` }, /^a\.cedar:5: .*Correct it/],
    ['an undeclared fact', { 'a.cedar': GOOD.replace(';\n', ' when { context.nope };\n') }, /^a\.cedar, policy "staff-read": .*nope/],
    ['an undeclared action', { 'a.cedar': GOOD.replace('ReadThing', 'ReadThings') }, /^a\.cedar, policy "staff-read": .*ReadThings/],
    [
      'a policy that can never apply',
      { 'a.cedar': GOOD.replace(';\n', ' when { false };\n') },
      /^a\.cedar, policy "staff-read": .*impossible/,
    ],
    ['a template', { 'a.cedar': `${GOOD}// why\n@id("x")\npermit (principal == ?principal, action, resource);` }, /^a\.cedar: a template/],
    ['a broken schema', { 'a.cedar': GOOD, 'schema.cedarschema': '\nentity Staff' }, /^schema\.cedarschema/],
    ['no policies', {}, /^There is no \*\.cedar file/],
  ])('refuses %s', (_, files, problem) => {
    const problems = problemsOf(files as { [name: string]: string });
    expect(problems[0]).toMatch(problem);
  });

  it('lists all problems at once', () => {
    expect(problemsOf({ 'a.cedar': 'permit (principal, action, resource);', 'b.cedar': GOOD.replace(/^.*\n/, '') })).toHaveLength(2);
  });

  it('refuses a folder without schema, text that is no policy set, and a line that looks like a header', () => {
    writeFileSync(join(folder, 'a.cedar'), GOOD);
    expect(() => loadPolicies(folder)).toThrow(/There is no schema\.cedarschema/);
    expect(() => parsePolicySet(GOOD)).toThrow(/begins with a line like/);
    expect(() => load({ 'a.cedar': `${GOOD}// ==== b.cedar ====\n` })).toThrow(/a\.cedar:4: this line looks like the header/);
  });
});

describe("Rapport's own policies", () => {
  const set = loadPolicies(FOLDER);

  it('each name the promise they serve', () => {
    for (const policy of set.policies) expect(`${policy.id}: ${policy.comment}`).toMatch(/: R\d+(, R\d+)*: .{20,}\.$/);
  });

  it('hold neither a name nor an identifier: each principal and resource is a kind', () => {
    expect(set.text).not.toMatch(/(principal|resource) (==|in) /);
  });

  it('are in the files they were read from, word for word', () => {
    const text = readFileSync(join(FOLDER, 'staff.cedar'), 'utf8');
    expect(set.text).toContain(text);
  });
});
