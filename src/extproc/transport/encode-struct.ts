import type { BackwardWriter } from './backward-writer.ts';

/** Key bytes: (field number << 3) | wire type. */
const key = {
  /** `Struct.fields`, and the key of its entries. */
  first: 0x0a,
  entryValue: 0x12,
  numberValue: 0x11,
  stringValue: 0x1a,
  boolValue: 0x20,
  structValue: 0x2a,
} as const;

/**
 * Writes the fields of a `google.protobuf.Struct` straight from an object, without the messages that the generated code
 * makes of each value.
 *
 * @throws Error for a value that is no text, number, boolean or object of these
 */
export function writeStruct(writer: BackwardWriter, fields: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(fields);
  for (let index = names.length - 1; index >= 0; index--) {
    const name = names[index] ?? '';
    const entry = writer.length;
    writeValue(writer, fields[name]);
    writer.close(key.entryValue, entry);
    const start = writer.length;
    writer.text(name);
    writer.close(key.first, start);
    writer.close(key.first, entry);
  }
}

function writeValue(writer: BackwardWriter, value: unknown): void {
  const start = writer.length;
  switch (typeof value) {
    case 'string':
      writer.text(value);
      writer.close(key.stringValue, start);
      return;
    case 'number':
      writer.double(value);
      writer.byte(key.numberValue);
      return;
    case 'boolean':
      writer.byte(value ? 1 : 0);
      writer.byte(key.boolValue);
      return;
    case 'object':
      if (value !== null && !Array.isArray(value)) {
        writeStruct(writer, value as Readonly<Record<string, unknown>>);
        writer.close(key.structValue, start);
        return;
      }
  }
  throw new Error(`dynamic metadata with a ${typeof value}`);
}
