/** Read models: declared as projections, kept up to date by `runProjections`, queried through `openReadModel`. */
export { ProjectionDefect, ProjectionFailed, ReadModelBehind, ReadModelInUse, type Failure } from './errors';
export { compare, fingerprint } from './fingerprint';
export type { ProjectionsModule } from './module';
export { ensure, increment, insert, patch, remove, upsert, type Operations, type RowOperation } from './operations';
export type { Status } from './progress';
export { on, projection, type Handler, type Projection, type Tables } from './projection';
export { from, json, named, openReadModel, page, type ReadDatabase, type ReadModel } from './query';
export { rebuild, type RebuildOptions } from './rebuild';
export { runProjections, type ReadModels, type ReadModelsConfig, type ReadModelsOptions } from './runtime';
export {
  jsonOf,
  jsonOrNullOf,
  table,
  wordOf,
  wordOrNullOf,
  type Columns,
  type JsonText,
  type NewRow,
  type SelectedRow,
  type Table,
} from './table';
