import type { JsonSchemaNode } from './json-schema.ts';

/** One scalar key of the configuration that stands outside lists and maps. */
export interface ScalarKey {
  readonly path: readonly string[];
  /** Its environment variable: `TIERGATE_HTTP_BLOCK_STATUS` for `http.block_status`. */
  readonly variable: string;
  readonly node: JsonSchemaNode;
}

/** The alternatives of a node: those of `anyOf`, else itself. */
export function alternatives(node: JsonSchemaNode): readonly JsonSchemaNode[] {
  return node.anyOf ?? [node];
}

function isScalar(node: JsonSchemaNode): boolean {
  return (
    node.type === 'string' || node.type === 'integer' || node.type === 'number' || node.type === 'boolean'
  );
}

/** The environment variable of a path. */
function variableOf(path: readonly string[]): string {
  return `TIERGATE_${path.join('_').toUpperCase()}`;
}

/**
 * Every scalar key below `node`, in the order of the schema. A key that takes a scalar or an object (`strictness`)
 * is listed as itself and with its members.
 */
export function scalarKeys(node: JsonSchemaNode, path: readonly string[] = []): readonly ScalarKey[] {
  const keys: ScalarKey[] = [];
  if (path.length > 0 && alternatives(node).some(isScalar))
    keys.push({ path, variable: variableOf(path), node });
  for (const alternative of alternatives(node)) {
    for (const [name, member] of Object.entries(alternative.properties ?? {})) {
      keys.push(...scalarKeys(member, [...path, name]));
    }
  }
  return keys;
}

/**
 * The schema node that stands at `path` of a document; numbers are places in lists. Undefined where the schema has
 * none.
 */
export function nodeAt(root: JsonSchemaNode, path: readonly PropertyKey[]): JsonSchemaNode | undefined {
  let nodes: readonly JsonSchemaNode[] = [root];
  for (const segment of path) {
    nodes = nodes
      .flatMap((node) => [...alternatives(node), ...(node.oneOf ?? [])])
      .map((node) => {
        if (typeof segment === 'number') return node.items;
        const member = node.properties?.[String(segment)];
        return (
          member ?? (typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined)
        );
      })
      .filter((node) => node !== undefined);
  }
  return nodes[0];
}

/** The names that may stand in the object at `path`. */
export function knownNames(root: JsonSchemaNode, path: readonly PropertyKey[]): readonly string[] {
  const node = nodeAt(root, path);
  if (node === undefined) return [];
  const objects = [...alternatives(node), ...(node.oneOf ?? [])];
  return [...new Set(objects.flatMap((object) => Object.keys(object.properties ?? {})))];
}
