import type { Strictness } from './types.ts';

/** A preset's name, or `custom` where the settings are those of neither. */
export type StrictnessName = 'compatible' | 'strict' | 'custom';

/** The original's reading of odd input; the default. */
export const COMPATIBLE: Strictness = Object.freeze({
  unknown_tier: 'pass',
  invalid_tier: 'pass',
  null_tier: 'absent',
  missing_type: 'pass',
  missing_model: 'empty',
  untold_scope: 'all_only',
  turn_model: 'turn_only',
});

/** Odd input is refused, or read the stricter way. */
export const STRICT: Strictness = Object.freeze({
  unknown_tier: 'refuse',
  invalid_tier: 'refuse',
  null_tier: 'missing',
  missing_type: 'refuse',
  missing_model: 'stricter',
  untold_scope: 'every_scope',
  turn_model: 'capture',
});

/** A preset (`compatible` where left out) and the lines that differ from it. */
export type StrictnessChoice = { readonly preset?: 'compatible' | 'strict' | undefined } & {
  readonly [Line in keyof Strictness]?: Strictness[Line] | undefined;
};

/** Fills in the preset; the name tells which preset the result equals, however it was written. */
export function resolveStrictness(choice: StrictnessChoice): {
  readonly strictness: Strictness;
  readonly name: StrictnessName;
} {
  const base = choice.preset === 'strict' ? STRICT : COMPATIBLE;
  const strictness: Strictness = Object.freeze({
    unknown_tier: choice.unknown_tier ?? base.unknown_tier,
    invalid_tier: choice.invalid_tier ?? base.invalid_tier,
    null_tier: choice.null_tier ?? base.null_tier,
    missing_type: choice.missing_type ?? base.missing_type,
    missing_model: choice.missing_model ?? base.missing_model,
    untold_scope: choice.untold_scope ?? base.untold_scope,
    turn_model: choice.turn_model ?? base.turn_model,
  });
  const name = same(strictness, COMPATIBLE) ? 'compatible' : same(strictness, STRICT) ? 'strict' : 'custom';
  return { strictness, name };
}

function same(left: Strictness, right: Strictness): boolean {
  return (Object.keys(left) as (keyof Strictness)[]).every((line) => left[line] === right[line]);
}
