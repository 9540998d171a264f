import { Connection } from './connection';

function refusal(connectionString: string): Error {
  try {
    new Connection(connectionString);
  } catch (error) {
    return error as Error;
  }
  throw new Error('It was taken.');
}

describe('A connection string', () => {
  it.each([
    'esdb://127.0.0.1:2113?tls=false',
    'esdb://localhost',
    'esdb+discover://admin:p%40ss@cluster.example:2113?nodePreference=leader&keep-alive-interval=10000',
    'esdb://admin:changeit@one:2113,two:2113,three:2113?tls=true&connection_name=rapport/1',
  ])('%s is taken', async (connectionString) => {
    await new Connection(connectionString).close();
  });

  it.each([
    ['an @ in the password', 'esdb://admin:SEC@RET@host:2113', 'write it as %40'],
    ['a colon in the password', 'esdb://admin:SEC:RET@host:2113', 'write that as %3A'],
    ['a user without a password', 'esdb://SECRET@host:2113', 'a user without a password'],
    ['an option that is not one', 'esdb://admin:SECRET@host:2113?tls=false&colour=red', 'has an option colour that'],
    ['something else for an option', 'esdb://admin:SECRET@host:2113?SECRET!=1', 'has an option that'],
    ['a port that is not one', 'esdb://admin:SECRET@host:SECRET', 'is not a connection string'],
    ['a broken escape', 'esdb://admin:SECRET%@host:2113', 'is not a connection string'],
    ['no host', 'esdb://', 'is not a connection string'],
    ['a certificate that is not there', 'esdb://admin:SECRET@host:2113?tlsCAFile=/not/there.crt', 'certificate'],
  ])('with %s is refused, and nothing of it is shown', (_, connectionString, expected) => {
    const warned = jest.spyOn(console, 'warn').mockImplementation();
    const error = refusal(connectionString);
    expect(error).toMatchObject({ name: 'InvalidConnectionString', message: expect.stringContaining(expected) });
    expect(String(error.stack)).not.toMatch(/SEC|RET/);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});
