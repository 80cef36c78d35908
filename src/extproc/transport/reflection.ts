import { fileURLToPath } from 'node:url';
import type { Server } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

/** Where the contract lies, seen from the sources and from the build alike. */
export const protoDirectory: string = fileURLToPath(new URL('../../../proto/', import.meta.url));

/** The file of the contract that holds the service. */
export const serviceProto = 'envoy/service/ext_proc/v3/external_processor.proto';

/** The contract as proto-loader reads it: names as in the files, enums as text, absent fields left out. */
export function loadContract(): PackageDefinition {
  return loadSync(serviceProto, {
    includeDirs: [protoDirectory],
    keepCase: true,
    enums: String,
    longs: Number,
    oneofs: true,
  });
}

/** Adds server reflection, so that tools such as grpcurl can list and call the service. */
export function addReflection(server: Server): void {
  new ReflectionService(loadContract()).addToServer(server);
}
