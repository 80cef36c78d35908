import type { HeaderLine } from './http.ts';

/** An ordered list of header lines with Envoy's edits; names in lower case. */
export class HeaderMap {
  #lines: HeaderLine[];

  constructor(lines: readonly HeaderLine[]) {
    this.#lines = [...lines];
  }

  get lines(): readonly HeaderLine[] {
    return this.#lines;
  }

  /** The first value of a header. */
  get(name: string): string | undefined {
    return this.#lines.find(([candidate]) => candidate === name)?.[1];
  }

  /** Takes every line of the name away. */
  remove(name: string): void {
    this.#lines = this.#lines.filter(([candidate]) => candidate !== name);
  }

  /** One line in the place of all lines of the name: where the first one stood, or at the end. */
  set(name: string, value: string): void {
    const at = this.#lines.findIndex(([candidate]) => candidate === name);
    if (at === -1) {
      this.append(name, value);
      return;
    }
    this.#lines = this.#lines.filter(([candidate], index) => candidate !== name || index === at);
    this.#lines[at] = [name, value];
  }

  /** One more line of the name. */
  append(name: string, value: string): void {
    this.#lines.push([name, value]);
  }
}
