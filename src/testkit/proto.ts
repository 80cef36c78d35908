import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import type { ProcessingRequest, ProcessingResponse } from './messages.ts';

const SERVICE = 'envoy.service.ext_proc.v3.ExternalProcessor';
const SERVICE_FILE = 'envoy/service/ext_proc/v3/external_processor.proto';

/** The `Process` method of Envoy's service with its codec, loaded from the package's `proto` folder. */
export type ProcessMethod = MethodDefinition<ProcessingRequest, ProcessingResponse>;

let loaded: ProcessMethod | undefined;

/**
 * The method as `@grpc/proto-loader` reads it at run time: a codec of its own, so that a server's generated code is
 * never tested against itself. Loaded once.
 * @throws Error where the `proto` folder of the package is missing
 */
export function processMethod(): ProcessMethod {
  if (loaded === undefined) {
    const service = loadSync(SERVICE_FILE, { includeDirs: [protoFolder()], longs: String })[SERVICE];
    const method = service !== undefined && 'Process' in service ? service['Process'] : undefined;
    if (method === undefined || typeof method !== 'object' || !('responseDeserialize' in method)) {
      throw new Error(`${SERVICE_FILE} does not define ${SERVICE}.Process`);
    }
    loaded = method as unknown as ProcessMethod;
  }
  return loaded;
}

/** The `proto` folder of this package: two levels up from `src/testkit` and from `dist/testkit` alike. */
function protoFolder(): string {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'proto');
  if (!existsSync(join(folder, SERVICE_FILE)))
    throw new Error(`the package's proto folder is missing: ${folder}`);
  return folder;
}
