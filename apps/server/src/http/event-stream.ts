/** How events are written to a connection that stays open, and what keeps it so. */
import type { Batch } from '@rapport/event-store';

interface Format {
  readonly begin: string;
  event(position: string, json: string): string;
  /** Everything up to this position was looked at, what was filtered out included. */
  passed(position: string | undefined): string;
  readonly heartbeat: string;
}

export const FORMATS = {
  /** The id is the position, so that a client comes back with it as Last-Event-ID by itself. */
  'text/event-stream': {
    begin: 'retry: 2000\n\n',
    event: (position, json) => `id: ${position}\ndata: ${json}\n\n`,
    passed: (position) => (position === undefined ? '' : `id: ${position}\n\n`),
    heartbeat: ': still here\n\n',
  },
  /** Empty lines say that there is nothing to say. */
  'application/x-ndjson': {
    begin: '\n',
    event: (_, json) => `${json}\n`,
    passed: () => '',
    heartbeat: '\n',
  },
} as const satisfies { readonly [mediaType: string]: Format };

export interface Following {
  readonly batches: AsyncIterator<Batch, undefined>;
  /** The first of them, which has been taken already. */
  readonly first: IteratorResult<Batch, undefined>;
  readonly format: Format;
  /** An event as JSON of one line. */
  readonly written: (event: Batch['events'][number]) => string;
  /** Asked before anything is sent; false ends the stream. */
  readonly mayGoOn: () => boolean;
  /** Milliseconds after which something is sent where nothing has happened. */
  readonly heartbeat: number;
}

/**
 * What is sent, piece by piece. One batch is read ahead of what is taken, never more; ends with the batches.
 * @throws what the batches or `written` throw
 */
export async function* pieces({ batches, first, format, written, mayGoOn, heartbeat }: Following): AsyncGenerator<string, void> {
  const pull = () => {
    const next = batches.next();
    // It is heard below; while nobody takes anything, not yet.
    next.catch(() => undefined);
    return next;
  };
  try {
    yield format.begin;
    for (let arrived = first; arrived.done !== true;) {
      const next = pull();
      const { events, position } = arrived.value;
      const text = events.map((event) => format.event(event.position, written(event))).join('') + format.passed(position);
      if (!mayGoOn()) return;
      if (text !== '') yield text;
      while (!(await settles(next, heartbeat))) {
        if (!mayGoOn()) return;
        yield format.heartbeat;
      }
      arrived = await next;
    }
  } finally {
    await batches.return?.();
  }
}

/** Whether a promise settles within so many milliseconds; it is not waited for any longer. */
async function settles(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  const settled = () => true;
  const inTime = await Promise.race([promise.then(settled, settled), late]);
  clearTimeout(timer);
  return inTime;
}
