/** What the child process appends, so that its parent can tell what must be there: nothing but the name decides it. */
import { join } from 'node:path';
import type { ExpectedRevision, NewEvent } from '../../libs/event-store/src';

export const EMBEDDED_FILE = (directory: string) => join(directory, 'events.db');

export const EVENTS_PER_APPEND = 3;

/** The n-th append to that stream, from 0. */
export function plan(stream: string, n: number): { expected: ExpectedRevision; events: NewEvent[] } {
  const first = n * EVENTS_PER_APPEND;
  return {
    expected: n === 0 ? 'none' : first - 1,
    events: Array.from({ length: EVENTS_PER_APPEND }, (_, i) => ({
      id: plannedId(stream, first + i),
      type: 'Counted',
      data: { n: first + i, text: 'x'.repeat(500) },
      metadata: {},
    })),
  };
}

/** @param stream `<category>-<uuid>` @param revision of the event */
export function plannedId(stream: string, revision: number): string {
  const uuid = stream.slice(stream.indexOf('-') + 1);
  return uuid.slice(0, 24) + revision.toString(16).padStart(12, '0');
}
