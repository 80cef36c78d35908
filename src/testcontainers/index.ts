export type { LoggedDecision } from './decision-log.ts';
export { GRPC_PORT, OPS_PORT } from './ports.ts';
export { StartedTiergateContainer } from './started-tiergate-container.ts';
export { TiergateContainer } from './tiergate-container.ts';
