import { z } from 'zod';
import { TIERS } from '../policy/tiers.ts';
import type { Tier } from '../policy/types.ts';
import { normalizeWord } from '../policy/words.ts';

const [firstTier, ...otherTiers] = TIERS as [Tier, ...Tier[]];

/** `block_status`: what a client gets that the policy blocks. */
export const blockStatus = z.int().min(400).max(499);

/** `enforcement`. */
export const enforcement = z.enum(['enforce', 'report']);

const preset = z.enum(['compatible', 'strict']);

const lines = z.strictObject({
  preset: preset.optional().describe('What the lines below start from. Left out: compatible.'),
  unknown_tier: z
    .enum(['pass', 'refuse'])
    .optional()
    .describe('A tier word that is not known, unless a rule for "unknown" decides.'),
  invalid_tier: z
    .enum(['pass', 'refuse'])
    .optional()
    .describe('A tier that is neither a text nor null, unless a rule for "invalid" decides.'),
  null_tier: z
    .enum(['absent', 'missing'])
    .optional()
    .describe('A tier that is null: as if it were absent, or also matched by a rule for "missing".'),
  missing_type: z
    .enum(['pass', 'refuse'])
    .optional()
    .describe('A message of a WebSocket whose type is absent, blank or not a text.'),
  missing_model: z
    .enum(['empty', 'stricter'])
    .optional()
    .describe(
      "A tier without a model: the empty model, or the stricter of the rule's action and its fallback.",
    ),
  untold_scope: z
    .enum(['all_only', 'every_scope'])
    .optional()
    .describe(
      'A scope that cannot be told: only rules for "all", or block and filter rules of every scope too.',
    ),
  turn_model: z
    .enum(['turn_only', 'capture'])
    .optional()
    .describe(
      'The model that a later turn of a WebSocket names: for that turn only, or captured for those behind it.',
    ),
});

/** `strictness`: a preset's name, or an object with a preset and the lines that differ from it. */
export const strictnessSchema = z.union([preset, lines], {
  error: 'must be "compatible", "strict" or an object with single lines',
});

const text = z.string().min(1);

const match = z
  .strictObject({
    suffix: text
      .regex(/^\//, 'must start with "/"')
      .optional()
      .describe('Whole segments at the end of the path, for example /responses.'),
    prefix: text
      .regex(/^\//, 'must start with "/"')
      .optional()
      .describe('Whole segments at the start of the path; / covers every path.'),
    authority: text
      .regex(/^(\*\.)?[^*/\s]+$/, 'must be a host name, or *. and a domain for its subdomains')
      .optional()
      .describe('Host that the client asks, without port; *.example.com covers every subdomain.'),
    envoy_route: text
      .optional()
      .describe('Name of the Envoy route: attribute xds.route_name, or gRPC metadata x-tiergate-route.'),
  })
  .refine((parts) => Object.keys(parts).length > 0, {
    error:
      'is empty: name at least one of suffix, prefix, authority, envoy_route (prefix: / covers every path)',
  });

/** Words and tiers of one list: the words as they are looked up, trimmed and in lower case. */
const words = z
  .record(text, z.enum([firstTier, ...otherTiers]))
  .transform((given) =>
    Object.fromEntries(Object.entries(given).map(([word, tier]) => [normalizeWord(word), tier])),
  )
  .describe('Words for tiers beside those of the dialect: word → tier.');

const aliases = z
  .record(text.regex(/^[^*]*\*?$/, 'may have one * and only at its end'), text)
  .describe(
    'The model that is served for the model that the client names: exact names, or prefixes with a trailing *.',
  );

/**
 * `routes`: settings for some of the requests.
 *
 * @param dialects names of the dialects that exist
 */
export function routesSchema(dialects: readonly string[]) {
  const route = z.strictObject({
    name: text.max(100).describe('Stands in decisions and metrics; unique.'),
    match: match.describe('Which requests the route covers: every part that is given must fit.'),
    dialect: z
      .enum(['none', ...dialects])
      .optional()
      .describe(
        'The protocol of the requests; none: they pass unjudged. Left out: by the path, as the built-in table says.',
      ),
    filter: z
      .enum(['remove', 'default'])
      .optional()
      .describe("What filter does: remove the member, or set the dialect's standard word. Left out: remove."),
    block_status: blockStatus.optional().describe('In place of http.block_status.'),
    enforcement: enforcement.optional().describe('In place of policy.enforcement.'),
    strictness: strictnessSchema.optional().describe('In place of strictness.'),
    models: z
      .strictObject({
        aliases: aliases.optional(),
        normalize: z
          .enum(['none', 'codex'])
          .optional()
          .describe('codex: names are read as the ChatGPT backend of Codex reads them. Left out: none.'),
      })
      .optional()
      .describe('How the model that the client names becomes the one that rules are matched with.'),
    words: words.optional(),
  });
  return z.array(route).max(1_000);
}
