/** `npm run authorization`: writes docs/authorization.md anew from the policies. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authorizationPage, policies } from './table';

writeFileSync(join('docs', 'authorization.md'), authorizationPage(policies()));
