import type { Dialect } from '../dialects/types.ts';
import type { Opening } from './events.ts';
import type { Identity } from './identity.ts';
import type { RequestHead } from './request-head.ts';
import type { PolicyView, RouteSettings } from './settings.ts';

/** One governed request: everything that its verdict, its refusal and its decision are made from. */
export interface Subject {
  readonly opening: Opening;
  /** Monotonic time of the first message, milliseconds. */
  readonly startedAt: number;
  readonly head: RequestHead;
  readonly route: RouteSettings;
  /** Undefined for a refused path that has none. */
  readonly dialect: Dialect | undefined;
  /** The dialect's name; that of the missing one on an unsupported path; empty where no dialect is known. */
  readonly dialectName: string;
  /** Undefined where no policy can be had. */
  readonly policy: PolicyView | undefined;
  readonly identity: Identity;
}

/** A subject that can be judged. */
export interface GovernedSubject extends Subject {
  readonly dialect: Dialect;
  readonly policy: PolicyView;
}
