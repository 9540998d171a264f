/** `rapport import calls` on a file of another shape with every kind of bad row: nothing of it is lost, the rest is imported. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rapport } from './cli';
import { TestServer } from './server';

jest.setTimeout(120_000);

const MAPPING = `# another desk: other columns, separator, dates, encoding
system: helpdesk
source: import
purpose: service-desk
separator: ";"
encoding: utf-8
unknown: ["n/a"]
dates: { format: d/M/yyyy h:mm a, timeZone: Europe/Amsterdam }
people:
  caller: { column: Klant, relationship: customer, name: Naam, email: Mail }
columns:
  number: Nummer
  counter: Teller
  occurredAt: Gewijzigd
  status: { column: Stand, values: { Nieuw: new, Bezig: active, Klaar: closed } }
  location: Plaats
`;
const CATEGORIES = ['identity', 'contact', 'support'];
const about = { purpose: 'service-desk', source: 'import' };
const HEADER = 'Nummer;Teller;Gewijzigd;Stand;Klant;Naam;Mail;Plaats;Geheim';
const good = (number: string, more: Partial<{ [column: string]: string }> = {}) => {
  const row = {
    Nummer: number,
    Teller: '1',
    Gewijzigd: '2/3/2016 1:05 PM',
    Stand: 'Nieuw',
    Klant: 'K 1',
    Naam: 'Ann',
    Mail: 'n/a',
    Plaats: 'Zaal 1',
    Geheim: 'x',
  };
  return Object.values({ ...row, ...more }).join(';');
};

/** Bad rows: what is in the file, in which column it is wrong, and what is said of it. */
const BAD: readonly (readonly [row: string | Buffer, column: string, reason: string])[] = [
  [good('A2', { Stand: 'Weg' }), 'Stand', 'The mapping says nothing about this value. It knows: Nieuw, Bezig, Klaar.'],
  [
    good('A3', { Gewijzigd: '30/2/2016 1:05 PM' }),
    'Gewijzigd',
    'A time that exists in Europe/Amsterdam is expected, written as d/M/yyyy h:mm a.',
  ],
  [
    good('A4', { Gewijzigd: '27/3/2016 2:30 AM' }),
    'Gewijzigd',
    'A time that exists in Europe/Amsterdam is expected, written as d/M/yyyy h:mm a.',
  ],
  [good('A5', { Gewijzigd: '2/3/2199 1:05 PM' }), 'Gewijzigd', 'This has not happened yet: give a time that is not in the future.'],
  [good('A6', { Teller: 'een' }), 'Teller', 'A whole number is expected.'],
  [good('A7', { Teller: '-1' }), 'Teller', 'A number from 0 to 1000000 is expected.'],
  [good('n/a'), 'Nummer', 'This field is required.'],
  [good('A'.repeat(101)), 'Nummer', 'expected'],
  [good('A8', { Plaats: 'Zaal\u0000 1' }), 'Plaats', 'expected'],
  [good('A9', { Mail: 'nobody' }), 'Mail', 'An e-mail address is expected'],
  [good('A10', { Klant: 'K 1'.padEnd(101, 'x') }), 'Klant', 'expected'],
  [Buffer.from(good('A11', { Plaats: 'Caf\u00e9' }), 'latin1'), 'Plaats', 'Characters of this value were lost'],
  [`${good('A12')};more`, '', '9 columns are expected; this row has 10.'],
  ['A13', '', '9 columns are expected; this row has 1.'],
  [good('A14', { Naam: 'A "B" C' }), 'Naam', 'A quote stands inside a value that is not quoted.'],
  [good('A15', { Naam: '"A" C' }), 'Naam', 'After a closing quote the next column is expected'],
  [good('A16', { Naam: '"never closed' }), 'Naam', 'A'],
  [good('A1', { Klant: 'K 2', Gewijzigd: '3/3/2016 1:05 PM' }), 'Klant', 'another caller'],
  [good('A1', { Plaats: 'Zaal 2' }), '', 'This row was imported before with other values'],
];

const bytes = (rows: readonly (string | Buffer)[]) =>
  Buffer.concat(rows.map((row) => Buffer.concat([Buffer.from(row as string), Buffer.from('\r\n')])));

