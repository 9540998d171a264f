/** What the development identity provider remembers: in memory, gone with the process, bounded. */
import { LRUCache } from 'lru-cache';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

const REMEMBERED = 10_000;

/** The provider itself checks what has expired; here the oldest only make room. */
export function memoryAdapter(clock: () => Date): AdapterFactory {
  const store = new LRUCache<string, AdapterPayload>({ max: REMEMBERED });
  const findBy = (model: string, matches: (payload: AdapterPayload) => boolean) =>
    [...store.entries()].find(([key, payload]) => key.startsWith(`${model}:`) && matches(payload))?.[1];

  return (model): Adapter => ({
    upsert: async (id, payload) => void store.set(`${model}:${id}`, payload),
    find: async (id) => store.get(`${model}:${id}`),
    findByUid: async (uid) => findBy(model, (payload) => payload.uid === uid),
    findByUserCode: async (userCode) => findBy(model, (payload) => payload.userCode === userCode),
    destroy: async (id) => void store.delete(`${model}:${id}`),
    consume: async (id) => {
      const payload = store.get(`${model}:${id}`);
      if (payload !== undefined) payload.consumed = Math.floor(clock().getTime() / 1000);
    },
    // Asked of each kind of token; an interaction names a grant as well, and must outlive it.
    revokeByGrantId: async (grantId) => {
      for (const [key, payload] of [...store.entries()]) if (key.startsWith(`${model}:`) && payload.grantId === grantId) store.delete(key);
    },
  });
}
