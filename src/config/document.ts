import { LineCounter, parseDocument } from 'yaml';
import type { PlacedFault } from '../storage/faults.ts';
import { type Places, placesOf } from '../storage/yaml-places.ts';

/** A configuration text: its value, and where its parts stand. */
export interface ParsedDocument {
  /** An empty text is an empty object; undefined where the text could not be read. */
  readonly value: unknown;
  readonly faults: readonly PlacedFault[];
  readonly places: Places;
}

const REMEDY = 'Correct the YAML here; indentation and quotes are the usual causes.';

/** Reads one YAML document; `file` is the name that faults carry. */
export function parseYaml(text: string, file: string): ParsedDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const places = placesOf(document, lines);
  const faults: PlacedFault[] = [...document.errors, ...document.warnings].map((error) => ({
    file,
    ...places.at(error.pos[0]),
    path: '',
    // The parser's own words here name a function of its library.
    message: error.code === 'MULTIPLE_DOCS' ? 'there is a second YAML document' : error.message,
    remedy: REMEDY,
  }));
  if (faults.length > 0) return { value: undefined, faults, places };
  try {
    return { value: document.contents === null ? {} : document.toJS({ maxAliasCount: 0 }), faults, places };
  } catch {
    const message = 'the text uses a YAML alias (*name)';
    faults.push({
      file,
      line: 1,
      column: 1,
      path: '',
      message,
      remedy: 'Write the value out at each place.',
    });
    return { value: undefined, faults, places };
  }
}
