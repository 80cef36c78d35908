import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareVersions, DEFAULT_ENVOY_VERSION, ENVOY_VERSIONS } from '../../tools/envoy/versions.ts';
import { BEHAVIOURS } from '../testkit/cases/index.ts';
import { brief, relevant } from '../testkit/support/behaviour.ts';
import { type EnvoyRunner, startEnvoyRunner } from '../testkit/support/run-envoy.ts';

// The same list runs against the double in test/testkit/behaviours.test.ts: what the kit claims, Envoy does.
describe.each([ENVOY_VERSIONS[0], DEFAULT_ENVOY_VERSION])(
  'Envoy %s behaves as the test kit says',
  (version) => {
    const behaviours = BEHAVIOURS.filter(({ since }) => compareVersions(since ?? version, version) <= 0);
    let runner: EnvoyRunner;
    beforeAll(async () => {
      runner = await startEnvoyRunner(behaviours, version);
    });
    afterAll(async () => {
      await runner.stop();
    });

    it.each(behaviours.map((behaviour) => [behaviour.name, behaviour] as const))(
      '%s',
      async (_name, behaviour) => {
        const outcome = await runner.run(behaviour);
        expect(brief(relevant(outcome, behaviour.expected))).toEqual(brief(behaviour.expected));
      },
    );
  },
);
