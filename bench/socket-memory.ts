import { setTimeout as delay } from 'node:timers/promises';
import { residentBytes } from './support/process-usage.ts';
import { type BenchServer, startBare, startTiergate } from './support/servers.ts';
import { type SocketStream, SocketStreams, turnMessage } from './support/socket-streams.ts';
import type { BenchTable } from './support/table.ts';

const MEBIBYTE = 1024 * 1024;
const SOCKETS = 5_000;
/** Opened and closed before anything is measured, so that code and pools are there. */
const WARM_UP = 1_000;
const TIMES = 3;
const AT_ONCE = 50;
const TURN_BYTES = 300;
/** The engine gives memory back some seconds after the last work. */
const SETTLE_MILLISECONDS = 15_000;

const TURN = turnMessage(TURN_BYTES, 'flex');

/** Opens sockets with one turn each. @returns what closes them, connections included */
async function openMany(port: number, count: number): Promise<() => Promise<void>> {
  const streams = new SocketStreams(port);
  const open: SocketStream[] = [];
  const worker = async () => {
    while (open.length < count) {
      const opening = streams.open();
      open.push(await opening);
      await (await opening).send(TURN);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return async () => {
    await Promise.all(open.map((socket) => socket.close()));
    streams.close();
  };
}

/** Resident bytes of each server once it has come to rest. */
async function settled(servers: readonly BenchServer[]): Promise<readonly number[]> {
  await delay(SETTLE_MILLISECONDS);
  return servers.map(({ pid }) => residentBytes(pid));
}

/**
 * Resident memory of 5,000 open, idle sockets, three times in a row, then of 5,000 more on top, beside that of the bare
 * server. The engine enlarges its young generation when many objects outlive it, and keeps it so: the first sockets
 * pay for that, the ones on top do not.
 */
export async function runSocketMemory(): Promise<BenchTable> {
  const servers = [await startBare(), await startTiergate()];
  try {
    const openAll = (count: number) => Promise.all(servers.map(({ port }) => openMany(port, count)));
    for (const close of await openAll(WARM_UP)) await close();
    const before = await settled(servers);
    const opened: (readonly number[])[] = [];
    const closed: (readonly number[])[] = [];
    for (let time = 0; time < TIMES; time += 1) {
      const closes = await openAll(SOCKETS);
      opened.push(await settled(servers));
      const more = time === TIMES - 1 ? await openAll(SOCKETS) : [];
      if (more.length > 0) opened.push(await settled(servers));
      for (const close of [...closes, ...more]) await close();
      closed.push(await settled(servers));
    }
    return tableOf(servers, before, opened, closed);
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** @param opened resident bytes of each server: with the sockets open, each time, and with twice as many */
function tableOf(
  servers: readonly BenchServer[],
  before: readonly number[],
  opened: readonly (readonly number[])[],
  closed: readonly (readonly number[])[],
): BenchTable {
  const rows = servers.map(({ name }, index) => {
    const of = (figures: readonly number[] | undefined) => figures?.[index] ?? 0;
    const each = (bytes: number) =>
      `${mebibytes(bytes)} (${((bytes - of(before)) / SOCKETS / 1000).toFixed(1)})`;
    const [last = 0, twice = 0] = opened.slice(-2).map(of);
    return [
      name,
      mebibytes(of(before)),
      ...opened.flatMap((figures, time) =>
        time < TIMES ? [each(of(figures)), ...(time < TIMES - 1 ? [mebibytes(of(closed[time]))] : [])] : [],
      ),
      `${mebibytes(twice)} (${((twice - last) / SOCKETS / 1000).toFixed(1)})`,
      mebibytes(of(closed.at(-1))),
    ];
  });
  return {
    title: `Resident memory of ${SOCKETS} open sockets`,
    note: `One turn on each, then idle; MiB of the process after ${SETTLE_MILLISECONDS / 1000} s of rest; in parentheses kB a socket over the process before, with twice as many over the process with half of them.`,
    columns: ['server', 'before', 'open', 'closed', 'again', 'closed', 'again', 'twice as many', 'closed'],
    rows,
  };
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(0);
}
