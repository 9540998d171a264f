/** How a resource is served: each route names its command, its question or what it tells, and nothing else has to be written. */
import { Controller, Delete, Get, Inject, Patch, Post, Put, Req, Res, type Type } from '@nestjs/common';
import type { Question, Shape } from '@rapport/kernel';
import type { ReadDatabase } from '@rapport/read-model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Edge } from './edge';
import type { RouteDescription } from './http/openapi';
import type { Rapport } from './rapport';

type Method = RouteDescription['method'];
type CommandType = new () => object;

export interface Route {
  readonly method: Method;
  /** Below /v1, in Nest's spelling: `people/:personId`. */
  readonly path: string;
  readonly summary: string;
  readonly command?: CommandType;
  readonly question?: Question<ReadDatabase>;
  readonly register?: Register;
}

/** What is there for anybody to read: no personal values, so no token and no policy. */
interface Register {
  readonly name: string;
  readonly answer: Shape;
  readonly read: (rapport: Rapport) => unknown;
}

const VERBS = { get: Get, post: Post, put: Put, patch: Patch, delete: Delete };

export const sends = (method: Exclude<Method, 'get'>, path: string, command: CommandType, summary: string): Route => ({
  method,
  path,
  command,
  summary,
});
export const asks = (path: string, question: Question<ReadDatabase>, summary: string): Route => ({
  method: 'get',
  path,
  question,
  summary,
});
/** @param name what clients call it */
export const tells = <A>(path: string, name: string, answer: Shape<A>, read: (rapport: Rapport) => NoInfer<A>, summary: string): Route => ({
  method: 'get',
  path,
  register: { name, answer, read },
  summary,
});

/** Makes the controller of a resource from its routes. */
export function resource(name: string, routes: readonly Route[]): Type {
  @Controller('v1')
  class Resource {
    constructor(@Inject(Edge) readonly edge: Edge) {}
  }
  Object.defineProperty(Resource, 'name', { value: `${name}Controller` });
  routes.forEach(({ method, path, command, question, register }, index) => {
    const handler = `${method}${index}`;
    const handle = function (this: Resource, request: FastifyRequest, reply: FastifyReply) {
      if (command !== undefined) return this.edge.send(command, request, reply);
      return question === undefined ? this.edge.tell(register!.read) : this.edge.ask(question, request);
    };
    Object.defineProperty(Resource.prototype, handler, { value: handle, writable: true, configurable: true });
    const descriptor = Object.getOwnPropertyDescriptor(Resource.prototype, handler)!;
    Req()(Resource.prototype, handler, 0);
    Res({ passthrough: true })(Resource.prototype, handler, 1);
    VERBS[method](path)(Resource.prototype, handler, descriptor);
  });
  return Resource;
}

/** What clients are told of a resource's routes. */
export function describe(name: string, routes: readonly Route[]): RouteDescription[] {
  return routes.map(({ method, path, summary, command, question, register }) => {
    const operation = command?.name ?? question?.type.name ?? register!.name;
    return {
      method,
      path: `/v1/${path.replaceAll(/:(\w+)/g, '{$1}')}`,
      operation: operation.charAt(0).toLowerCase() + operation.slice(1),
      summary,
      tag: name.charAt(0).toUpperCase() + name.slice(1),
      command,
      query: question?.type,
      answer: question?.answer ?? register?.answer,
      problems: question === undefined ? [] : ['not-found', 'read-model-behind', 'disclosure-not-recorded'],
      open: register !== undefined,
    };
  });
}
