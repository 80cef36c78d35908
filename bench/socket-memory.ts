import { setTimeout as delay } from 'node:timers/promises';
import { residentBytes } from './support/process-usage.ts';
import { type BenchServer, startBare, startTiergate } from './support/servers.ts';
import { type SocketStream, SocketStreams, turnMessage } from './support/socket-streams.ts';
import type { BenchTable } from './support/table.ts';

const MEBIBYTE = 1024 * 1024;
const SOCKETS = 5_000;
/** Opened and closed before anything is measured, so that code and pools are there. */
const WARM_UP = 1_000;
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
async function settled(servers: readonly BenchServer[]): Promise<number[]> {
  await delay(SETTLE_MILLISECONDS);
  return servers.map(({ pid }) => residentBytes(pid));
}

/** Resident memory of 5,000 open, idle sockets, three times in a row, beside that of the bare server. */
export async function runSocketMemory(): Promise<BenchTable> {
  const servers = [await startBare(), await startTiergate()];
  try {
    const openAll = (count: number) => Promise.all(servers.map(({ port }) => openMany(port, count)));
    for (const close of await openAll(WARM_UP)) await close();
    const idle = await settled(servers);
    const columns: { readonly open: number[]; readonly closed: number[] }[] = [];
    for (let time = 0; time < 3; time += 1) {
      const closes = await openAll(SOCKETS);
      const open = await settled(servers);
      for (const close of closes) await close();
      columns.push({ open, closed: await settled(servers) });
    }
    const rows = servers.map(({ name }, index) => {
      const before = idle[index] ?? 0;
      const mebibytes = (bytes: number[]) => ((bytes[index] ?? 0) / MEBIBYTE).toFixed(0);
      const each = (bytes: number[]) => (((bytes[index] ?? 0) - before) / SOCKETS / 1000).toFixed(1);
      return [
        name,
        mebibytes(idle),
        ...columns.flatMap(({ open, closed }) => [`${mebibytes(open)} (${each(open)})`, mebibytes(closed)]),
      ];
    });
    return {
      title: `Resident memory of ${SOCKETS} open sockets`,
      note: `One turn on each, then idle; MiB of the process after ${SETTLE_MILLISECONDS / 1000} s of rest, in parentheses kB a socket over the process before.`,
      columns: ['server', 'before', 'open', 'closed', 'open again', 'closed', 'open again', 'closed'],
      rows,
    };
  } finally {
    for (const server of servers) await server.stop();
  }
}
