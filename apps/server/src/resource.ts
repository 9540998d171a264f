/** How a resource is served: each route names its command or question, and nothing else has to be written. */
import { Controller, Delete, Get, Inject, Patch, Post, Put, Req, Res, type Type } from '@nestjs/common';
import type { Question } from '@rapport/kernel';
import type { ReadDatabase } from '@rapport/read-model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Edge } from './edge';
import type { RouteDescription } from './http/openapi';

type Method = RouteDescription['method'];
type CommandType = new () => object;

export interface Route {
  readonly method: Method;
  /** Below /v1, in Nest's spelling: `people/:personId`. */
  readonly path: string;
  readonly summary: string;
  readonly command?: CommandType;
  readonly question?: Question<ReadDatabase>;
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

/** Path parameters, `me` meaning whoever asks. */
export type Parameters = { readonly [name: string]: string };

/** Makes the controller of a resource from its routes. */
export function resource(name: string, routes: readonly Route[]): Type {
  @Controller('v1')
  class Resource {
    constructor(@Inject(Edge) readonly edge: Edge) {}
  }
  Object.defineProperty(Resource, 'name', { value: `${name}Controller` });
  routes.forEach(({ method, path, command, question }, index) => {
    const handler = `${method}${index}`;
    const handle = function (this: Resource, request: FastifyRequest, reply: FastifyReply) {
      return command === undefined ? this.edge.ask(question!, request) : this.edge.send(command, request, reply);
    };
    Object.defineProperty(Resource.prototype, handler, { value: handle, writable: true, configurable: true });
    const descriptor = Object.getOwnPropertyDescriptor(Resource.prototype, handler)!;
    Req()(Resource.prototype, handler, 0);
    Res({ passthrough: true })(Resource.prototype, handler, 1);
    VERBS[method](path)(Resource.prototype, handler, descriptor);
  });
  return Resource;
}
