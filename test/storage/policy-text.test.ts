import { describe, expect, it } from 'vitest';
import { formatFault } from '../../src/storage/faults.ts';
import { readPolicyText } from '../../src/storage/policy-text.ts';
import { pathSegments } from '../../src/storage/yaml-places.ts';

describe('readPolicyText', () => {
  it('names each fault with its file, line, column, path and remedy', () => {
    const text =
      '{\n  "rules": [\n    { "service_tier": "priority",\n      "acton": "block", "scope": "all" }\n  ]\n}\n';
    const reading = readPolicyText(text, 'policy.json', []);
    expect(reading.ok ? [] : reading.faults.map(formatFault)).toEqual([
      expect.stringMatching(/^policy\.json:3:5 rules\[0\]\.action: is required — Use one of pass/),
      'policy.json:4:7 rules[0].acton: is not a known member — Did you mean action?',
    ]);
  });

  it('points at entries of lists and at names that are no plain words', () => {
    const text =
      'rules:\n  - action: block\n    scope: all\n    model_whitelist: ["gpt", ""]\n"odd key": 1\n';
    const reading = readPolicyText(text, 'p', []);
    const places = reading.ok ? [] : reading.faults.map(({ path, line, column }) => [path, line, column]);
    expect(places).toContainEqual(['rules[0].model_whitelist[1]', 4, 30]);
    expect(places).toContainEqual(['["odd key"]', 5, 1]);
  });

  it('takes the scopes of the configuration', () => {
    const text = '{"rules":[{"action":"block","scope":"team-a"}]}';
    expect(readPolicyText(text, 'p', []).ok).toBe(false);
    expect(readPolicyText(text, 'p', ['team-a']).ok).toBe(true);
  });
});

describe('pathSegments', () => {
  it.each([
    ['', []],
    ['rules[2].action', ['rules', 2, 'action']],
    ['a["b.c"][0]["d\\"e"]', ['a', 'b.c', 0, 'd"e']],
  ])('%s', (path, segments) => {
    expect(pathSegments(path)).toEqual(segments);
  });
});
