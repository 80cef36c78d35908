/**
 * Measures several things in rounds: one after the other, the order turned each round, so that whatever else the
 * machine does meets all of them.
 *
 * @returns the measures of each, in the order of its rounds
 */
export async function interleave<T, M>(
  things: readonly T[],
  rounds: number,
  measure: (thing: T) => Promise<M>,
): Promise<ReadonlyMap<T, readonly M[]>> {
  const measures = new Map(things.map((thing): [T, M[]] => [thing, []]));
  for (let round = 0; round < rounds; round += 1) {
    const turn = round % things.length;
    for (const thing of [...things.slice(turn), ...things.slice(0, turn)]) {
      measures.get(thing)?.push(await measure(thing));
    }
  }
  return measures;
}
