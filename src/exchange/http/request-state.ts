import type { Coding } from '../events.ts';
import type { Judgement } from '../judgement.ts';
import type { GovernedSubject } from '../subject.ts';

/** A governed request whose body is awaited or decoded. */
export interface Governed {
  readonly subject: GovernedSubject;
  readonly codings: readonly Coding[];
  /** Whether bytes are held until the verdict; else they pass while a copy is collected. */
  readonly holding: boolean;
  /** The judgement of headers that went on before the body; undefined where they were held. */
  readonly early: Judgement | undefined;
}

/** How far a request is. */
export type RequestState =
  | { readonly phase: 'start' }
  /** Everything passes as it comes. */
  | { readonly phase: 'passing' }
  | ({ readonly phase: 'collecting' } & Governed)
  | ({ readonly phase: 'decoding'; readonly original: Uint8Array } & Governed)
  /** The verdict is given; Envoy's remaining messages get their replies. */
  | { readonly phase: 'settled' }
  /** An immediate response ended the exchange. */
  | { readonly phase: 'refused' };
