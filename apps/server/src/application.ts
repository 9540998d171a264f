/** The Nest application: resources, handlers, problem documents, the development identity provider. */
import { randomUUID } from 'node:crypto';
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { aggregates } from '@rapport/domain';
import type { Logger } from 'pino';
import { BatchController } from './batch';
import { InvalidConfiguration, type Configuration } from './configuration';
import { Demonstration } from './demo/demonstration';
import { describeApi } from './description';
import { Edge, LOG, RAPPORT, VERIFIER } from './edge';
import { EventsController } from './events-stream';
import { handlersFor } from './handlers';
import { HealthController } from './health';
import { drainingOptions, drainOnClose } from './http/draining';
import { useJsonBodies } from './http/json';
import { mountDocs } from './http/openapi-docs';
import { mountProblemPages } from './http/problems-pages';
import { ProblemFilter, problemOptions, routeMethods } from './http/problems-filter';
import { developmentIssuer } from './identity/development-issuer';
import { createDevelopmentProvider, mountDevelopmentProvider } from './identity/development-provider';
import { createTokenVerifier, type TokenVerifier } from './identity/tokens';
import { mountUnsubscribe } from './unsubscribe';
import { openRapport, type Rapport } from './rapport';
import { versionOf } from './stores';
import { resource } from './resource';
import { routes } from './resources';

/** Everything that is served by Nest; a test proves that each route of these is described. */
export const controllers: readonly Type[] = [
  HealthController,
  BatchController,
  EventsController,
  ...Object.entries(routes).map(([name, of]) => resource(name, of)),
];

@Module({})
class ServerModule {
  static with(rapport: Rapport, verifier: TokenVerifier, log: Logger): DynamicModule {
    return {
      module: ServerModule,
      imports: [CqrsModule.forRoot()],
      controllers: [...controllers],
      providers: [
        Edge,
        { provide: RAPPORT, useValue: rapport },
        { provide: VERIFIER, useValue: verifier },
        { provide: LOG, useValue: log },
        ...aggregates.flatMap((aggregate) => handlersFor(aggregate)),
      ],
    };
  }
}

export interface Running {
  readonly url: string;
  readonly rapport: Rapport;
  /** What to print of the demonstration, where there is one. */
  readonly introduction: string | undefined;
  close(): Promise<void>;
}

/**
 * Starts everything and listens.
 * @param port where to listen, where that is not the configured one; 0 for any that is free
 * @throws InvalidConfiguration where the port or the data folder cannot be used; whatever keeps a store from opening
 */
export async function startServer(configuration: Configuration, log: Logger, port = configuration.port): Promise<Running> {
  makeDataFolder(configuration.dataDir);
  const issuer = configuration.issuer ?? developmentIssuer(configuration.dataDir, `http://localhost:${configuration.port}/identity`);
  const development = configuration.issuer === undefined;
  const officer = configuration.privacyOfficer ?? (development ? { issuer, subject: 'petra' } : undefined);
  const now = new Date().toISOString();
  const demonstration = configuration.demonstration ? Demonstration.of(configuration.dataDir, issuer, now) : undefined;
  const rapport = await openRapport({ ...configuration, privacyOfficer: officer }, log);
  const provider = development
    ? await createDevelopmentProvider({ issuer, keysFile: join(rapport.keyFile.replace(/\.key$/, '.identity.json')) })
    : undefined;
  const verifier = createTokenVerifier({ issuer, audience: configuration.audience, jwks: provider?.jwks });

  const app = await NestFactory.create<NestFastifyApplication>(
    ServerModule.with(rapport, verifier, log),
    new FastifyAdapter({ ...problemOptions, ...drainingOptions, genReqId: () => randomUUID() }),
    {
      bodyParser: false,
      logger: false,
      abortOnError: false,
    },
  );
  const fastify = app.getHttpAdapter().getInstance();
  useJsonBodies(fastify);
  guardAnswers(fastify);
  drainOnClose(fastify);
  app.useGlobalFilters(new ProblemFilter(log, routeMethods(fastify)));
  mountProblemPages(fastify);
  mountDocs(fastify, describeApi(issuer, versionOf()));
  mountUnsubscribe(fastify, rapport, () => app.get(Edge));
  if (provider !== undefined) mountDevelopmentProvider(fastify, provider);
  const close = async () => {
    await app.close();
    await rapport.close();
  };
  let told: boolean | undefined;
  try {
    await app.init();
    told = await demonstration?.complete(rapport, app.get(Edge));
    await app.listen(port, '127.0.0.1');
  } catch (error) {
    await close();
    throw notListening(port, error);
  }
  const url = `http://localhost:${(fastify.server.address() as AddressInfo).port}`;
  // For commands beside this server: they find it by the store's lock.
  if ('announce' in rapport.store) rapport.store.announce(url);
  return { url, rapport, introduction: told === true ? demonstration?.introduction(url, rapport) : undefined, close };
}

/** No answer is kept by a browser or a proxy, sniffed for another type, or shown in somebody else's page. Pages with a policy of their own keep it. */
function guardAnswers(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    done();
  });
}

function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    if (!statSync(folder).isDirectory()) throw new Error('A file.');
  } catch {
    throw new InvalidConfiguration('DATA_DIR', `must name a folder that can be made or written to; ${folder} cannot.`);
  }
}

function notListening(port: number, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new InvalidConfiguration(
      'PORT',
      `${port} is used by another program. Stop that one, or choose another: PORT=${port + 1} npm start`,
    );
  if (code === 'EACCES') return new InvalidConfiguration('PORT', `${port} may not be used by this account. Choose one from 1024 on.`);
  return error;
}
