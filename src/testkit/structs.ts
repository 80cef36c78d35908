import type { Struct, Value } from './messages.ts';

/** A scalar as a `google.protobuf.Value`. */
function toValue(value: string | number | boolean): Value {
  if (typeof value === 'string') return { stringValue: value };
  return typeof value === 'number' ? { numberValue: value } : { boolValue: value };
}

/** A flat object as a `google.protobuf.Struct`. */
export function toStruct(object: Readonly<Record<string, string | number | boolean>>): Struct {
  return { fields: Object.fromEntries(Object.entries(object).map(([key, value]) => [key, toValue(value)])) };
}

/** The plain JavaScript value of a `google.protobuf.Value`. */
function fromValue(value: Value): unknown {
  if (value.structValue !== undefined) return fromStruct(value.structValue);
  if (value.listValue !== undefined) return (value.listValue.values ?? []).map(fromValue);
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null;
}

/** The plain object of a `google.protobuf.Struct`. */
export function fromStruct(struct: Struct): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(struct.fields ?? {}).map(([key, value]) => [key, fromValue(value)]),
  );
}
