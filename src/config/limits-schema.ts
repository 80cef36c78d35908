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
  held_total: memoryAmount
    .prefault('40%')
    .describe(
      'Most body bytes held by all requests together: a size, or a percentage of the memory that the process may ' +
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
