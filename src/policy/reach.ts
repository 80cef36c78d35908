import { type RuleSubject, scopesOf, subjectsOf } from './compile.ts';
import type { PolicyDocument, PolicyRule } from './schema.ts';
import { TIERS } from './tiers.ts';

/** Every subject; its place here is the row of a cell. */
const SUBJECTS: readonly RuleSubject[] = [...TIERS, 'missing', 'unknown', 'invalid'];
/** Stands for a rule without a user list; no user id is empty. */
const EVERYONE = '';

/** What of an enabled rule can still be reached behind the rules before it. */
export interface Reach {
  /** The subjects for which the rule can decide, for some scope and user. */
  readonly subjects: ReadonlySet<RuleSubject>;
  /** Indices of rules that take its requests away, ascending; filled in only where no subject is left. */
  readonly takenBy: readonly number[];
}

/** Cells as the bits of one number: each subject times each scope that the policy names, and one more for all others. */
type Cells = bigint;

/** Which cells a rule is for, by subject. */
type RuleCells = ReadonlyMap<RuleSubject, Cells>;

interface Placed {
  readonly index: number;
  readonly cells: Cells;
  readonly users: ReadonlySet<string>;
}

/** Reads rules as cells; a policy has as many columns as it names scopes, and one for those that it does not name. */
function cellReader(document: PolicyDocument): (rule: PolicyRule) => RuleCells {
  const named = [...new Set(document.rules.flatMap((rule) => scopesOf(rule) ?? []))];
  const columnOf = new Map(named.map((scope, column) => [scope, 1n << BigInt(column)]));
  const width = BigInt(named.length + 1);
  const everyScope = (1n << width) - 1n;
  return (rule) => {
    const scopes = scopesOf(rule);
    const columns = scopes?.reduce((all, scope) => all | (columnOf.get(scope) ?? 0n), 0n) ?? everyScope;
    return new Map(
      subjectsOf(rule).map((subject) => [subject, columns << (BigInt(SUBJECTS.indexOf(subject)) * width)]),
    );
  };
}

function usersOf(rule: PolicyRule): ReadonlySet<string> {
  return new Set(rule.user_ids?.map(String) ?? [EVERYONE]);
}

/** The rules that take the cells of one user away, first come first served. */
function takers(placed: readonly Placed[], wanted: Cells, user: string): number[] {
  const indices: number[] = [];
  let left = wanted;
  for (const { index, cells, users } of placed) {
    if ((left & cells) === 0n || !users.has(user)) continue;
    indices.push(index);
    left &= ~cells;
  }
  return indices;
}

/**
 * The reach of every rule; undefined for a disabled one. The first rule whose scope and tier fit ends the search,
 * whatever its models; rules for users and rules for everyone are two searches, so only rules of the same search
 * take requests from one another. Rules in report mode take none. Time and memory grow with the sum of the lists,
 * never with a product of them.
 */
export function reachOf(document: PolicyDocument): readonly (Reach | undefined)[] {
  const cellsOf = cellReader(document);
  const taken = new Map<string, Cells>();
  const placed: Placed[] = [];
  return document.rules.map((rule, index) => {
    if (rule.enabled === false) return undefined;
    const bySubject = cellsOf(rule);
    const users = usersOf(rule);
    const cells = [...bySubject.values()].reduce((all, some) => all | some, 0n);
    let open = 0n;
    for (const user of users) {
      const before = taken.get(user) ?? 0n;
      open |= cells & ~before;
      if (rule.mode !== 'report') taken.set(user, before | cells);
    }
    const subjects = new Set(
      [...bySubject].flatMap(([subject, some]) => ((some & open) === 0n ? [] : [subject])),
    );
    const [first = EVERYONE] = users;
    const takenBy = subjects.size === 0 ? takers(placed, cells, first) : [];
    if (rule.mode !== 'report') placed.push({ index, cells, users });
    return { subjects, takenBy };
  });
}
