/**
 * A process for the specs that kill: it works on a vault and says each thing that was done, as one line; then somebody
 * kills it. Arguments: the work; the vault's file; the key file.
 */
import { writeSync } from 'node:fs';
import { pooledRandom } from '../crypto';
import { addEpoch, loadKeyRing } from '../key-file';
import { Vault } from '../vault';
import { uuid } from './place';

const [work, file = '', keyFile = ''] = process.argv.slice(2);
const say = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

const open = () => new Vault({ file, keys: loadKeyRing(keyFile), clock: () => new Date(), reserve: 8 });
try {
  let vault = open();
  vault.sweep([]);
  say('open');
  for (let n = 1; work !== 'open'; n++) {
    if (work === 'seal') {
      const owner = uuid(n % 50);
      vault.createOwner(owner);
      const [event, value] = [uuid(1_000_000 + n + Date.now()), `value ${n}`];
      const sealed = vault.sealFields('person-1', event, [{ field: 'text', owner, category: 'contact', value }]).get('text')!;
      say({ value, sealed: { ...sealed, at: `${event}/text` } });
    } else if (work === 'rotate') {
      addEpoch(keyFile, pooledRandom());
      vault.close();
      vault = open();
      say({ rotated: vault.rotate() });
    }
  }
} catch (error) {
  say({ error: (error as Error).name });
}
