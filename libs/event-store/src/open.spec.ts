import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventStore } from './open';

describe('openEventStore', () => {
  it('opens the embedded store where no address is given, and creates its folder', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rapport-open-'));
    const store = await openEventStore({ url: '', dataDir: join(directory, 'a', 'b') });
    expect(store).toHaveProperty('storeId');
    await store.close();
    rmSync(directory, { recursive: true });
  });

  it('refuses an address of another kind, without showing it', async () => {
    const error: unknown = await openEventStore({ url: 'http://user:secret@host', dataDir: 'unused' }).catch((reason: unknown) => reason);
    expect(String(error)).toContain('EVENT_STORE_URL must begin with esdb://');
    expect(String(error)).not.toContain('secret');
  });
});
