import type { ModelEvent } from './sdk-events.ts';
import type { Close } from './ws-frames.ts';

/** One talk of a program that uses an SDK. */
export interface SdkTask {
  /** `https://…/v1`; the SDK makes the URL of the socket from it. */
  readonly baseUrl: string;
  /** The authority that has signed the certificate of that server, a PEM file. */
  readonly authority: string;
  /** Value of the header `x-case`. */
  readonly name: string;
  readonly api: 'responses' | 'realtime';
  /** The model in the URL of a Realtime socket. */
  readonly model: string;
  /** Each is sent when the one before it was answered; after the last answer the program closes the socket. */
  readonly send: readonly ModelEvent[];
}

/** What the program saw. */
export interface SdkTalk {
  /** The types of the events that came, in their order. */
  readonly types: readonly string[];
  /** What the model said, all answers together. */
  readonly text: string;
  /** The error that the SDK raised, with what it carries. */
  readonly error?: SdkError;
  /** How the socket ended. */
  readonly close: Close;
}

/** An error as programs see it. */
export interface SdkError {
  /** The class. */
  readonly name: string;
  readonly message: string;
  /** The code of the event; undefined where the SDK has it in its message alone. */
  readonly code?: string;
}

/** An SDK with the program that uses it. */
export interface SdkClient {
  readonly name: string;
  /** The classes of the errors that it raises for error events. */
  readonly errors: Readonly<Record<SdkTask['api'], string>>;
  talk(task: SdkTask): Promise<SdkTalk>;
}

/** Types of the events that end an answer. */
export const ENDS_OF_ANSWERS: readonly string[] = ['response.completed', 'response.done', 'session.updated'];
