import { JSON_SCANNER } from '../gen/json-scanner.ts';

/** Longest text that is read here, in bytes: it bounds the memory that is kept for good. */
const MAX_TEXT = 4 * 1024 * 1024;

/** Where the number of members stands, and the text: as in `tools/json-scanner/assembly/scan-value.ts`. */
const MEMBERS = 0;
const TEXT = 4096;

/** A load of sixteen bytes may start at the NUL behind the text. */
const BEHIND = 16;

const PAGE = 65_536;

/** What is used of the engine's WebAssembly, whose types come only with those of a browser. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** What the module exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  skip(offset: number, levels: number, isMember: boolean): number;
}

/**
 * The scan of one value in WebAssembly, sixteen bytes at a time.
 *
 * There is one memory, and reading is synchronous: each text is put into it whole before it is scanned, and
 * nothing of an earlier one is looked at.
 */
export class WasmScanner {
  private readonly exports: Exports;
  private bytes: Uint8Array;
  private counts: Int32Array;

  constructor(module: Uint8Array) {
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as Exports;
    this.bytes = new Uint8Array(this.exports.memory.buffer);
    this.counts = new Int32Array(this.exports.memory.buffer);
  }

  /** Takes the text over for the calls of `skip` that follow; false where it is too long for that. */
  load(text: Uint8Array): boolean {
    const { length } = text;
    if (length > MAX_TEXT) return false;
    if (TEXT + length + BEHIND > this.bytes.length) this.grow(TEXT + length + BEHIND);
    this.bytes.set(text, TEXT);
    this.bytes[TEXT + length] = 0;
    return true;
  }

  /**
   * The offset after the legal value that starts at `at`, or -1 where there is none or it is nested too deep.
   * @param levels How many containers may be open in it at once.
   * @param isMember True where a member of an object stands there: its name, a colon and its value.
   */
  skip(at: number, levels: number, isMember: boolean): number {
    return this.exports.skip(at, levels, isMember);
  }

  /** The number of members, all of objects within each other, that were stepped over last. */
  get members(): number {
    return this.counts[MEMBERS]!;
  }

  /** To twice the need, so that texts of growing length seldom come back here. */
  private grow(need: number): void {
    const { memory } = this.exports;
    memory.grow(Math.ceil((2 * need) / PAGE) - memory.buffer.byteLength / PAGE);
    this.bytes = new Uint8Array(memory.buffer);
    this.counts = new Int32Array(memory.buffer);
  }
}

/**
 * Compiles the module (about 1 KB, at once). Undefined where the engine cannot: it was started without a compiler, or
 * its address space is limited; the scanner in TypeScript then reads everything, with the same results.
 */
export function createWasmScanner(base64: string): WasmScanner | undefined {
  try {
    return new WasmScanner(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

/** The one that every text goes through. */
export const wasmScanner = createWasmScanner(JSON_SCANNER);
