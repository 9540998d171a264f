import { Flag, Id, Ids, Nested, OneOf, Text, Whole } from '@rapport/kernel';
import { ProblemError } from './problems';
import { readCommand, readQuery, validateQuery } from './validation';

const ID = '0198c5a0-7d3e-7cc1-9a44-5b8e1f0d2c63';
const OTHER_ID = '1198c5a0-7d3e-7cc1-9a44-5b8e1f0d2c63';
const d = { description: 'What it is.' };

class TakeNote {
  @Id(d) conversation!: string;
  @Text({ ...d, max: 10 }) text!: string;
}
class Calls {
  @Id({ ...d, optional: true }) person?: string;
  @Whole({ ...d, min: 1, max: 100, optional: true }) limit = 20;
  @Flag({ ...d, optional: true }) open?: boolean;
  @OneOf(['new', 'solved'], { ...d, list: true, optional: true }) states?: string[];
  @Ids({ ...d, min: 1, max: 2, optional: true }) ids?: string[];
}

/** The value, or `pointer code` of each violation. */
function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    expect(error.problem).toMatchObject({ status: 400, type: '/problems/invalid-input' });
    return error.problem.errors?.map(({ pointer, code }) => `${pointer} ${code}`);
  }
}

describe('readCommand', () => {
  it('takes fields from body and path', () => {
    const command = readCommand(TakeNote, { text: 'a' }, { conversation: ID });
    expect(command).toBeInstanceOf(TakeNote);
    expect(command).toEqual({ conversation: ID, text: 'a' });
  });

  it.each([
    [{ text: 'a' }, { conversation: ID.toUpperCase() }, ['/conversation case']],
    [{ text: 'a', conversation: OTHER_ID }, { conversation: ID }, ['/conversation unknown-field']],
    [{ conversation: OTHER_ID, x: 1 }, { conversation: ID }, ['/conversation unknown-field', '/x unknown-field', '/text required']],
    [undefined, { conversation: ID }, ['/text required']],
    [JSON.parse('{"text":"a","__proto__":{"conversation":1}}'), { conversation: ID }, ['/__proto__ unknown-field']],
    [[], { conversation: ID }, [' type']],
    [null, { conversation: ID }, [' type']],
    ['text', { conversation: ID }, [' type']],
  ])('%j with %j', (body, path, expected) => {
    expect(outcome(() => readCommand(TakeNote, body, path))).toEqual(expected);
  });
});

describe('readQuery', () => {
  it.each([
    ['', { limit: 20 }],
    ['limit=5&open=true', { limit: 5, open: true }],
    ['open=false&states=new', { limit: 20, open: false, states: ['new'] }],
    [`states=new&states=solved&ids=${ID}&ids=${OTHER_ID}`, { limit: 20, states: ['new', 'solved'], ids: [ID, OTHER_ID] }],
    ['limit=', ['/limit type']],
    ['limit=1e1', ['/limit type']],
    ['limit=+5', ['/limit type']],
    ['limit=0', ['/limit range']],
    ['limit=99999999999999999999', ['/limit type']],
    ['limit=5&limit=6', ['/limit repeated']],
    ['open=1', ['/open type']],
    ['open=', ['/open type']],
    ['states=new,solved', ['/states/0 choice']],
    [`ids=${ID}&ids=${ID}`, ['/ids unique']],
    ['limt=5', ['/limt unknown-field']],
    ['__proto__=5', ['/__proto__ unknown-field']],
    ['constructor=5&constructor=6', ['/constructor unknown-field']],
    ['Somebody+Somewhere=1', [' unknown-field']],
    [`person=${ID}&person=${ID}&limit=x`, ['/person repeated', '/limit type']],
  ])('%s', (query, expected) => {
    expect(outcome(() => readQuery(Calls, new URLSearchParams(query)))).toEqual(expected);
  });

  it('reads what Fastify parsed, and fields from the path', () => {
    const parsed = Object.assign(Object.create(null) as object, { states: ['new', 'solved'], limit: '7' });
    expect(readQuery(Calls, parsed, { person: ID })).toEqual({ person: ID, limit: 7, states: ['new', 'solved'] });
    expect(outcome(() => readQuery(Calls, { person: OTHER_ID }, { person: ID }))).toEqual(['/person unknown-field']);
  });

  it('cannot hold a nested field', () => {
    class Filter {
      @Nested(() => Calls, d) inner!: Calls;
    }
    expect(() => validateQuery(Filter, new URLSearchParams())).toThrow('Filter.inner is nested');
  });
});
