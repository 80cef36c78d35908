/**
 * The token of Anthropic's fast mode in the `anthropic-beta` header: `fast-mode-` and a date. The header may come in
 * several lines, each a comma list.
 */
export const ANTHROPIC_BETA = 'anthropic-beta';

/** Whatever its date: a future one asks the same. */
const FAST_MODE = /^fast-mode(?:-|$)/i;

/** The first fast mode token of all lines, or undefined. */
export function fastModeToken(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const token = line
      .split(',')
      .map((part) => part.trim())
      .find((part) => FAST_MODE.test(part));
    if (token !== undefined) return token;
  }
  return undefined;
}

/** The lines without fast mode tokens; other tokens keep their order, and a line with nothing left goes. */
export function withoutFastMode(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const line of lines) {
    const tokens = line.split(',');
    const others = tokens.filter((token) => !FAST_MODE.test(token.trim()));
    if (others.length === tokens.length) kept.push(line);
    else if (others.some((token) => token.trim() !== '')) kept.push(others.join(',').trim());
  }
  return kept;
}
