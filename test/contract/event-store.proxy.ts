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
  private onAnswer: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {
    server.on('connection', (client) => this.join(client));
  }

  /** @param at the port to listen on; default: a free one */
  static async to(host: string, port: number, at = 0): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server, { host, port });
    await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Settles when the client sends something. */
  async request(): Promise<void> {
    await new Promise<void>((resolve) => (this.onRequest = resolve));
  }

  /** Settles when the server has answered something, and the client has been sent it. */
  async answer(): Promise<void> {
    await new Promise<void>((resolve) => (this.onAnswer = resolve));
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
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
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
      this.onAnswer();
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
