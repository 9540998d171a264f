export * from './errors';
export type { Claimed, ClaimRequest, Claims, Identifier, PendingClaim } from './claims';
export { pooledRandom, type Random } from './crypto';
export { addEpoch, createKeyFile, dropEpoch, keyFilePath, loadKeyRing, type KeyRing } from './key-file';
export { openVault } from './open';
export type { SecretUse } from './secrets';
export { Vault, type FieldToSeal, type OwnerStatus, type SecretFilter, type VaultOptions } from './vault';
