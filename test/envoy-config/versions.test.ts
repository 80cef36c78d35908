import { describe, expect, it } from 'vitest';
import { compareVersions, parseEnvoyVersion } from '../../tools/envoy/versions.ts';

describe('parseEnvoyVersion', () => {
  it('reads what the binaries print', () => {
    const print = (release: string): string =>
      `\nenvoy  version: 9e5580/${release}/Clean/RELEASE/BoringSSL\n`;
    expect(parseEnvoyVersion(print('1.40.0'))).toBe('1.40.0');
    expect(parseEnvoyVersion(print('1.41.0-dev'))).toBe('1.41.0');
  });

  it('knows what is no Envoy', () => {
    expect(parseEnvoyVersion('envoy-tool 1.0')).toBeUndefined();
  });
});

describe('compareVersions', () => {
  it('compares parts as numbers', () => {
    expect(compareVersions('1.9.0', '1.36.0')).toBeLessThan(0);
    expect(compareVersions('1.36.4', '1.36.0')).toBeGreaterThan(0);
    expect(compareVersions('1.36.0', '1.36.0')).toBe(0);
    expect(compareVersions('2.0.0', '1.99.9')).toBeGreaterThan(0);
  });
});
