import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a client and its server and can lose what either says, or be away altogether. */
export class Proxy {
  /** Swallows what the server answers. */
  loseAnswers = false;
  /** Swallows what the client asks. */
  loseRequests = false;
  private away = false;
  private readonly sockets = new Set<Socket>();
  private onRequest: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {
    server.on('connection', (client) => this.join(client));
  }

  static async to(host: string, port: number): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server, { host, port });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Settles when the client sends something. */
  async request(): Promise<void> {
    await new Promise<void>((resolve) => (this.onRequest = resolve));
  }

  /** Breaks all connections and takes no new ones. */
  cut(): void {
    this.away = true;
    for (const socket of this.sockets) socket.destroy();
  }

  restore(): void {
    this.away = this.loseAnswers = this.loseRequests = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket): void {
    if (this.away) return void client.destroy();
    const server = connect(this.target);
    client.on('data', (bytes) => {
      if (!this.loseRequests) server.write(bytes);
      this.onRequest();
    });
    server.on('data', (bytes) => {
      if (!this.loseAnswers) client.write(bytes);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      // A broken connection is what this is for.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
