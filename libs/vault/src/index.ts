export * from './errors';
export { pooledRandom, type Random } from './crypto';
export { addEpoch, createKeyFile, dropEpoch, keyFilePath, loadKeyRing, type KeyRing } from './key-file';
export {
  Vault,
  type ClaimRequest,
  type Claimed,
  type FieldToSeal,
  type OwnerStatus,
  type SecretFilter,
  type SecretUse,
  type VaultOptions,
} from './vault';
