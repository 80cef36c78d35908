import type { Behaviour } from '../support/behaviour.ts';
import { BODYLESS_CASES, BUFFERED_CASES } from './buffered.ts';
import { FAILURE_CASES } from './failures.ts';
import { HEADER_CASES } from './headers.ts';
import { IMMEDIATE_CASES } from './immediate.ts';
import { OTHER_MODE_CASES } from './other-modes.ts';
import { RESPONSE_CASES } from './response.ts';
import { SILENT_CASES, SPURIOUS_CASES } from './spurious.ts';
import { DUPLEX_CASES, STREAMED_CASES } from './streamed.ts';
import { VIEW_CASES } from './views.ts';

/** Every behaviour of Envoy that the kit claims. */
export const BEHAVIOURS: readonly Behaviour[] = [
  ...BUFFERED_CASES,
  ...BODYLESS_CASES,
  ...STREAMED_CASES,
  ...DUPLEX_CASES,
  ...HEADER_CASES,
  ...IMMEDIATE_CASES,
  ...SPURIOUS_CASES,
  ...SILENT_CASES,
  ...OTHER_MODE_CASES,
  ...VIEW_CASES,
  ...FAILURE_CASES,
  ...RESPONSE_CASES,
];
