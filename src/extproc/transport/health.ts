import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { serviceName } from './service.ts';

/** The gRPC health service: what Envoy's health check and Kubernetes probes ask. */
export interface Health {
  /** Says SERVING or NOT_SERVING for the whole server and for the ext_proc service; watchers are told at once. */
  set(serving: boolean): void;
}

/** Adds the health service to a server; it says NOT_SERVING until it is set. */
export function addHealth(server: Server): Health {
  const health = new HealthImplementation({ '': 'NOT_SERVING', [serviceName]: 'NOT_SERVING' });
  health.addToServer(server);
  return {
    set(serving) {
      const status = serving ? 'SERVING' : 'NOT_SERVING';
      health.setStatus('', status);
      health.setStatus(serviceName, status);
    },
  };
}
