/** The Envoy releases on which the reference configuration is checked, one for each supported minor version. */
export const ENVOY_VERSIONS = ['1.36.4', '1.37.0', '1.38.3', '1.39.3', '1.40.0'] as const;

/** What the demo, the benchmarks and most end-to-end tests run on. */
export const DEFAULT_ENVOY_VERSION = '1.40.0';

/** The oldest release that knows every setting of the reference configuration (`status_on_error`). */
export const OLDEST_ENVOY_VERSION = '1.36.0';

/** The release number in the text of `envoy --version` (`…/1.40.0/Clean/RELEASE/BoringSSL`), or undefined. */
export function parseEnvoyVersion(output: string): string | undefined {
  return /\/(\d+\.\d+\.\d+)(?:-[\w.]+)?\//.exec(output)?.[1];
}

/** Negative where release `a` is older than `b`, positive where it is newer, 0 where they are equal. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let part = 0; part < 3; part += 1) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
