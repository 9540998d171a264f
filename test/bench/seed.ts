/** Fills a server through its own commands. */
import { OFFICER, type MeasuredServer } from './server';

const PURPOSE = 'customer-service';
export const about = { purpose: PURPOSE, source: 'data-subject', channel: 'telephone' };
const CATEGORIES = ['identity', 'contact', 'employment', 'conversation', 'support', 'feedback', 'sign-in'];
const SERVICE = 'desk';

/** Declares the purpose and registers the service that sends the commands. @returns the service's token */
export async function enroll(server: MeasuredServer): Promise<string> {
  const officer = await server.issuer.token(OFFICER);
  await server.call(officer, 'POST', '/v1/purposes', {
    slug: PURPOSE,
    title: 'Customer service',
    explanation: 'We answer what you ask.',
    categories: CATEGORIES,
    subjects: ['customer-contact'],
    basis: 'contract',
    retention: CATEGORIES.map((category) => ({ category, keep: 'P2Y', from: 'last-contact' })),
  });
  await server.call(officer, 'POST', '/v1/services', { name: SERVICE, issuer: server.issuer.url, client: SERVICE, purposes: [PURPOSE] });
  return server.issuer.token(SERVICE, true);
}

const AT_ONCE = 64;

/** Sends a command for each body. @returns the ids of what they were about, in their order */
export async function sendAll(server: MeasuredServer, token: string, path: string, bodies: readonly object[]): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  const sender = async () => {
    while (next < bodies.length) {
      const index = next++;
      ids[index] = (await server.call(token, 'POST', path, bodies[index]))['id'] as string;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  return ids;
}
