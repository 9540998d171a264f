/** What clients are told of the whole interface: put together from what each route says of itself. */
import { batchDescription } from './batch';
import { eventsDescription } from './events-stream';
import { healthDescription } from './health';
import { buildOpenApi, type OpenApi, type RouteDescription } from './http/openapi';
import { describe } from './resource';
import { routes } from './resources';

/** Every route; a test proves that no controller has one that is not here. */
export const descriptions: readonly RouteDescription[] = [
  ...Object.entries(routes).flatMap(([name, of]) => describe(name, of)),
  batchDescription,
  eventsDescription,
  ...healthDescription,
];

const ABOUT = `The record of an organization's relationships.

Commands answer with the record's id, its revision as an ETag, and a position; a query that is sent that position as
\`Rapport-Position\` shows the command's effect. An \`Idempotency-Key\` makes a command safe to send again. Errors are
problem documents (RFC 9457); [/problems](/problems) explains each kind. Personal values come readable, or as
\`{"erased": true}\` where their key was destroyed, and as \`{"withheld": true}\` where the purpose does not cover them.`;

/** @param issuer of the access tokens */
export function describeApi(issuer: string, version: string): OpenApi {
  return buildOpenApi({ routes: descriptions, title: 'Rapport', version, description: ABOUT, issuer });
}
