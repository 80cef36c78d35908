import { loadContract } from '../../src/extproc/transport/reflection.ts';
import { ProcessingResponse } from '../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';

interface ServiceShape {
  readonly Process: {
    readonly responseDeserialize: (bytes: Buffer) => unknown;
    readonly requestSerialize: (message: object) => Buffer;
  };
}

/** Reads what our codec writes with proto-loader's, which is another one over the same files. */
export class ContractCodec {
  readonly #service: ServiceShape;

  constructor() {
    const contract: Record<string, unknown> = loadContract();
    this.#service = contract['envoy.service.ext_proc.v3.ExternalProcessor'] as ServiceShape;
  }

  readResponse(message: ProcessingResponse): unknown {
    const bytes = Buffer.from(ProcessingResponse.encode(message).finish());
    return plain(this.#service.Process.responseDeserialize(bytes));
  }
}

/** Plain objects without prototypes or class instances, for comparison. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
