import { z } from 'zod';
import { configurationSchema } from './schema.ts';

/** One node of a JSON Schema, as far as the configuration's schema uses it. */
export interface JsonSchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly oneOf?: readonly JsonSchemaNode[];
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly items?: JsonSchemaNode;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchemaNode | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly path?: boolean;
  readonly secret?: boolean;
}

/** JSON Schema (draft 2020-12) of what stands in a file that `schema` reads. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchemaNode {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // zod writes the limits of a safe integer, and the empty object that lets defaults of members fill in.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (JSON.stringify(jsonSchema.default) === '{}') delete jsonSchema.default;
      const { samples } = jsonSchema;
      delete jsonSchema['samples'];
      if (Array.isArray(samples)) jsonSchema.examples = samples;
    },
  }) as JsonSchemaNode;
}

/** The text of `docs/tiergate.schema.json`: what editors check a `tiergate.yaml` with. */
export function configurationJsonSchema(): string {
  const { $schema, ...schema } = jsonSchemaOf(configurationSchema) as JsonSchemaNode & { $schema?: string };
  return `${JSON.stringify({ $schema, title: 'Configuration of Tiergate', ...schema }, undefined, 2)}\n`;
}
