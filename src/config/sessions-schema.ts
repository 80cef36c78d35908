import { z } from 'zod';
import { duration } from './values.ts';

/** A field name of RFC 9110, section 5.1. */
const FIELD_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const CREDENTIALS = ['authorization', 'x-api-key', 'api-key', 'cookie'];

const headerName = z
  .string()
  .regex(FIELD_NAME, 'must be the name of a header')
  .transform((name) => name.toLowerCase())
  .refine((name) => !CREDENTIALS.includes(name), 'holds a credential, not the name of a session');

/** `sessions`: what sockets leave behind for the next one of the same client. */
export const sessionsSchema = z.strictObject({
  headers: z
    .array(headerName)
    .max(16)
    .default([])
    .describe(
      'Headers of the handshake by which a client names its session: the first that is there counts. A new socket with ' +
        'the same name and the same credential begins with the model that the last one captured. Empty: none is resumed.',
    )
    .meta({ samples: ['[session-id]'] }),
  hash_key_file: z
    .string()
    .default('')
    .describe(
      'File with the key of the hash under which a named session is stored, so that neither name nor credential is: one ' +
        'line of 32 characters or more. A second line is the key of before or after: it is read and not written. Needed with Redis; ' +
        'without it the memory store draws a key.',
    )
    .meta({ path: true, samples: ['/etc/tiergate/session-hash-key'] }),
  ttl: duration
    .prefault('24h')
    .describe('How long a named session is remembered after its last use.')
    .meta({ samples: ['24h'] }),
});