describe('The import of a file with bad rows', () => {
  let server: TestServer;
  let mapping: string;
  const inFolder = (name: string) => join(server.folder, name);
  const importing = (file: string, ...more: string[]) =>
    rapport(server, ['import', 'calls', inFolder(file), '--mapping', mapping, ...more]);

  beforeAll(async () => {
    server = await TestServer.start();
    mapping = inFolder('helpdesk.yaml');
    writeFileSync(mapping, MAPPING);
    await server.call('petra', 'POST', '/v1/purposes', {
      slug: 'service-desk',
      title: 'Service desk',
      explanation: 'What you reported is solved.',
      categories: CATEGORIES,
      subjects: ['customer-contact'],
      basis: 'contract',
      retention: CATEGORIES.map((category) => ({ category, keep: 'P2Y', from: 'call-closed' })),
    });
    const service = { name: 'import', issuer: `${server.url}/identity`, client: 'import', purposes: ['service-desk'] };
    expect((await server.call('petra', 'POST', '/v1/services', service)).status).toBe(201);
    writeFileSync(
      inFolder('log.csv'),
      bytes([HEADER, good('A1'), ...BAD.map(([row]) => row), '', good('A20', { Plaats: '"Zaal; ""20"""' }), good('A21')]),
    );
  });
  afterAll(() => server.close());

  it('keeps each bad row as it was, with line, column and reason, readable by its user only', async () => {
    const { code, stdout } = await importing('log.csv');
    expect(stdout).toContain(`${BAD.length + 3} rows read: 3 imported, 0 unchanged, ${BAD.length} rejected.`);
    expect(stdout).toContain('1 column is not read');
    expect(code).toBe(1);
    const path = inFolder('log.rejects.csv');
    expect(stdout).toContain(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);

    const lines = readFileSync(path, 'latin1').trimEnd().split('\n');
    expect(lines[0]).toBe(`line;column;reason;${HEADER}`);
    BAD.forEach(([row, column, reason], index) => {
      const told = lines.find((line) => line.startsWith(`${index + 3};`))!;
      expect(told).toMatch(new RegExp(`^${index + 3};${column};`));
      expect(told).toContain(reason);
      const kept = Buffer.from(row as string).toString('latin1');
      const broken = /A1[456]/.test(kept);
      expect(told.endsWith(broken ? `;"${kept.replaceAll('"', '""')}"` : `;${kept}`)).toBe(true);
    });
    expect(lines).toHaveLength(BAD.length + 1);
  });

  it('imported the others, people with what the file knows of them', async () => {
    const again = { ...about, relationship: 'customer', externalSystem: 'helpdesk', externalNumber: 'K 1' };
    const { body } = await server.call('petra', 'POST', '/v1/people', again);
    const timeline = await server.call('petra', 'GET', `/v1/people/${body['holder'] as string}/timeline?purpose=service-desk`);
    const text = JSON.stringify(timeline.body);
    expect(text).toContain('Ann');
    expect(text).toContain(JSON.stringify('Zaal; "20"').slice(1, -1));
    // 1:05 PM in Amsterdam, in winter.
    expect(text).toContain('2016-03-02T12:05:00.000Z');
  });

  it('takes the corrected rejects like the file itself, and writes over nothing', async () => {
    const path = inFolder('log.rejects.csv');
    const before = readFileSync(path);
    const again = await importing('log.csv');
    expect(again.stdout).toContain(`${BAD.length + 3} rows read: 0 imported, 3 unchanged, ${BAD.length} rejected.`);
    expect(readFileSync(path)).toEqual(before);
    expect(readFileSync(inFolder('log.rejects-2.csv'))).toEqual(before);

    writeFileSync(
      path,
      before
        .toString('latin1')
        .split('\n')
        .filter((line) => /^(line|3);/.test(line))
        .join('\n')
        .replace('Weg', 'Bezig'),
      'latin1',
    );
    const corrected = await importing('log.rejects.csv');
    expect(corrected).toMatchObject({ code: 0, stdout: expect.stringContaining('1 rows read: 1 imported') });

    const taken = await importing('log.csv', '--rejects', path);
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already and is not written over') });
  });

  it('rehearsed tells what is wrong, and where, without a value of anybody', async () => {
    const { code, stdout } = await importing('log.csv', '--dry-run');
    expect(code).toBe(1);
    expect(stdout).toContain('line 3, Stand: The mapping says nothing about this value.');
    expect(stdout).not.toMatch(/Ann|Zaal|K 1|Weg/);
  });

  it('refuses a command line that cannot be used, and credentials that are not accepted', async () => {
    const zone = await importing('log.csv', '--time-zone', 'Mars');
    expect(zone).toMatchObject({ code: 2, stderr: expect.stringContaining('--time-zone is expected') });
    const nothing = await rapport(server, ['import', 'calls']);
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining("missing required argument 'file'") });
    const wrong = { RAPPORT_CLIENT_ID: 'import', RAPPORT_CLIENT_SECRET: 'wrong' };
    const refused = await rapport(server, ['import', 'calls', inFolder('log.csv'), '--mapping', mapping], wrong);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('does not accept the client import') });
  });
});
