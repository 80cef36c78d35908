import type { Judgement } from './judgement.ts';
import type { PolicyView, RouteSettings } from './settings.ts';

/** Whether verdicts over a request are carried out; else they are recorded and its bytes go on as they came. */
export function isEnforced(request: {
  readonly route: RouteSettings;
  readonly policy: PolicyView | undefined;
}): boolean {
  return request.route.enforcement === 'enforce' && request.policy?.enforcement !== 'report';
}

/** Whether a body or message may not go upstream, where its verdict is carried out. */
export function isStopped({ action }: Pick<Judgement, 'action'>): boolean {
  return action === 'block' || action === 'refuse';
}
