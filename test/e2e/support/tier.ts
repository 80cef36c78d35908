/** How much the end-to-end tests try: `TEST_TIER=full`, which CI and `npm run test:full` set, or the short tier of `npm test`. */
export type TestTier = 'short' | 'full';

/** @throws Error for another word */
export function testTier(): TestTier {
  const word = process.env['TEST_TIER'] ?? 'short';
  if (word !== 'short' && word !== 'full') throw new Error('TEST_TIER must be "short" or "full"');
  return word;
}
