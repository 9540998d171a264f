/** How connections end when the server is told to stop. */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How long what was begun may take to end, in milliseconds; what starts and stops servers waits for thirty seconds. */
const MOST = 25_000;

/** Options for the Fastify adapter: what still comes by an open connection is answered, and the connection then closed. */
export const drainingOptions = { return503OnClosing: false, forceCloseConnections: 'idle' } as const;

/** Whatever was begun ends and is answered; a connection that has nothing to do any more is closed, not kept for later. */
export function drainOnClose(fastify: FastifyInstance): void {
  let closing = false;
  // Node closes connections that have served a request; those opened in advance it would wait for.
  const unused = new Set<Socket>();
  fastify.server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  fastify.server.on('request', ({ socket }) => unused.delete(socket));
  fastify.addHook('preClose', (done) => {
    closing = true;
    for (const socket of unused) socket.destroy();
    setTimeout(() => fastify.server.closeAllConnections(), MOST).unref();
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    if (closing) request.raw.socket.destroySoon();
    done();
  });
}
