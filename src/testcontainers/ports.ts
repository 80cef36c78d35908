/** The port of the ext_proc service inside the container, for other containers of the same network. */
export const GRPC_PORT = 50_051;

/** The port of health and metrics inside the container. */
export const OPS_PORT = 9_090;
