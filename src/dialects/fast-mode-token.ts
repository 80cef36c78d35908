/**
 * The token of Anthropic's fast mode in the `anthropic-beta` header: `fast-mode-` and a date. The header may come in
 * several lines, each a comma list. Some readers look for the token anywhere in the text, so it counts behind other
 * separators and in quotes as well.
 */
export const ANTHROPIC_BETA = 'anthropic-beta';

/** The only token ever published; models in research preview take `speed: fast` only with it. */
const PUBLISHED = 'fast-mode-2026-02-01';

/** Whatever its date: a future one asks the same. */
const FAST_MODE = /^fast-mode(?:-|$)/i;

/** What stands between tokens, beside the comma. */
const SEPARATORS = /[;\s"']+/;

/** The first fast mode token of all lines, or undefined. */
export function fastModeToken(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const token = line.split(',').flatMap(tokensOf).find(isFastMode);
    if (token !== undefined) return token;
  }
  return undefined;
}

/**
 * The lines without fast mode tokens; other tokens keep their order, and a line with nothing left goes. What stood beside
 * such a token between the same commas becomes elements of the list.
 */
export function withoutFastMode(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const line of lines) {
    const elements = line.split(',');
    const others = elements.flatMap((element) => {
      const tokens = tokensOf(element);
      return tokens.some(isFastMode) ? tokens.filter((token) => !isFastMode(token)) : [element];
    });
    if (!elements.flatMap(tokensOf).some(isFastMode)) kept.push(line);
    else if (others.some((other) => other.trim() !== '')) kept.push(others.join(',').trim());
  }
  return kept;
}

/** The lines with the published token: on the first one, since some readers see no other. */
export function withFastMode(lines: readonly string[]): readonly string[] {
  const [first, ...others] = lines;
  return first === undefined || first.trim() === ''
    ? [PUBLISHED, ...others]
    : [`${first},${PUBLISHED}`, ...others];
}

function tokensOf(element: string): readonly string[] {
  return element.split(SEPARATORS).filter((token) => token !== '');
}

function isFastMode(token: string): boolean {
  return FAST_MODE.test(token);
}
