/** Where an object of a JSON text has a member for the second time. */
export interface DuplicateMember {
  /** Offset of the second key's opening quote. */
  readonly offset: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The offset after the closing quote of the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  for (let unit = text.charCodeAt(at); unit !== QUOTE; unit = text.charCodeAt(at))
    at += unit === BACKSLASH ? 2 : 1;
  return at + 1;
}

/**
 * The first member that an object holds twice, keys compared decoded. The text must be valid JSON (`JSON.parse` has
 * read it): `JSON.parse` itself keeps the last of two members without a word.
 */
export function findDuplicateMember(text: string): DuplicateMember | undefined {
  /** The keys of each open object; undefined for an open list. */
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; ) {
    const character = text[at];
    if (character === '"') {
      const end = stringEnd(text, at);
      const keys = expectsKey ? open.at(-1) : undefined;
      if (keys !== undefined) {
        const key = JSON.parse(text.slice(at, end)) as string;
        if (keys.has(key)) return { offset: at };
        keys.add(key);
        expectsKey = false;
      }
      at = end;
      continue;
    }
    if (character === '{' || character === '[') open.push(character === '{' ? new Set() : undefined);
    else if (character === '}' || character === ']') open.pop();
    if (character === '{' || character === ',') expectsKey = open.at(-1) !== undefined;
    at += 1;
  }
  return undefined;
}
