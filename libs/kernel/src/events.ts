/**
 * The declaration of an event type: once, in the aggregate's file. From it come the event's TypeScript types,
 * sealing and opening, upcasting and documentation.
 *
 * Every field is sealed unless it is declared plain, with the reason.
 */
import type { JsonObject } from '@rapport/event-store';

/** Whose a sealed value is, so with whose key it is sealed: see `whose`. */
export type Owner =
  | { readonly kind: 'record' }
  | { readonly kind: 'field'; readonly field: string }
  | { readonly kind: 'soleSubject'; readonly field: string };

/** The words for saying whose a sealed value is. */
export const whose = {
  /** The record itself: the aggregate's own key (a person's own details; free text about several people). */
  record: { kind: 'record' } as Owner,
  /** The person or organization whose id is in that plain field of the same event. */
  field: (field: string): Owner => ({ kind: 'field', field }),
  /** The one person listed in that plain field; where it lists several or none, the record itself. */
  soleSubject: (field: string): Owner => ({ kind: 'soleSubject', field }),
};

declare const valueType: unique symbol;

export interface PlainField<T> {
  readonly kind: 'plain';
  /** Why it may be readable by whoever has the event. */
  readonly reason: string;
  readonly [valueType]?: () => T;
}

export interface SealedField<T> {
  readonly kind: 'sealed';
  /** Data category, as the register of purposes names it. */
  readonly category: string;
  readonly owner: Owner;
  readonly [valueType]?: () => T;
}

export type Field = PlainField<unknown> | SealedField<unknown>;
export type Fields = { readonly [name: string]: Field };

/** A field that anybody with the event can read. @param reason why that gives nobody away */
export function plain<T>(reason: string): PlainField<T> {
  return { kind: 'plain', reason };
}

/** A personal value. @param category its data category @param owner whose it is: see `whose` */
export function sealed<T>(category: string, owner: Owner): SealedField<T> {
  return { kind: 'sealed', category, owner };
}

/**
 * A personal value as events and read models hold it: AES-256-GCM under HKDF(owner's key, secret), bound to its
 * event and field. Opening gives the value, or `Erased`.
 */
export interface Sealed<T = unknown> {
  /** The format's version. */
  readonly $sealed: 1;
  /** Id of the person, organization or record under whose key it is. */
  readonly owner: string;
  readonly category: string;
  /** Id of the secret; destroying the secret erases this category in this event. */
  readonly secret: string;
  /** base64url(nonce ‖ ciphertext ‖ tag). */
  readonly value: string;
  /** Event and field it is bound to: not stored in the event, filled in where events are read. */
  readonly at?: string;
  readonly [valueType]?: () => T;
}

/** What opening gives once the key or the secret was destroyed. */
export interface Erased {
  readonly erased: true;
}
export const ERASED: Erased = { erased: true };

export function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null && (value as { $sealed?: unknown }).$sealed === 1;
}
export function isErased(value: unknown): value is Erased {
  return typeof value === 'object' && value !== null && (value as { erased?: unknown }).erased === true;
}

type ValueOf<F> = F extends { readonly [valueType]?: () => infer T } ? T : never;
type RecordedValueOf<F> =
  F extends SealedField<infer T> ? Sealed<Exclude<T, undefined>> | (undefined extends T ? undefined : never) : ValueOf<F>;
type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];
type UndefinedAsOptional<T> = { readonly [K in Exclude<keyof T, OptionalKeys<T>>]: T[K] } & { readonly [K in OptionalKeys<T>]?: T[K] };

/** The data of an event as `decide` writes it: values readable. A field whose type allows undefined may be left out. */
export type DataOf<F extends Fields> = UndefinedAsOptional<{ [K in keyof F]: ValueOf<F[K]> }>;
/** The data of an event as it was recorded: sealed fields are `Sealed`. */
export type RecordedDataOf<F extends Fields> = UndefinedAsOptional<{ [K in keyof F]: RecordedValueOf<F[K]> }>;

/** An event that `decide` returns. */
export interface DomainEvent<N extends string = string, D = unknown> {
  readonly type: N;
  readonly data: D;
}

