/** Handlers for Nest's CommandBus, made from the aggregates: none can be forgotten. */
import { Inject, Injectable, type Type } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Aggregate } from '@rapport/kernel';
import type { Outcome } from '@rapport/kernel/funnel';
import { RAPPORT } from './edge';
import { envelopeOf } from './envelope';
import type { Rapport } from './rapport';

/** @returns a provider for each command of the aggregate */
export function handlersFor(aggregate: Aggregate): Type[] {
  return aggregate.commands.map(({ type }) => {
    @Injectable()
    class Handler implements ICommandHandler<object, Outcome> {
      constructor(@Inject(RAPPORT) private readonly rapport: Rapport) {}

      execute(command: object): Promise<Outcome> {
        return this.rapport.funnel.execute(command, envelopeOf(command));
      }
    }
    Object.defineProperty(Handler, 'name', { value: `${type.name}Handler` });
    CommandHandler(type as never)(Handler);
    return Handler;
  });
}
