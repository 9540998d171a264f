/** The one place where an error becomes an answer: whatever was thrown, by whomever, wherever in Nest or Fastify. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MAX_BODY_BYTES } from './json';
import { problem, PROBLEM_MEDIA_TYPE, problemOf, ProblemError, tooLarge, type ProblemCode } from './problems';

/** pino's, as far as it is needed. */
export interface ProblemLog {
  error(fields: object, message: string): void;
}

/** What Fastify's and Nest's own errors are, by Fastify's code or by status. Their messages quote the input, so none is used. */
const BY_CODE: { readonly [code: string]: ProblemCode } = {
  FST_ERR_BAD_URL: 'malformed-url',
  FST_ERR_MAX_PARAM_LENGTH: 'uri-too-long',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed-request',
};
const BY_STATUS: { readonly [status: number]: ProblemCode } = {
  400: 'malformed-request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  408: 'request-timeout',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
  431: 'headers-too-large',
};

/** Any error as a problem; one that is not known is `internal-error`, with nothing of it in the answer. */
export function toProblem(error: unknown): ProblemError {
  const ours = problemOf(error);
  if (ours !== undefined) return ours;
  const http =
    error instanceof HttpException
      ? { code: codeOf(error.cause), status: error.getStatus() }
      : { code: codeOf(error), status: fastifyStatus(error) };
  if (http.code === 'FST_ERR_CTP_BODY_TOO_LARGE' || http.status === 413) return tooLarge(MAX_BODY_BYTES);
  const code = BY_CODE[http.code ?? ''] ?? BY_STATUS[http.status ?? 500];
  if (code !== undefined) return problem(code, { cause: error });
  const { status = 500 } = http;
  if (status >= 500) return problem('internal-error', { cause: error });
  return new ProblemError({
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Refused',
    status,
    detail: 'The request cannot be answered.',
  });
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Only Fastify's own errors may choose the status: any other error with a `statusCode` is one we did not expect. */
function fastifyStatus(error: unknown): number | undefined {
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  return codeOf(error)?.startsWith('FST_') === true && typeof statusCode === 'number' ? statusCode : undefined;
}

/**
 * An error as it may be logged: its name and where it was thrown, and its message only where its class says that the
 * message holds no input (`safeMessage`), because anybody else's may quote a value. Causes likewise.
 */
export function loggable(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { name: typeof error };
  const safe = (error as { safeMessage?: unknown }).safeMessage === true;
  return {
    name: error.name,
    ...(codeOf(error) === undefined ? {} : { code: codeOf(error) }),
    ...(safe ? { message: error.message } : {}),
    stack: frames(error),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: loggable(error.cause, depth + 1) }),
  };
}

/** The lines of the stack that name a place in the code. The message stands before them and may have lines of any kind. */
function frames({ stack = '', message }: Error): string[] {
  const after = message === '' ? stack : stack.slice(stack.indexOf(message) + message.length);
  return after.split('\n').filter((line) => /^ {4}at (?:[\w$.<>[\] ]+ \()?(?:file:\/\/|node:|\/|[A-Z]:\\)[^()]*:\d+:\d+\)?$/.test(line));
}

/** Logs what is a fault of ours. @param error what was thrown: see `loggable` */
export function logProblem(log: ProblemLog, requestId: string, { problem: { status, type, title } }: ProblemError, error: unknown): void {
  if (status >= 500) log.error({ requestId, problem: type, error: loggable(error) }, title);
}

/** Collects the routes of an instance; call it before the first is added. @returns the methods a path is known with */
export function routeMethods(fastify: FastifyInstance): (path: string) => readonly string[] {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  fastify.addHook('onRoute', ({ url, method }) => {
    const pattern = url
      .split('/')
      .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')))
      .join('/');
    routes.push({ pattern: new RegExp(`^${pattern}$`), methods: [method].flat() });
  });
  return (path) => [...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))].sort();
}

/** Nest's global filter. @example app.useGlobalFilters(new ProblemFilter(log, routeMethods(fastify))) */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: ProblemLog,
    private readonly methods: (path: string) => readonly string[] = () => [],
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
    this.answer(this.wrongMethod(error, request) ?? toProblem(error), error, request, reply);
  }

  /** Nest says 404 for a path that exists with other methods. */
  private wrongMethod(error: unknown, { method, url }: FastifyRequest): ProblemError | undefined {
    if (!(error instanceof HttpException) || error.getStatus() !== 404) return undefined;
    const methods = this.methods(url.split('?', 1)[0] ?? '');
    return methods.length === 0 || methods.includes(method)
      ? undefined
      : problem('method-not-allowed', { headers: { allow: methods.join(', ') } });
  }

  private answer(answer: ProblemError, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    logProblem(this.log, request.id, answer, error);
    // An answer that has begun cannot become another one: breaking it off tells the client that it is not complete.
    if (reply.raw.headersSent) reply.raw.destroy();
    else sendProblem(answer, request, reply);
  }
}

function sendProblem({ problem: document, headers }: ProblemError, request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .code(document.status)
    .headers({ 'content-type': PROBLEM_MEDIA_TYPE, 'cache-control': 'no-store', ...headers })
    .send(JSON.stringify({ ...document, instance: request.id }));
}

/** Options for the Fastify adapter: the answers Fastify gives before there is a route, so before Nest's filter. */
export const problemOptions = {
  /** A path that cannot be decoded, or a parameter that is too long. */
  frameworkErrors(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    sendProblem(toProblem(error), request, reply);
  },

  /** Bytes that are not HTTP, headers over the limit, a request that never ends: there is no request to answer yet. */
  clientErrorHandler(error: Error & { code?: string }, socket: Socket & { _httpMessage?: { headersSent: boolean } }): void {
    // Where an answer has begun, another one would be read as part of it (Node's own handler looks here too).
    if (error.code !== 'ECONNRESET' && socket.writable && socket._httpMessage?.headersSent !== true) {
      const { problem: document } = problem(
        error.code === 'HPE_HEADER_OVERFLOW'
          ? 'headers-too-large'
          : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
            ? 'request-timeout'
            : 'malformed-request',
      );
      const body = JSON.stringify(document);
      socket.write(
        `HTTP/1.1 ${document.status} ${STATUS_CODES[document.status]}\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    }
    socket.destroy();
  },
};
