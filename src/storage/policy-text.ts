import { LineCounter, parseDocument } from 'yaml';
import type { Fault } from '../policy/faults.ts';
import { parsePolicyText } from '../policy/parse.ts';
import { type Validation, validatePolicy } from '../policy/validate.ts';
import type { PlacedFault } from './faults.ts';
import { pathSegments, placesOf } from './yaml-places.ts';

/** A policy in its stored form with the linter's warnings, or every fault with its place. */
export type PolicyReading =
  | Extract<Validation, { ok: true }>
  | { readonly ok: false; readonly faults: readonly PlacedFault[] };

function placeFaults(faults: readonly Fault[], text: string, file: string): readonly PlacedFault[] {
  const lines = new LineCounter();
  const places = placesOf(parseDocument(text, { lineCounter: lines }), lines);
  // The name is what to look at where the member itself is wrong; a value that is wrong stands beside it.
  const placed = faults.map((fault) => ({ file, ...places.ofName(pathSegments(fault.path)), ...fault }));
  return placed.sort((left, right) => left.line - right.line || left.column - right.column);
}

/**
 * Reads and validates a policy text, the same way for a file, a save and a check.
 *
 * @param file the name that faults carry
 * @param scopes the scope names of the configuration
 */
export function readPolicyText(text: string, file: string, scopes: readonly string[]): PolicyReading {
  const parsed = parsePolicyText(text);
  if (!parsed.ok) {
    const faults = parsed.faults.map(({ line, column, path, message, remedy }) => {
      const place = `line ${line}, column ${column}: `;
      return {
        file,
        line,
        column,
        path,
        message: message.startsWith(place) ? message.slice(place.length) : message,
        remedy,
      };
    });
    return { ok: false, faults };
  }
  const validation = validatePolicy(parsed.value, { scopes });
  return validation.ok ? validation : { ok: false, faults: placeFaults(validation.faults, text, file) };
}
