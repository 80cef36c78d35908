import { readFileSync } from 'node:fs';

interface PackageFile {
  readonly version: string;
  readonly engines: { readonly node: string };
}

/** `package.json`, which stands two folders above both `src/cli` and `dist/cli`. */
const packageFile = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as PackageFile;

/** The version of Tiergate. */
export const VERSION: string = packageFile.version;

/** The Node versions that Tiergate runs on, as npm writes them: `^22.23.0 || ^24.21.0 || >=26.0.0`. */
export const NODE_RANGE: string = packageFile.engines.node;

function numbers(version: string): readonly [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return [major, minor, patch];
}

function isAtLeast(version: readonly number[], floor: readonly number[]): boolean {
  for (const [index, part] of floor.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

/** Whether a Node version lies in a range of `^` and `>=` parts joined by `||`. */
export function isNodeFit(version: string, range: string): boolean {
  const own = numbers(version);
  return range.split('||').some((part) => {
    const [, operator, floorText = ''] = /^\s*(\^|>=)([\d.]+)\s*$/.exec(part) ?? [];
    const floor = numbers(floorText);
    return isAtLeast(own, floor) && (operator === '>=' || (operator === '^' && own[0] === floor[0]));
  });
}
