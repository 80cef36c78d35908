import { z } from 'zod';
import { dialectRows } from '../dialects/table.ts';
import { LOG_LEVELS } from '../telemetry/logger.ts';
import { decisionsSchema } from './decisions-schema.ts';
import { identitySchema } from './identity-schema.ts';
import { limitsSchema } from './limits-schema.ts';
import { blockStatus, enforcement, routesSchema, strictnessSchema } from './routes-schema.ts';
import { sessionsSchema } from './sessions-schema.ts';
import { storeSchema } from './store-schema.ts';
import { grpcAddress, opsAddress } from './values.ts';

/**
 * What the schema says of a key beside its type, in zod's `meta`; it reaches the JSON Schema under the same names.
 */
declare module 'zod' {
  interface GlobalMeta {
    /** Values as they are written in the file; zod leaves its own `examples` out where a value is transformed. */
    samples?: string[];
    /** A file: a relative path is relative to the configuration file, or to the working directory for a variable. */
    path?: boolean;
    /** A secret: never printed, and the variable `…_FILE` names a file that holds it. */
    secret?: boolean;
  }
}

const file = z.string().default('');

/** The dialects that exist: what a route can choose. */
const DIALECT_NAMES = dialectRows.filter((row) => row.dialect !== undefined).map((row) => row.name);

/**
 * The configuration: types, JSON Schema, environment variables and the table of the manual follow from it.
 * Everything has a default, so the empty document is a valid configuration.
 */
export const configurationSchema = z.strictObject({
  listen: z
    .strictObject({
      grpc: grpcAddress
        .prefault('127.0.0.1:50051')
        .describe('Where Envoy reaches the ext_proc service: host:port, or unix:/absolute/path of a socket.')
        .meta({ samples: ['0.0.0.0:50051', 'unix:/run/tiergate/ext_proc.sock'] }),
      grpc_mode: z
        .string({ error: 'must be a text in quotes, such as "0660": YAML reads 0660 as the number 660' })
        .regex(/^0?[0-7]{3}$/, 'must be three octal digits, such as "0660"')
        .default('0660')
        .describe('Permissions of the Unix socket.')
        .meta({ samples: ['0660'] }),
      ops: opsAddress
        .prefault('127.0.0.1:9090')
        .describe('Where /healthz, /readyz and /metrics answer; "off" closes it. No data of requests.')
        .meta({ samples: ['0.0.0.0:9090', 'off'] }),
    })
    .prefault({}),
  tls: z
    .strictObject({
      grpc: z
        .strictObject({
          cert: file
            .describe('Certificate chain (PEM) of the ext_proc service. Empty: no TLS.')
            .meta({ path: true, samples: ['/etc/tiergate/tls.crt'] }),
          key: file
            .describe('Private key (PEM) of the certificate.')
            .meta({ path: true, samples: ['/etc/tiergate/tls.key'] }),
          key_passphrase: z
            .string()
            .default('')
            .describe('Passphrase of an encrypted private key.')
            .meta({ secret: true }),
          client_ca: file
            .describe('Certificates (PEM) that sign client certificates. Set: Envoy must show one.')
            .meta({ path: true, samples: ['/etc/tiergate/ca.crt'] }),
        })
        .refine((tls) => (tls.cert === '') === (tls.key === ''), {
          error: 'needs cert and key together',
        })
        .refine((tls) => tls.client_ca === '' || tls.cert !== '', {
          error: 'has client_ca without cert: client certificates need TLS',
        })
        .prefault({}),
    })
    .prefault({}),
  store: storeSchema
    .default('memory')
    .describe(
      'Where policy and state live. memory: the policy in policy.file, the rest in the process. A Redis URL: shared by all ' +
        'replicas. An object holds what does not belong into a URL.',
    )
    .meta({
      secret: true,
      samples: ['memory', 'redis://redis:6379/0', 'redis+sentinel://a:26379,b:26379/main'],
    }),
  policy: z
    .strictObject({
      file: z
        .string()
        .default('policy.json')
        .describe(
          'The policy: watched, in force as soon as it changes, and written by a save. Empty: the built-in policy, ' +
            'and saves last as long as the process.',
        )
        .meta({ path: true, samples: ['policy.json'] }),
      cache: file
        .describe(
          'File for the last good policy, used where policy.file cannot be read at a start. Empty: none.',
        )
        .meta({ path: true, samples: ['/var/lib/tiergate/policy-cache.json'] }),
      on_unavailable: z
        .enum(['closed', 'open', 'default'])
        .default('closed')
        .describe(
          'Where no policy can be read at a start, and no cache: closed (503 on governed paths), open (the built-in ' +
            'policy is reported, nothing is changed) or default (the built-in policy).',
        ),
      enforcement: enforcement
        .default('enforce')
        .describe(
          'report: every verdict is recorded and nothing is changed. For the first week and for emergencies.',
        ),
    })
    .prefault({}),
  strictness: strictnessSchema
    .default('compatible')
    .describe(
      'How odd input is read: compatible (most of it passes) or strict (it is refused); or an object with single lines.',
    ),
  http: z
    .strictObject({
      block_status: blockStatus.default(403).describe('HTTP status of a request that the policy blocks.'),
      unknown_paths: z
        .enum(['pass', 'block'])
        .default('pass')
        .describe('Requests whose path has no dialect: pass unjudged, or block with 403.'),
    })
    .prefault({}),
  websocket: z
    .strictObject({
      revision: z
        .enum(['snapshot', 'live'])
        .default('snapshot')
        .describe(
          'Which policy judges a turn: snapshot (the one in force when the socket was opened) or live (the one in force now).',
        ),
      on_block: z
        .enum(['close', 'reject_turn'])
        .default('close')
        .describe(
          'What follows the error event of a refused message: close (1008), or reject_turn (the socket and its other turns go on).',
        ),
      block_status: blockStatus
        .default(400)
        .describe('The status in the error event of a block. Codex takes 403 as "try again", 400 as final.'),
    })
    .prefault({}),
  routes: routesSchema(DIALECT_NAMES)
    .prefault([])
    .describe('Settings for some of the requests; the first that fits.'),
  scopes: z
    .array(
      z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'must be lower-case letters, digits, "_", "." and "-"'),
    )
    .max(1_000)
    .default([])
    .describe('Names of scopes beside oauth, apikey and bedrock.'),
  identity: identitySchema.prefault({}),
  decisions: decisionsSchema.prefault({}),
  sessions: sessionsSchema.prefault({}),
  limits: limitsSchema.prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(LOG_LEVELS)
        .default('info')
        .describe('Least level of a line in the log. Decisions are written at info.'),
    })
    .prefault({}),
  observe_served_tier: z
    .boolean()
    .default(false)
    .describe(
      "Read the provider's answers, and never change them, for the tier that was really served. Needs " +
        'response_header_mode SEND and response_body_mode STREAMED or FULL_DUPLEX_STREAMED in Envoy; the decision is then recorded when the answer ends.',
    ),
});

/** The settings, every default filled in, sizes in bytes, times in milliseconds. */
export type Settings = z.output<typeof configurationSchema>;
