/** Runs a callback so that nothing it throws gets out. */
export type Guard = (place: string, run: () => void) => void;

/**
 * The one guard that every callback of a stream runs in: an exception in a gRPC callback would otherwise end the
 * process, and with it all other requests and sockets (measured on grpc-js).
 *
 * @param onFault told of what was thrown; where it throws itself, there is nobody left to tell
 */
export function createGuard(onFault: (fault: unknown, place: string) => void): Guard {
  return (place, run) => {
    try {
      run();
    } catch (fault) {
      try {
        onFault(fault, place);
      } catch {
        // The report failed too; the process must live on.
      }
    }
  };
}
