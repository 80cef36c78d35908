import type { PolicyDocument } from './schema.ts';

/**
 * The policy where nothing is stored: the dear tiers are taken away from every request. There is no model list, as
 * the tier of a request does not hang on its model and a list would leave a hole.
 */
export const DEFAULT_POLICY: PolicyDocument = Object.freeze({
  rules: Object.freeze([
    Object.freeze({ service_tier: 'priority', action: 'filter', scope: 'all' } as const),
    Object.freeze({ service_tier: 'ultrafast', action: 'filter', scope: 'all' } as const),
  ]),
});
