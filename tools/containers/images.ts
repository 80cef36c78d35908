import { DEFAULT_ENVOY_VERSION } from '../envoy/versions.ts';

/**
 * The public images that `deploy/Dockerfile` and the container tests name. An ordinary engine pulls them; where there is
 * no registry, `prepare.ts` makes stand-ins under the same names.
 */
export const IMAGES = {
  /** `BUILD_IMAGE` of the Dockerfile; the mock provider of the tests runs on it as well. */
  build: 'node:24-bookworm-slim',
  /** `RUNTIME_IMAGE` of the Dockerfile. */
  runtime: 'gcr.io/distroless/nodejs24-debian12:nonroot',
  envoy: `envoyproxy/envoy:v${DEFAULT_ENVOY_VERSION}`,
  /** The release that Debian 12 has. */
  redis: 'redis:7.0-bookworm',
} as const;
