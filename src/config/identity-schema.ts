import { z } from 'zod';

const map = z
  .record(z.string(), z.string().min(1))
  .optional()
  .describe(
    'Translates the value that was found; a value that is not listed is ignored. Left out: taken as it is.',
  );

const name = z.string().min(1);
const lowerCase = name.transform((text) => text.toLowerCase());

const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z
      .literal('metadata')
      .describe(
        'gRPC initial metadata that the ext_proc filter of the Envoy route sets. A client cannot forge it.',
      ),
    key: lowerCase.describe('Name of the metadata, for example x-tiergate-scope.'),
    map,
  }),
  z.strictObject({
    kind: z.literal('attribute').describe("An attribute of Envoy's request_attributes."),
    expression: name.describe(
      'The expression as it stands in request_attributes, for example xds.route_name.',
    ),
    map,
  }),
  z.strictObject({
    kind: z.literal('dynamic_metadata').describe('Dynamic metadata that Envoy forwards to the filter.'),
    namespace: name.describe('For example envoy.filters.http.jwt_authn.'),
    key: name.describe('The member of the namespace.'),
    map,
  }),
  z.strictObject({
    kind: z
      .literal('header')
      .describe('A request header that Envoy sets and takes away from clients. Unsafe where it does not.'),
    name: lowerCase.describe('Name of the header.'),
    map,
  }),
  z.strictObject({
    kind: z
      .literal('credential_shape')
      .describe(
        'The shape of the credential: sk-… is apikey, sk-ant-oat… or a JWT of ChatGPT is oauth, SigV4 is bedrock.',
      ),
    map,
  }),
]);

/** `identity`: where scope and user of a request come from. Never from the body. */
export const identitySchema = z.strictObject({
  scope: z
    .strictObject({
      sources: z
        .array(source)
        .max(16)
        .prefault([{ kind: 'metadata', key: 'x-tiergate-scope' }])
        .describe('Asked in this order; the first that has a value decides.'),
      default: z
        .string()
        .default('')
        .describe('The scope of a request for which no source has a value. Empty: the scope cannot be told.'),
    })
    .prefault({}),
  user: z
    .strictObject({
      sources: z
        .array(source)
        .max(16)
        .prefault([{ kind: 'metadata', key: 'x-tiergate-user' }])
        .describe('Asked in this order; the first that has a value decides.'),
    })
    .prefault({}),
});
