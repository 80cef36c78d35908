import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/**
 * A decision as a line of the log has it; the manual of decisions names all members. Named here are those that tests
 * ask for most.
 */
export interface LoggedDecision {
  readonly transport: 'http' | 'websocket';
  /** `pass`, `filter`, `block`, `force`, `refuse`. */
  readonly action: string;
  /** False where the policy only reports. */
  readonly enforced: boolean;
  /** The name of the rule; absent where none decided. */
  readonly rule?: string;
  /** Why a request was blocked or refused, for example `policy_violation`. */
  readonly code?: string;
  readonly model_asked: string;
  readonly tier_asked?: string;
  readonly tier_sent?: string;
  readonly [member: string]: unknown;
}

/** Reads the log of a Tiergate as it is written and keeps its decisions. */
export class DecisionLog {
  readonly #decisions: LoggedDecision[] = [];
  readonly #listeners = new Set<() => void>();

  /** All decisions so far, oldest first. */
  get decisions(): readonly LoggedDecision[] {
    return [...this.#decisions];
  }

  /** Follows a log to its end; lines that are no decisions are passed over. */
  follow(log: Readable): void {
    createInterface({ input: log, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      const decision = decisionOf(line);
      if (decision === undefined) return;
      this.#decisions.push(decision);
      for (const listener of this.#listeners) listener();
    });
  }

  /** Forgets everything, for a log that begins again. */
  clear(): void {
    this.#decisions.length = 0;
  }

  /**
   * The first decision that fits; waits for it where it is not there yet.
   *
   * @throws Error where the time is over, with the decisions that did not fit
   */
  find(fits: (decision: LoggedDecision) => boolean, milliseconds: number): Promise<LoggedDecision> {
    return new Promise((resolve, reject) => {
      const look = (): boolean => {
        const found = this.#decisions.find(fits);
        if (found === undefined) return false;
        this.#listeners.delete(look);
        clearTimeout(timer);
        resolve(found);
        return true;
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        const others = this.#decisions.map((decision) => JSON.stringify(decision)).join('\n');
        reject(new Error(`no decision that fits within ${milliseconds} ms; there are:\n${others || 'none'}`));
      }, milliseconds);
      if (!look()) this.#listeners.add(look);
    });
  }
}

/** The decision in a line of the log: JSON with the member `decision`. */
function decisionOf(line: string): LoggedDecision | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return (JSON.parse(line) as { readonly decision?: LoggedDecision }).decision;
  } catch {
    // Lines of the other output stream can stand in between; they are for people.
    return undefined;
  }
}
