/** The value of one of Tiergate's metrics, all labels together; 0 where it has none yet. @param ops base URL */
export async function readMetric(ops: string, name: string): Promise<number> {
  const text = await (await fetch(`${ops}/metrics`)).text();
  let sum = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      sum += Number(line.slice(line.lastIndexOf(' ')));
  }
  return sum;
}
