import { type Document, isMap, isNode, type LineCounter } from 'yaml';

/** Line and column, counted from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where the parts of a YAML or JSON text stand. */
export interface Places {
  /** The character at `offset`. */
  at(offset: number): Place;
  /** The value at `path`, or the nearest part around it where there is none. */
  ofValue(path: readonly PropertyKey[]): Place;
  /** The name of the member at `path`; its value where it has no name. */
  ofName(path: readonly PropertyKey[]): Place;
}

/** The places of a document that was parsed with `lines` as its line counter. */
export function placesOf(document: Document.Parsed, lines: LineCounter): Places {
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const startOf = (node: unknown): Place | undefined =>
    isNode(node) && node.range ? at(node.range[0]) : undefined;
  const nodeAt = (path: readonly PropertyKey[]): unknown =>
    path.length === 0 ? document.contents : document.getIn(path, true);
  const nameOf = (path: readonly PropertyKey[]): Place | undefined => {
    const parent = nodeAt(path.slice(0, -1));
    if (!isMap(parent)) return undefined;
    const name = String(path.at(-1));
    return startOf(parent.items.find(({ key }) => isNode(key) && String(key) === name)?.key);
  };
  const ofValue = (path: readonly PropertyKey[]): Place => {
    for (let length = path.length; length > 0; length -= 1) {
      const part = path.slice(0, length);
      const place = startOf(nodeAt(part)) ?? nameOf(part);
      if (place !== undefined) return place;
    }
    return startOf(document.contents) ?? { line: 1, column: 1 };
  };
  return { at, ofValue, ofName: (path) => nameOf(path) ?? ofValue(path) };
}

const PATH_PART = /\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g;

/** `rules[2].action` → `['rules', 2, 'action']`: the inverse of the policy's `formatPath`. */
export function pathSegments(path: string): PropertyKey[] {
  return [...path.matchAll(PATH_PART)].map(([, index, quoted, word]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (word ?? '') : String(JSON.parse(`"${quoted}"`));
  });
}
