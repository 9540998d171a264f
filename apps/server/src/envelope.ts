/** Who sent a command travels beside it, where no field of a request can reach. */
import type { Envelope } from '@rapport/kernel/funnel';

const envelopes = new WeakMap<object, Envelope>();

export function withEnvelope<C extends object>(command: C, envelope: Envelope): C {
  envelopes.set(command, envelope);
  return command;
}

/** @throws Error where the command did not come through the edge: nothing is done in nobody's name */
export function envelopeOf(command: object): Envelope {
  const envelope = envelopes.get(command);
  if (envelope === undefined) throw new Error(`${command.constructor.name} was sent without its envelope.`);
  return envelope;
}
