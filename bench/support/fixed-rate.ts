/** Something that sends one thing at a time and resolves when it was answered. */
export interface Sender {
  send(): Promise<void>;
}

/**
 * Sends at a fixed rate, evenly spaced, whatever the answers do, and measures each from the time at which it was to go
 * out, a wait for a free sender included: a stalled server cannot hide its queue.
 *
 * @returns latencies in milliseconds, sorted
 */
export async function fixedRate(
  senders: readonly Sender[],
  rate: number,
  seconds: number,
): Promise<number[]> {
  const idle = [...senders];
  const total = Math.round(rate * seconds);
  const latencies: number[] = [];
  const waiting: number[] = [];
  const pending = new Set<Promise<void>>();
  const started = performance.now() + 20;
  const run = async (sender: Sender, due: number): Promise<void> => {
    await sender.send();
    latencies.push(performance.now() - due);
    const next = waiting.shift();
    if (next === undefined) idle.push(sender);
    else await run(sender, next);
  };
  const start = (due: number) => {
    const sender = idle.shift();
    if (sender === undefined) {
      waiting.push(due);
      return;
    }
    const task: Promise<void> = run(sender, due).finally(() => pending.delete(task));
    pending.add(task);
  };
  for (let sent = 0; sent < total; ) {
    const now = performance.now();
    while (sent < total && started + (sent * 1000) / rate <= now) {
      start(now);
      sent += 1;
    }
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, started + (sent * 1000) / rate - performance.now())),
    );
  }
  await Promise.all(pending);
  return latencies.sort((a, b) => a - b);
}
