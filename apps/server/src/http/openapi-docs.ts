/**
 * Swagger UI at /docs and the description at /openapi.json.
 *
 * `SwaggerModule.setup` would serve the same files, but on Fastify it needs `@fastify/static` and ends the process
 * where that is missing. The four files are routes of their own here, under a policy that lets nothing else run.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OpenApi } from './openapi';

const ASSETS: { readonly [file: string]: string } = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui-standalone-preset.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const START = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  deepLinking: true,
  validatorUrl: null,
});
`;

/** Swagger UI sets styles from its scripts and draws icons from data URLs; scripts and requests go nowhere else. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/** Adds the routes to the application's Fastify instance; call it before `listen`. */
export function mountDocs(fastify: FastifyInstance, document: OpenApi): void {
  const folder = assetFolder();
  const serve = (path: string, type: string, body: string | Buffer): void => {
    fastify.get(path, (_request: FastifyRequest, reply: FastifyReply) =>
      reply.headers({ 'content-type': type, 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' }).send(body),
    );
  };
  serve('/openapi.json', 'application/json; charset=utf-8', JSON.stringify(document));
  serve('/docs', 'text/html; charset=utf-8', html(String(document.info['title'])));
  serve('/docs/start.js', 'text/javascript; charset=utf-8', START);
  for (const [file, type] of Object.entries(ASSETS)) serve(`/docs/${file}`, type, readFileSync(join(folder, file)));
}

/** Where `@nestjs/swagger` has the files of Swagger UI. */
function assetFolder(): string {
  const fromSwagger = createRequire(require.resolve('@nestjs/swagger'));
  return join(fromSwagger.resolve('swagger-ui-dist/package.json'), '..');
}

const html = (title: string): string => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>${title.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)}</title>
  <link rel="icon" href="/docs/favicon-32x32.png">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/swagger-ui-standalone-preset.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
`;