/** What the funnel records beside an event's data. It never holds a personal value. */
export interface EventMetadata {
  /** Version of the event type's declaration it was written with. */
  readonly version: number;
  readonly commandId: string;
  /** Keyed digest of the command's body: another body under the same command id is refused. */
  readonly commandDigest: string;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly actor: Actor;
  /** Slug of the purpose the values were stored for. */
  readonly purpose?: string;
  /** Legal basis of that purpose (GDPR Art. 6(1)) at that time. */
  readonly basis?: string;
  /** Where the values came from (GDPR Art. 14(2)(f)). */
  readonly source?: string;
  readonly channel?: string;
  /** When it happened, as against when it was recorded; ISO 8601 instants in UTC. */
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly decision: RecordedDecision;
}

/** Who acts: never a name. `id` is the person's, service's or component's id. */
export interface Actor {
  readonly kind: ActorKind;
  readonly id: string;
}
export const ACTOR_KINDS = ['person', 'staff', 'service', 'auditor', 'system'] as const;
export type ActorKind = (typeof ACTOR_KINDS)[number];

/** Why it was allowed, so that an auditor can derive it again from the same events. */
export interface RecordedDecision {
  readonly action: string;
  /** What the policies were asked about; no identifiers. */
  readonly facts: { readonly [name: string]: string | number | boolean | readonly string[] };
  /** Ids of the policies that decided. */
  readonly policies: readonly string[];
  /** SHA-256 of the policy set in force. */
  readonly policySet: string;
  readonly at: string;
  /** Where the facts came from. */
  readonly sources: {
    /** The subject's stream; of a question the stream of what was asked about. */
    readonly stream: string;
    /** The revision it was loaded at; -1 where it did not exist. A question is answered from the read models instead. */
    readonly revision?: number;
    /** Of a question: the position the read models had applied, at least. */
    readonly readModels?: string;
    /** Position the view of staff and authorities had applied. */
    readonly authorities: string;
  };
}

/** An event as it was recorded and read back: upcast, its sealed values bound to it. */
export interface RecordedEvent<N extends string = string, D = unknown> {
  readonly type: N;
  readonly data: D;
  readonly id: string;
  readonly stream: string;
  /** The uuid in the stream's name. */
  readonly streamId: string;
  readonly revision: number;
  readonly position: string;
  readonly metadata: EventMetadata;
}

export interface EventDeclaration<N extends string = string, F extends Fields = Fields> {
  readonly type: N;
  readonly version: number;
  readonly fields: F;
  /** For the documentation: what happened, in a sentence. */
  readonly title: string;
  /** Set where no projection shows it, with the reason. */
  readonly notShown?: string;
  /** From the version in the key to the next one. */
  readonly upcast: { readonly [fromVersion: number]: (data: JsonObject) => JsonObject };
}

/** Makes an event of the declared type. */
export interface EventType<N extends string = string, F extends Fields = Fields> extends EventDeclaration<N, F> {
  (data: DataOf<F>): DomainEvent<N, DataOf<F>>;
}

/** `EventOf<typeof NoteTaken>`: the event as `decide` writes it. */
export type EventOf<E> = E extends EventType<infer N, infer F> ? DomainEvent<N, DataOf<F>> : never;
/** `Recorded<typeof NoteTaken>`: the event as it is read back. */
export type Recorded<E> = E extends EventType<infer N, infer F> ? RecordedEvent<N, RecordedDataOf<F>> : never;

/**
 * Declares an event type.
 *
 * @param type past tense, in the domain's words; the persisted name, never changed
 * @throws Error where a sealed field's owner names a field that is not a plain field of this event
 */
export function declareEvent<const N extends string, const F extends Fields>(
  type: N,
  declaration: { title: string; fields: F; version?: number; notShown?: string; upcast?: EventDeclaration['upcast'] },
): EventType<N, F> {
  for (const [name, field] of Object.entries(declaration.fields)) {
    if (field.kind === 'sealed' && field.owner.kind !== 'record' && declaration.fields[field.owner.field]?.kind !== 'plain') {
      throw new Error(`${type}.${name}: its owner must be named by a plain field of the same event; '${field.owner.field}' is none.`);
    }
  }
  const make = (data: DataOf<F>) => ({ type, data });
  return Object.assign(make, {
    type,
    version: declaration.version ?? 1,
    fields: declaration.fields,
    title: declaration.title,
    ...(declaration.notShown === undefined ? {} : { notShown: declaration.notShown }),
    upcast: declaration.upcast ?? {},
  });
}

/** Makes a switch exhaustive: a new event type does not compile until it is answered. */
export function never(value: never): never {
  throw new Error(`Unexpected: ${(value as { type?: string } | undefined)?.type ?? typeof value}`);
}
