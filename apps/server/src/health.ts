/** Whether the process lives, and whether it can answer: for whatever starts, stops and routes to it. */
import { Controller, Get, Inject } from '@nestjs/common';
import { shape, type ShapeOf } from '@rapport/kernel';
import { RAPPORT } from './edge';
import type { RouteDescription } from './http/openapi';
import { problem } from './http/problems';
import type { Rapport } from './rapport';

const live = shape.object('Live', { status: shape.oneOf(['live'], 'It answers, so it lives.') });
const ready = shape.object('Ready', {
  status: shape.oneOf(['ready'], 'It can decide and answer.'),
  caughtUp: shape.flag('Whether the read models have reached the end of the store.'),
  lag: shape.whole('For how long they have not been up to date, in milliseconds.'),
  position: shape.optional(shape.text('How far they have come.')),
});

@Controller('health')
export class HealthController {
  constructor(@Inject(RAPPORT) private readonly rapport: Rapport) {}

  @Get('live')
  live(): ShapeOf<typeof live> {
    this.checkStore();
    return { status: 'live' };
  }

  @Get('ready')
  ready(): ShapeOf<typeof ready> {
    this.checkStore();
    const { position, caughtUp, lag, error } = this.rapport.readModels.status();
    if (error !== undefined) throw problem('read-model-behind', { cause: error });
    if (!this.rapport.authorities.isFresh) throw problem('authorities-stale');
    return { status: 'ready', caughtUp, lag, position };
  }

  /** A writer that ended does not come back by itself: whatever restarts the process has to know. */
  private checkStore(): void {
    const { store } = this.rapport;
    if ('failure' in store && store.failure !== undefined) throw problem('store-unavailable');
  }
}

const route = { method: 'get', tag: 'Health', open: true } as const;
export const healthDescription: readonly RouteDescription[] = [
  {
    ...route,
    path: '/health/live',
    operation: 'live',
    summary: 'Whether the process lives',
    answer: live,
    problems: ['store-unavailable'],
  },
  {
    ...route,
    path: '/health/ready',
    operation: 'ready',
    summary: 'Whether it can decide and answer',
    answer: ready,
    problems: ['read-model-behind', 'authorities-stale', 'store-unavailable'],
  },
];
