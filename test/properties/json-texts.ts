import * as fc from 'fast-check';
import { type Node, parseTree } from 'jsonc-parser';

/** Names that the plan of the properties governs, and names that only look like it. */
const NAMES = [
  'model',
  'service_tier',
  'fallbacks',
  'speed',
  'session',
  'response',
  'x',
  'input',
  '',
  'é',
  '😀',
  '__proto__',
  'service_tie',
  'constructor',
];
const ODD_NAMES = [
  'Model',
  'SERVICE_TIER',
  '\u017fervice_tier',
  'fallbac\u212as',
  'sess\u0131on',
  'Speed',
  '\ud800',
  'model\u0000',
  'speed\ud800',
  'x\u0000y',
];

const space = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.stringMatching(/^[ \t\r\n]{1,5}$/) },
);

const number = fc.oneof(
  fc.constantFrom('0', '-0', '1e5', '1E-2', '-12.50', '10000000000000000000001', '1e999', '5e-324'),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);

/** A string's source: some characters as escapes that JSON allows but printers do not write. */
function stringSource(text: string, odd: boolean): string {
  const plain = JSON.stringify(text);
  return odd
    ? plain.replace(
        /[a-z/](?=[^"]*"$)(?<!\\.)(?<!\\u[0-9a-f]{0,4})/,
        (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`,
      )
    : plain;
}

const string = fc
  .tuple(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constantFrom('priority', 'fast', 'a "quoted" \\ text\n', '\ud800', '\udc00x'),
      fc
        .tuple(fc.nat(90), fc.constantFrom('', '\n', '"', 'é'))
        .map(([length, last]) => 'x'.repeat(length) + last),
    ),
    fc.boolean(),
  )
  .map(([text, odd]) => stringSource(text, odd));

const name = fc
  .tuple(
    fc.oneof(
      { weight: 40, arbitrary: fc.constantFrom(...NAMES) },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_NAMES) },
    ),
    fc.nat(9),
  )
  .map(([text, odd]) => [text, stringSource(text, odd === 0)] as const);

function list(parts: readonly string[], spaces: readonly string[], open: string, close: string): string {
  const padded = parts.map(
    (part, i) => `${spaces[i % spaces.length]}${part}${spaces[(i + 1) % spaces.length]}`,
  );
  return `${open}${padded.length === 0 ? spaces[0] : padded.join(',')}${close}`;
}

const { object } = fc.letrec<{ value: string; object: string; array: string }>((tie) => {
  const value = fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: string },
    { weight: 1, arbitrary: number },
    { weight: 1, arbitrary: fc.constantFrom('true', 'false', 'null') },
    { weight: 3, arbitrary: tie('object') },
    { weight: 2, arbitrary: tie('array') },
  );
  const spaces = fc.array(space, { minLength: 1, maxLength: 3 });
  const member = fc.tuple(name, space, space, value);
  return {
    value,
    // Names of one object mostly differ; now and then one stands twice.
    object: fc
      .tuple(fc.array(member, { maxLength: 6 }), spaces, fc.nat(30))
      .map(([members, around, duplicates]) => {
        const kept =
          duplicates === 0
            ? members
            : members.filter(([[text]], i) => members.findIndex(([[other]]) => other === text) === i);
        return list(
          kept.map(([[, source], before, after, item]) => `${source}${before}:${after}${item}`),
          around,
          '{',
          '}',
        );
      }),
    array: fc
      .tuple(fc.array(value, { maxLength: 4 }), spaces)
      .map(([items, around]) => list(items, around, '[', ']')),
  };
});

/** JSON texts with an object at the top level, all of them legal. */
export const legalText = fc.tuple(space, object, space).map((parts) => parts.join(''));

const DAMAGES = [
  '"',
  '\\',
  ',',
  ':',
  '{',
  '}',
  '[',
  ']',
  '0',
  '-',
  '.',
  'e',
  'u',
  ' ',
  '\n',
  '\0',
  'a',
  '\x80',
  '\xff',
  '\xed\xa0\x80',
  '\xef\xbb\xbf',
  '\xc3\xa9',
];

/** Bytes near a legal text: some cut out, some put in, or the end missing. */
export const damagedText = fc
  .tuple(
    legalText,
    fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom('', ...DAMAGES)), { minLength: 1, maxLength: 2 }),
    fc.nat(9),
    fc.nat(),
  )
  .map(([text, damages, truncate, at]) => {
    let bytes = Buffer.from(text);
    for (const [offset, length, insert] of damages) {
      const start = offset % (bytes.length + 1);
      bytes = Buffer.concat([
        bytes.subarray(0, start),
        Buffer.from(insert, 'latin1'),
        bytes.subarray(start + length),
      ]);
    }
    return truncate === 0 ? bytes.subarray(0, at % (bytes.length + 1)) : bytes;
  });

/** A name as readers with C strings see it, or those that drop what is no Unicode text. */
export function seenAs(name: string): string {
  return name.replace(/\0.*$/s, '').replace(/\p{Surrogate}/gu, '');
}

/** What an independent reading says about one path. */
export interface OracleMember {
  readonly location: string;
  readonly value: unknown;
  /** Source from the first byte of the name, and of the value, to the end of the value. */
  readonly source: string;
  readonly valueSource: string;
}

/** What `jsonc-parser` finds: the members at `paths`, or that one of them is ambiguous. */
export function oracleReading(
  text: string,
  paths: readonly string[],
): { members: OracleMember[]; ambiguous: boolean } {
  const root = parseTree(text);
  const found: OracleMember[] = [];
  let ambiguous = false;
  const walk = (node: Node, steps: readonly string[], location: string): void => {
    const [step = '', ...rest] = steps;
    if (step === '[]') {
      if (node.type === 'array')
        for (const [i, item] of (node.children ?? []).entries()) walk(item, rest, `${location}[${i}]`);
      return;
    }
    if (node.type !== 'object') return;
    // Case folding as Unicode defines it, by the engine's regular expressions and not by our table.
    const alike = (node.children ?? []).filter(({ children }) =>
      new RegExp(`^${step}$`, 'iu').test(seenAs(String(children?.[0]?.value))),
    );
    const [key, value] = alike[0]?.children ?? [];
    if (key === undefined || value === undefined) return;
    if (alike.length > 1 || key.value !== step) ambiguous = true;
    const place = location === '' ? step : `${location}.${step}`;
    if (rest.length > 0) walk(value, rest, place);
    else {
      const end = value.offset + value.length;
      found.push({
        location: place,
        value: JSON.parse(text.slice(value.offset, end)),
        source: text.slice(key.offset, end),
        valueSource: text.slice(value.offset, end),
      });
    }
  };
  for (const path of paths) if (root !== undefined) walk(root, path.replaceAll('[]', '.[]').split('.'), '');
  return { members: found, ambiguous };
}
