/**
 * Checks one JSON value and steps over it, sixteen bytes of a string at a time. AssemblyScript: a small language in
 * the syntax of TypeScript whose types are those of WebAssembly.
 *
 * It only ever says "legal, and it ends there". Whatever else it meets it leaves to the scanner in TypeScript
 * (`src/json/scanner.ts`), which finds the fault and names it; so this file knows no faults and no limits but depth.
 *
 * The caller puts the text at `TEXT` and a NUL after it. No legal value holds a NUL, so each loop ends there at the
 * latest and none has to ask where the text ends.
 */

/** Where the number of members that were stepped over last is left. */
const MEMBERS: usize = 0;
/** For each open container the opening byte of the one around it, up to the text. */
const STACK: usize = 64;
/** Where the text stands; `src/json/wasm-scanner.ts` has the same number. */
const TEXT: usize = 4096;
const STACK_SIZE: i32 = 4032;

/** Says that there is no legal value. */
const NOWHERE: usize = 0;

/**
 * The offset after the legal value that starts at `offset`, or -1 where there is none.
 * @param levels How many containers may be open in it at once.
 * @param isMember True where a member of an object stands there: its name, a colon and its value.
 */
export function skip(offset: i32, levels: i32, isMember: bool): i32 {
  const deepest = min(levels, STACK_SIZE);
  let at: usize = TEXT + offset;
  let members: i32 = 0;
  // Containers open inside of the value, and the opening byte of the innermost; 0 where none is.
  let open: i32 = 0;
  let opening: u32 = 0;
  let isName = isMember;
  while (at !== NOWHERE) {
    const first: u32 = load<u8>(at);
    if (first === 0x22) {
      at = skipString(at + 1);
      if (at === NOWHERE) return -1;
      if (isName) {
        members++;
        at = skipColon(at);
        isName = false;
        continue;
      }
    } else if (isName) {
      return -1;
    } else if (first === 0x7b || first === 0x5b) {
      if (open >= deepest) return -1;
      at = skipWhiteSpace(at + 1);
      // In ASCII each closing bracket stands two after its opening one.
      if (load<u8>(at) === first + 2) {
        at++;
      } else {
        store<u8>(STACK + open, opening);
        open++;
        opening = first;
        isName = first === 0x7b;
        continue;
      }
    } else {
      at = skipScalar(at, first);
      if (at === NOWHERE) return -1;
    }
    while (true) {
      if (open === 0) {
        store<i32>(MEMBERS, members);
        return <i32>(at - TEXT);
      }
      at = skipWhiteSpace(at);
      const next: u32 = load<u8>(at);
      if (next === 0x2c) {
        at = skipWhiteSpace(at + 1);
        isName = opening === 0x7b;
        break;
      }
      if (next !== opening + 2) return -1;
      open--;
      opening = load<u8>(STACK + open);
      at++;
    }
  }
  return -1;
}

/** The colon after a name, and white space around it. */
function skipColon(at: usize): usize {
  at = skipWhiteSpace(at);
  return load<u8>(at) === 0x3a ? skipWhiteSpace(at + 1) : NOWHERE;
}

/** `at`: after the opening quote. */
function skipString(at: usize): usize {
  while (at !== NOWHERE) {
    let ends = endsOfRun(at);
    while (ends === 0) {
      at += 16;
      ends = endsOfRun(at);
    }
    at += ctz(ends);
    if (load<u8>(at) === 0x22) return at + 1;
    at = skipEscape(at);
  }
  return NOWHERE;
}

/** One bit for each of the sixteen bytes from `at` on that is a quote, a backslash or a control character. */
function endsOfRun(at: usize): i32 {
  const bytes = v128.load(at);
  const quotes = i8x16.eq(bytes, i8x16.splat(0x22));
  const backslashes = i8x16.eq(bytes, i8x16.splat(0x5c));
  const controls = i8x16.lt_u(bytes, i8x16.splat(0x20));
  return i8x16.bitmask(v128.or(v128.or(quotes, backslashes), controls));
}

function skipEscape(at: usize): usize {
  if (load<u8>(at) !== 0x5c) return NOWHERE;
  const letter: u32 = load<u8>(at, 1);
  // n, the quote, the backslash, t, the slash, r, b, f: by how often they occur.
  if (letter === 0x6e || letter === 0x22 || letter === 0x5c || letter === 0x74) return at + 2;
  if (letter === 0x2f || letter === 0x72 || letter === 0x62 || letter === 0x66) return at + 2;
  if (letter !== 0x75) return NOWHERE;
  for (let i: usize = 2; i < 6; i++) if (!isHexDigit(load<u8>(at + i))) return NOWHERE;
  return at + 6;
}

/** `true`, `false` and `null` are compared as words of four bytes, the least byte first. */
function skipScalar(at: usize, first: u32): usize {
  if (first === 0x74) return load<u32>(at) === 0x65757274 ? at + 4 : NOWHERE;
  if (first === 0x66) return load<u32>(at, 1) === 0x65736c61 ? at + 5 : NOWHERE;
  if (first === 0x6e) return load<u32>(at) === 0x6c6c756e ? at + 4 : NOWHERE;
  return skipNumber(at);
}

/** RFC 8259, section 6: `-`, an integer without leading zeros, a fraction, an exponent. */
function skipNumber(at: usize): usize {
  if (load<u8>(at) === 0x2d) at++;
  at = load<u8>(at) === 0x30 ? at + 1 : skipDigits(at);
  if (at !== NOWHERE && load<u8>(at) === 0x2e) at = skipDigits(at + 1);
  if (at !== NOWHERE && (load<u8>(at) | 0x20) === 0x65) {
    const sign: u32 = load<u8>(at, 1);
    at = skipDigits(sign === 0x2b || sign === 0x2d ? at + 2 : at + 1);
  }
  return at;
}

/** At least one digit. */
function skipDigits(at: usize): usize {
  const start = at;
  while (isDigit(load<u8>(at))) at++;
  return at === start ? NOWHERE : at;
}

function skipWhiteSpace(at: usize): usize {
  while (isWhiteSpace(load<u8>(at))) at++;
  return at;
}

function isWhiteSpace(byte: u32): bool {
  return byte <= 0x20 && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}

function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

function isHexDigit(byte: u32): bool {
  return isDigit(byte) || (byte | 0x20) - 0x61 < 6;
}
