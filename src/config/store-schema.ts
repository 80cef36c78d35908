import { z } from 'zod';
import { duration } from './values.ts';

const file = z.string().default('');
const text = z.string().default('');
const secret = z.string().default('').meta({ secret: true });

const REDIS_URL = /^rediss?(\+(sentinel|cluster))?:\/\//i;
const STORE_MESSAGE =
  'must be "memory", a Redis URL (redis://…, rediss://…, redis+sentinel://…, redis+cluster://…), or an object with url';

/** `memory`, or where Redis is. */
const storeUrl = z
  .string({ error: STORE_MESSAGE })
  .refine((value) => value === 'memory' || REDIS_URL.test(value), STORE_MESSAGE);

const details = z.strictObject({
  url: storeUrl
    .default('memory')
    .describe('"memory", or the URL of Redis; user and password may stand in it, or in the keys below.')
    .meta({ secret: true, samples: ['redis://redis:6379/0', 'rediss+cluster://a:6379,b:6379'] }),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'must be 1 to 64 letters, digits, "_", ".", ":" and "-"')
    .default('tg')
    .describe(
      'What all keys begin with: Tiergates with the same prefix share policy, sockets and decisions.',
    ),
  username: text.describe('User of the access control list (ACL); outranks the one in the URL.'),
  password: secret.describe('Its password; outranks the one in the URL.'),
  ca_file: file
    .describe("Certificates (PEM) that sign the server's. Empty: those that Node brings.")
    .meta({ path: true }),
  cert_file: file
    .describe('Our certificate chain (PEM), for a server that asks for one.')
    .meta({ path: true }),
  key_file: file.describe('Its private key (PEM).').meta({ path: true }),
  server_name: text.describe("Name that the server's certificate must carry. Empty: the host of the URL."),
  sentinel_username: text.describe('User at the sentinels, where they ask for one.'),
  sentinel_password: secret.describe('Its password.'),
  connect_timeout: duration
    .prefault('2s')
    .describe('For a connection, TLS included.')
    .meta({ samples: ['2s'] }),
  command_timeout: duration
    .prefault('1s')
    .describe('For the answer to a command; a connection that is silent longer is replaced.')
    .meta({ samples: ['1s'] }),
});

/** `store`: a word or URL, or an object for everything that does not belong into a URL. */
export const storeSchema = z.union([storeUrl, details], { error: STORE_MESSAGE });

/** The values that stand where `store` is only a word or URL. */
export const STORE_DEFAULTS = details.parse({});

/** `store` with everything in it. */
export type StoreSettings = z.output<typeof details>;

/** The settings of the store, however they were written. */
export function storeSettings(store: z.output<typeof storeSchema>): StoreSettings {
  return typeof store === 'string' ? { ...STORE_DEFAULTS, url: store } : store;
}
