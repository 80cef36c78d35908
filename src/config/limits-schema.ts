import { z } from 'zod';
import { duration, memoryAmount, size } from './values.ts';

/** `limits`: every limit of the process, large but finite. */
export const limitsSchema = z.strictObject({
  body: size
    .prefault('64MiB')
    .describe(
      'Most bytes of a request body as it comes. More is refused with 413. Set the same in the three places of envoy.yaml.',
    )
    .meta({ samples: ['64MiB'] }),
  decoded_body: size
    .prefault('64MiB')
    .describe('Most bytes of a body after its content codings are undone. More is refused with 413.')
    .meta({ samples: ['64MiB'] }),
  decoded_ratio: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('Most decoded bytes for one encoded byte; a body of at most 64KiB decoded is exempt.'),
  json_depth: z
    .int()
    .min(8)
    .max(10_000)
    .default(512)
    .describe('Deepest nesting of objects and arrays in a body.'),
  json_members: z
    .int()
    .min(16)
    .max(100_000_000)
    .default(1_000_000)
    .describe('Most members of all objects of a body together.'),
  message: size
    .prefault('64MiB')
    .describe('Most payload bytes of one message of a WebSocket. More closes the socket with 1009.')
    .meta({ samples: ['64MiB'] }),
  fragments: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(4_096)
    .describe(
      'Most fragments of one message of a WebSocket, empty ones too. More closes the socket with 1009.',
    ),
  sockets: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe('Most WebSockets that are open at once. A handshake beyond it is refused with 503.'),
  provider_wait: duration
    .prefault('2s')
    .describe(
      'How long an error event waits for bytes of the provider that it can ride on; then the socket is cut without it.',
    )
    .meta({ samples: ['2s'] }),
  client_close_wait: duration
    .prefault('1s')
    .describe('How long a client may take to answer our Close before the socket is cut.')
    .meta({ samples: ['1s'] }),
  lookup_wait: duration
    .refine((ms) => ms <= 10_000, 'must be at most 10s: messages wait for it')
    .prefault('100ms')
    .describe(
      'How long the messages of a socket wait at most for the look-up of its session, which begins with the handshake. Then its model ' +
        'counts as one that cannot be known, which is read strictly.',
    )
    .meta({ samples: ['100ms'] }),
  held_total: memoryAmount
    .prefault('40%')
    .describe(
      'Most bytes of bodies and messages held by all requests and sockets together: a size, or a percentage of the memory that the process may ' +
        'use (the limit of its container, else the memory of the machine) less 192 MiB for itself. Beyond it requests ' +
        'get 503 with retry-after.',
    )
    .meta({ samples: ['40%'] }),
  drain_grace: duration
    .prefault('3s')
    .describe(
      'After SIGTERM: how long new requests are still served, so that Envoy can learn of it: the interval of its ' +
        'health check and two seconds.',
    )
    .meta({ samples: ['3s'] }),
  drain: duration
    .prefault('20s')
    .describe('After drain_grace: how long running requests may take to end before their streams are cut.')
    .meta({ samples: ['20s'] }),
});
