import { fieldsOf, Id, Ids, Nested, ownerFields, Slug, Text, validate } from '../fields';

const ID = '0198c5a0-7d3e-7cc1-9a44-5b8e1f0d2c63';
const d = { description: 'What it is.' };

describe('what is declared', () => {
  class Base {
    @Id({ ...d, owner: true }) person!: string;
    @Text({ ...d, max: 5 }) note!: string;
  }
  class Narrower extends Base {
    @Ids({ ...d, owner: true, min: 1, max: 2 }) witnesses!: string[];
    @Text({ ...d, max: 2 }) override note!: string;
  }

  test('a base class comes first, and a subclass may declare a field anew', () => {
    expect(fieldsOf(Narrower).map(({ name }) => name)).toEqual(['person', 'note', 'witnesses']);
    expect(validate(Narrower, { person: ID, note: 'abc', witnesses: [ID] })).toMatchObject({
      violations: [{ pointer: '/note', code: 'length' }],
    });
    expect(validate(Base, { person: ID, note: 'abc' })).toBeInstanceOf(Base);
  });

  test('the fields whose owner the vault must know', () => {
    expect(ownerFields(Narrower)).toEqual([
      { field: 'person', list: false },
      { field: 'witnesses', list: true },
    ]);
  });

  test('an owner in a nested object is refused, because nobody would look at it', () => {
    class Outer {
      @Nested(() => Base, d) inner!: Base;
    }
    expect(() => ownerFields(Outer)).toThrow("Outer.inner holds an id with 'owner'");
  });

  test('two decorators on one field are refused', () => {
    expect(() => {
      class Twice {
        @Id(d) @Slug(d) id!: string;
      }
      return Twice;
    }).toThrow('Twice.id has two field decorators');
  });
});
