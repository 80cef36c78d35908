import { z } from 'zod';
import type { OpenSession, SessionRecord } from '../session-store.ts';

/** A socket as its hash holds it: short names, since there can be tens of thousands. */
export function encodeSession(session: OpenSession): string {
  return JSON.stringify({
    route: session.route,
    dialect: session.dialect,
    request: session.requestId,
    scope: session.scope,
    user: session.user,
    model: session.model,
    turns: session.turns,
    opened: session.openedAt,
    changed: session.changedAt,
  });
}

const text = z.string().max(4_096);
const count = z.int().min(0);

/** Unknown members are left out: a newer Tiergate may write more. */
const recordSchema = z.object({
  route: text,
  dialect: text,
  request: text.optional(),
  scope: text.optional(),
  user: text.optional(),
  model: text.optional(),
  turns: count,
  opened: count,
  changed: count,
});

/** Reads a socket of another process; undefined where it is not of its form. */
export function decodeSession(node: string, id: string, value: string): SessionRecord | undefined {
  const parsed = recordSchema.safeParse(parse(value));
  if (!parsed.success) return undefined;
  const { route, dialect, request, scope, user, model, turns, opened, changed } = parsed.data;
  const times = { openedAt: opened, changedAt: changed };
  return { id, node, requestId: request, route, dialect, scope, user, model, turns, ...times };
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
