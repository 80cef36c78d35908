import type { Dialect } from '../../dialects/types.ts';
import type { Subject } from '../http/subject.ts';
import type { PolicyView } from '../settings.ts';

/** A socket whose turns can be judged. */
export interface GovernedSubject extends Subject {
  readonly dialect: Dialect;
  readonly policy: PolicyView;
}
