import { type JsonSchemaNode, jsonSchemaOf } from './json-schema.ts';
import { alternatives, scalarKeys } from './keys.ts';
import { configurationSchema } from './schema.ts';

/** One row of the manual's table of keys. */
interface Row {
  readonly key: string;
  readonly values: string;
  readonly fallback: string;
  readonly meaning: string;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: '`true`, `false`',
  object: 'object',
  array: 'list',
};

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function valuesOf(node: JsonSchemaNode): string {
  const words = alternatives(node).map((alternative) => {
    if (alternative.enum !== undefined) return alternative.enum.map(code).join(', ');
    if (alternative.const !== undefined) return code(alternative.const);
    const kind = KINDS[alternative.type ?? ''] ?? 'object';
    const { minimum, maximum } = alternative;
    if (maximum !== undefined) return `${kind}, ${minimum} to ${maximum}`;
    return minimum === undefined || minimum <= 1 ? kind : `${kind}, at least ${minimum}`;
  });
  const examples = node.examples === undefined ? '' : `, for example ${node.examples.map(code).join(', ')}`;
  return [...new Set(words)].join(' or ') + examples;
}

function fallbackOf(node: JsonSchemaNode, isRequired: boolean): string {
  if (isRequired) return 'required';
  if (node.default === undefined) return '';
  return node.default === '' ? 'empty' : code(node.default);
}

/** Writes the rows of a schema; what has the same members in a second place is described once. */
class Rows {
  readonly rows: Row[] = [];
  /** Where members were described first, by their schema. */
  readonly #described = new Map<string, string>();

  /** Adds everything below `node`; `[]` stands for an entry of a list. */
  add(node: JsonSchemaNode, path: string): void {
    for (const alternative of alternatives(node)) {
      for (const [name, member] of Object.entries(alternative.properties ?? {})) {
        this.#addMember(
          member,
          path === '' ? name : `${path}.${name}`,
          alternative.required?.includes(name) ?? false,
        );
      }
      if (alternative.items !== undefined) this.add(alternative.items, `${path}[]`);
      for (const variant of alternative.oneOf ?? []) {
        this.add(variant, `${path} (${String(variant.properties?.['kind']?.const)})`);
      }
    }
  }

  #addMember(node: JsonSchemaNode, key: string, isRequired: boolean): void {
    const members = alternatives(node).flatMap(({ properties, items }) => [properties ?? items ?? []].flat());
    const shape = members.length === 0 ? '' : JSON.stringify(members);
    const first = shape === '' ? undefined : this.#described.get(shape);
    if (node.description !== undefined) {
      const more = first === undefined ? '' : ` Members as in \`${first}\`.`;
      const meaning = `${node.description}${more}`;
      this.rows.push({ key, values: valuesOf(node), fallback: fallbackOf(node, isRequired), meaning });
    }
    if (first !== undefined) return;
    if (shape !== '') this.#described.set(shape, key);
    this.add(node, key);
  }
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The table of all keys, in Markdown: the generated part of `docs/configuration.md`. */
export function keyTable(): string {
  const schema = jsonSchemaOf(configurationSchema);
  const variables = new Map(scalarKeys(schema).map(({ path, variable }) => [path.join('.'), variable]));
  const table = new Rows();
  table.add(schema, '');
  const lines = table.rows.map(({ key, values, fallback, meaning }) => {
    const variable = variables.get(key);
    const cells = [`\`${key}\``, values, fallback, variable === undefined ? '' : `\`${variable}\``, meaning];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return ['| key | values | default | variable | meaning |', '|---|---|---|---|---|', ...lines, ''].join(
    '\n',
  );
}
