import { createRequire } from 'node:module';
import type { EventDeclaration } from '@rapport/kernel';
import { ProjectionDefect } from './errors';
import type { Projection } from './projection';

/** What a module of projections exports. */
export interface ProjectionsModule {
  readonly projections: readonly Projection[];
  /** Every event type of the store, those included that no projection shows. */
  readonly declarations: readonly EventDeclaration[];
}

/**
 * Functions cannot be sent to a thread, so it loads them itself.
 * @param path absolute, without extension
 * @throws ProjectionDefect where the module does not export `projections` and `declarations`
 */
export function loadProjections(path: string): ProjectionsModule {
  const { projections, declarations } = createRequire(__filename)(path) as Partial<ProjectionsModule>;
  if (!Array.isArray(projections) || !Array.isArray(declarations))
    throw new ProjectionDefect(`${path} must export projections and declarations, as arrays.`);
  return { projections, declarations };
}
