import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { authorizationPage, policies } from '../authorization/table';

it('docs/authorization.md is what the policies say: npm run authorization writes it anew', () => {
  const reviewed = readFileSync(join('docs', 'authorization.md'), 'utf8');
  expect(reviewed).toBe(authorizationPage(policies()));
});
