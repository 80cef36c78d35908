import { ProcessingRequest } from '../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';

/** Where every ext_proc server serves. */
export const PROCESS_PATH = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';

const PREFIX_BYTES = 5;

/** gRPC's length-prefixed message, uncompressed. What is left out of `message` is as Envoy leaves it out. */
export function grpcFrame(message: object): Buffer {
  const whole = {
    request: undefined,
    metadataContext: undefined,
    attributes: new Map(),
    observabilityMode: false,
    protocolConfig: undefined,
    ...message,
  };
  const bytes = ProcessingRequest.encode(whole as ProcessingRequest).finish();
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** Header lines as Envoy sends them: the value in `raw_value`. */
export function headerLines(lines: readonly (readonly [string, string])[]): object[] {
  return lines.map(([key, value]) => ({ key, value: '', rawValue: Buffer.from(value) }));
}

/** Counts the gRPC messages of one stream without putting them together. */
export class ReplyCounter {
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixFilled = 0;
  #left = 0;

  /** Takes bytes. @returns how many messages they complete */
  count(bytes: Buffer): number {
    let complete = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const used = Math.min(this.#left, bytes.length - at);
        this.#left -= used;
        at += used;
        if (this.#left === 0) complete += 1;
        continue;
      }
      const used = bytes.copy(this.#prefix, this.#prefixFilled, at);
      this.#prefixFilled += used;
      at += used;
      if (this.#prefixFilled < PREFIX_BYTES) continue;
      this.#prefixFilled = 0;
      this.#left = this.#prefix.readUInt32BE(1);
      if (this.#left === 0) complete += 1;
    }
    return complete;
  }
}
