/** The connection to the server: the client's own, with its connection string checked so that no secret of it is shown. */
import { EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { EventStoreUnavailable } from './errors';

/** EVENT_STORE_URL is not a connection string. It may hold a password, so the message never quotes it. */
export class InvalidConnectionString extends Error {
  override readonly name = 'InvalidConnectionString';
  constructor(reason: string) {
    super(`EVENT_STORE_URL ${reason}. It is expected as esdb://user:password@host:2113?tls=false; what is not needed is left out.`);
  }
}

/** Every option of a connection string that the client knows. It prints the whole string where it finds another. */
const OPTIONS = new Set(
  [
    ...['connectionName', 'defaultDeadline', 'discoveryInterval', 'gossipTimeout', 'keepAliveInterval', 'keepAliveTimeout'],
    ...['maxDiscoverAttempts', 'nodePreference', 'throwOnAppendFailure', 'tls', 'tlsCAFile', 'tlsVerifyCert'],
    ...['userCertFile', 'userKeyFile'],
  ].map((option) => option.toLowerCase()),
);

/** @throws InvalidConnectionString */
function connect(connectionString: string): EventStoreDBClient {
  const [, credentials, hosts = '', query] = /^[a-z+]+:\/\/(?:([^@]*)@)?([^?]*)(?:\?(.*))?$/s.exec(connectionString.trim()) ?? [];
  if (hosts.includes('@')) throw new InvalidConnectionString('has an @ in its user or password: write it as %40');
  if (credentials !== undefined && !/^[^:]+:[^:]+$/.test(credentials)) {
    throw new InvalidConnectionString('has a user without a password, or a : in one of them: write that as %3A');
  }
  for (const option of query?.split('&') ?? []) {
    const name = option.split('=', 1)[0]!;
    if (!OPTIONS.has(name.toLowerCase().replace(/[_-]/g, ''))) {
      throw new InvalidConnectionString(`has an option${/^\w{1,30}$/.test(name) ? ` ${name}` : ''} that EventStoreDB does not know`);
    }
  }
  try {
    return EventStoreDBClient.connectionString(connectionString);
  } catch (error) {
    // Of the client's own messages only those about files can be shown: others quote the string.
    const reason = error instanceof Error && /certificate|userCertFile/.test(error.message) ? ` (${error.message})` : '';
    throw new InvalidConnectionString(`is not a connection string${reason}`);
  }
}

export type ReadCall = ReturnType<StreamsClient['read']>;
export type AppendCall = ReturnType<StreamsClient['batchAppend']>;
type CallArguments = [metadata: never, options: never];

/**
 * What is needed of the client beside its public face. Its own reads cannot filter `$all`, so that finding the last
 * event behind a million of the server's own takes half a minute; its own appends, many on one call, lose some when
 * that call breaks. Connecting, finding the leader and signing in stay the client's. Its version is pinned, and the
 * contract suite covers what is used here.
 */
interface Internals {
  GRPCStreamCreator<T>(client: typeof StreamsClient, name: string, begin: (client: StreamsClient) => T): () => Promise<T>;
  callArguments(options: object, call: { readonly deadline: number }): CallArguments;
  getChannel(): Promise<{ close(): void }>;
}

export class Connection {
  private readonly client: EventStoreDBClient;
  private readonly internals: Internals;

  /** Nothing is sent yet. @throws InvalidConnectionString */
  constructor(connectionString: string) {
    this.client = connect(connectionString);
    this.internals = this.client as unknown as Internals;
  }

  /** Begins a read or a subscription. Its caller must `end` it. @throws EventStoreUnavailable */
  read(request: ReadReq): Promise<ReadCall> {
    return this.begin('read', (client, ...args) => client.read(request, ...args));
  }

  /** Begins a call that takes appends, and answers each. @throws EventStoreUnavailable */
  append(): Promise<AppendCall> {
    return this.begin('append', (client, ...args) => client.batchAppend(...args));
  }

  private async begin<T>(name: string, call: (client: StreamsClient, ...args: CallArguments) => T): Promise<T> {
    const args = () => this.internals.callArguments({}, { deadline: Infinity });
    try {
      return await this.internals.GRPCStreamCreator(StreamsClient, name, (client) => call(client, ...args()))();
    } catch (cause) {
      // No node of a cluster could be found, for instance. Nothing was sent.
      throw new EventStoreUnavailable({ cause });
    }
  }

  /** Ends every call, then the connection. */
  async close(): Promise<void> {
    await this.client.dispose();
    const channel = await this.internals.getChannel().catch(() => undefined);
    channel?.close();
  }
}

/** Lets go of a call that nobody needs any more. */
export function end(call: ReadCall): void {
  // It tells that it was cancelled, which nobody needs to hear.
  call.on('error', () => undefined);
  call.cancel();
  call.destroy();
}
