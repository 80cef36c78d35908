import { beforeAll, describe, expect, it } from 'vitest';
import { installEnvoy } from '../../tools/envoy/install.ts';
import { validateConfig } from '../../tools/envoy/launch.ts';
import { PLACES, ReferenceConfig } from '../../tools/envoy/reference.ts';
import { compareVersions, ENVOY_VERSIONS } from '../../tools/envoy/versions.ts';

describe.each(ENVOY_VERSIONS)('envoy --mode validate on %s', (version) => {
  let binary = '';

  beforeAll(async () => {
    binary = await installEnvoy(version);
  }, 300_000);

  it('takes the shipped file as it is', async () => {
    expect(await validateConfig(binary, new ReferenceConfig().toString())).toBeUndefined();
  });

  it.each(['FULL_DUPLEX_STREAMED', 'STREAMED'] as const)('takes it with the settings of %s', async (mode) => {
    const keepLength = mode === 'FULL_DUPLEX_STREAMED' && compareVersions(version, '1.38.0') >= 0;
    const config = new ReferenceConfig().mode(mode, keepLength);
    expect(await validateConfig(binary, config.toString())).toBeUndefined();
  });

  it('takes it with a Unix socket and an HTTP/2 provider', async () => {
    const config = new ReferenceConfig()
      .connect({ socket: '/tmp/tiergate.sock' }, { port: 1 })
      .http2Provider();
    expect(await validateConfig(binary, config.toString())).toBeUndefined();
  });

  it.each([[['http2']], [['skip']], [['http2', 'skip']]] as const)(
    'takes it with the lines of %s that are commented out',
    async (options) => {
      expect(await validateConfig(binary, new ReferenceConfig(...options).toString())).toBeUndefined();
    },
  );

  it('refuses a setting that it does not know, so that a pass means something', async () => {
    const config = new ReferenceConfig().add([...PLACES.manager, 'no_such_setting'], true);
    expect(await validateConfig(binary, config.toString())).toContain('no_such_setting');
  });
});
