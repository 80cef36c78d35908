import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bodyChange } from '../../src/cli/explanation.ts';
import { testTerminal } from './terminal.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"fast","input":"hi"}';

function policyOf(...rules: Record<string, unknown>[]): unknown {
  return { rules: rules.map((rule) => ({ scope: 'all', ...rule })) };
}

describe('tiergate explain', () => {
  it('tells what becomes of a body and why, and writes the bytes that would go upstream', async () => {
    const terminal = testTerminal();
    terminal.write('body.json', BODY);
    expect(await terminal.run('explain', 'body.json', '--output', 'out.json')).toBe(0);
    expect(terminal.output).toBe(
      [
        'request   dialect openai-responses, route default, scope untold (none), user none',
        'policy    built in; enforcement enforce, strictness compatible',
        'decision  filter: rule "rule-1"',
        '          When a request asks for priority, the tier is taken away.',
        'claims    body:service_tier asks "fast" (priority) for model "gpt-5.5": filter by rule "rule-1", sent without a tier',
        'headers   + content-length: 32',
        'body      at byte 18',
        '          - ,"service_tier":"fast"',
        'result    54 bytes become 32',
        '',
      ].join('\n'),
    );
    expect(readFileSync(join(terminal.directory, 'out.json'), 'utf8')).toBe(
      '{"model":"gpt-5.5","input":"hi"}',
    );
  });

  it('reads standard input, and tells of a body that passes unchanged', async () => {
    const terminal = testTerminal();
    terminal.input = '{"model":"gpt-5.5","input":"hi"}';
    expect(await terminal.run('explain', '--output', 'out.json')).toBe(0);
    expect(terminal.output).toContain('decision  pass: no rule decides\nclaims    no tier is asked\n');
    expect(terminal.output).toContain('result    32 bytes, unchanged\n');
    expect(readFileSync(join(terminal.directory, 'out.json'), 'utf8')).toBe(terminal.input);
  });

  it('shows the answer that a blocked client gets', async () => {
    const terminal = testTerminal();
    terminal.input = BODY;
    terminal.write(
      'p.json',
      policyOf({ name: 'no fast', service_tier: 'priority', action: 'block', error_message: 'Not {tier}.' }),
    );
    expect(await terminal.run('explain', '--policy', 'p.json')).toBe(0);
    expect(terminal.output).toContain(
      'decision  block: rule "no fast"\n          When a request asks for priority, it is blocked.',
    );
    expect(terminal.output).toContain('block by rule "no fast", not sent\n');
    expect(terminal.output).toContain(
      'answer    HTTP 403, tiergate_policy_violation\n          {"error":{"message":"Not priority."',
    );
  });

  it('says under report that a block changes nothing and what goes upstream', async () => {
    const terminal = testTerminal();
    terminal.input = BODY;
    terminal.write('p.json', policyOf({ service_tier: 'priority', action: 'block' }));
    terminal.write('report.yaml', 'policy: { enforcement: report }\n');
    expect(await terminal.run('explain', '--policy', 'p.json', '--config', 'report.yaml')).toBe(0);
    expect(terminal.output).toContain('(report: nothing is changed)');
    expect(terminal.output).toContain('block by rule "rule-1", sent as priority\n');
  });

  it('shows a replacement, and what a rule in report mode would do', async () => {
    const terminal = testTerminal();
    terminal.input = BODY;
    terminal.write(
      'p.json',
      policyOf(
        { name: 'trial', service_tier: 'priority', action: 'block', mode: 'report' },
        { name: 'down', service_tier: 'priority', action: 'force', force_tier: 'flex' },
      ),
    );
    expect(await terminal.run('explain', '--policy', 'p.json')).toBe(0);
    expect(terminal.output).toContain('rule "trial" in report mode: would block');
    expect(terminal.output).toContain('force by rule "down", sent as flex');
    expect(terminal.output).toMatch(/body {6}at byte 34\n {10}- "fast"\n {10}\+ "flex"\n/);
  });

  it('takes path, headers, scope and user', async () => {
    const terminal = testTerminal();
    terminal.input = '{"model":"claude","max_tokens":1,"messages":[]}';
    terminal.write(
      'p.json',
      policyOf({ service_tier: 'priority', action: 'block', scope: 'oauth', user_ids: [7] }),
    );
    const request = [
      'explain',
      '--policy',
      'p.json',
      '--path',
      '/v1/messages',
      '--header',
      'Anthropic-Beta: fast-mode-2026-02-01',
    ];
    expect(await terminal.run(...request, '--scope', 'oauth', '--user', '7')).toBe(0);
    expect(terminal.output).toContain('dialect anthropic-messages');
    expect(terminal.output).toMatch(/scope oauth .*user 7/);
    expect(terminal.output).toContain('decision  block');
    expect(await terminal.run(...request, '--scope', 'oauth', '--user', '8')).toBe(0);
    expect(terminal.output).toContain('decision  pass');
  });

  it('uses routes and strictness of the configuration, and the strictness that is given', async () => {
    const terminal = testTerminal();
    terminal.input = '{"model":"m","service_tier":"turbo"}';
    terminal.write(
      'tiergate.yaml',
      'routes: [ { name: own, match: { prefix: /own }, dialect: openai-chat, words: { turbo: ultrafast } } ]',
    );
    expect(await terminal.run('explain', '--path', '/own/x')).toBe(0);
    expect(terminal.output).toContain('dialect openai-chat, route own');
    expect(terminal.output).toContain('"turbo" (ultrafast)');
    expect(await terminal.run('explain')).toBe(0);
    expect(terminal.output).toContain('decision  pass');
    expect(await terminal.run('explain', '--strictness', 'strict')).toBe(0);
    expect(terminal.output).toContain('decision  refuse: unknown_tier');
    expect(terminal.output).toContain('answer    HTTP 400, tiergate_unknown_tier');
  });

  it('undoes content codings as the service does', async () => {
    const terminal = testTerminal();
    terminal.input = gzipSync(BODY);
    expect(await terminal.run('explain', '--header', 'content-encoding: gzip', '--output', 'out.json')).toBe(
      0,
    );
    expect(terminal.output).toContain('headers   - content-encoding');
    expect(readFileSync(join(terminal.directory, 'out.json'), 'utf8')).toBe(
      '{"model":"gpt-5.5","input":"hi"}',
    );
  });

  it('says that a path is not governed', async () => {
    const terminal = testTerminal();
    terminal.input = BODY;
    expect(await terminal.run('explain', '--path', '/v1/embeddings')).toBe(0);
    expect(terminal.output).toContain('not governed');
  });

  it('uses the stored policy, and tells what cannot be read', async () => {
    const terminal = testTerminal();
    terminal.input = BODY;
    terminal.write('policy.json', policyOf({ service_tier: 'all', action: 'pass' }));
    expect(await terminal.run('explain')).toBe(0);
    expect(terminal.output).toMatch(/policy {4}.*policy\.json, revision 1 \(stored\); enforcement enforce/);
    expect(await terminal.run('explain', 'none.json')).toBe(1);
    expect(terminal.errors).toMatch(/none\.json cannot be read \(ENOENT\)/);
    terminal.write('bad.json', '{"rules": [{}]}');
    expect(await terminal.run('explain', '--policy', 'bad.json')).toBe(1);
    expect(terminal.errors).toContain('bad.json:1:12 rules[0].action: is required');
    terminal.environment['TIERGATE_POLICY_FILE'] = 'absent.json';
    expect(await terminal.run('explain')).toBe(0);
    expect(terminal.output).toContain('answer    HTTP 503, tiergate_policy_unavailable');
  });

  it('writes JSON with the decision record, the sentence of the rule and the change', async () => {
    const terminal = testTerminal();
    terminal.input = BODY;
    expect(await terminal.run('explain', '--json')).toBe(0);
    expect(JSON.parse(terminal.output)).toMatchObject({
      governed: true,
      policy: 'built in',
      decision: { action: 'filter', rule: 'rule-1', dialect: 'openai-responses', tier_asked: 'priority' },
      rule_sentence: 'When a request asks for priority, the tier is taken away.',
      body_change: { offset: 18, removed: ',"service_tier":"fast"', inserted: '' },
      body_bytes: { before: 54, after: 32 },
    });
    terminal.input = '{';
    expect(await terminal.run('explain', '--json')).toBe(0);
    expect(JSON.parse(terminal.output)).toMatchObject({
      decision: { action: 'refuse', code: 'malformed_json' },
      refusal: {
        status: 400,
        details: 'tiergate_malformed_json',
        body: { error: { code: 'malformed_json' } },
      },
    });
  });
});

describe('bodyChange', () => {
  it.each([
    ['{"a":1}', '{"a":1}', undefined],
    ['{"a":1,"b":2}', '{"b":2}', { offset: 1, removed: '"a":1,', inserted: '' }],
    ['{"a":1}', '{"a":1,"b":"c"}', { offset: 6, removed: '', inserted: ',"b":"c"' }],
    ['aXbYc', 'a1b2c', { offset: 1, removed: 'XbY', inserted: '1b2' }],
  ])('%s → %s', (before, after, expected) => {
    expect(bodyChange(Buffer.from(before), Buffer.from(after))).toEqual(expected);
  });
});

describe('tiergate explain --message', () => {
  const TURN = '{"type":"response.create","service_tier":"fast","input":"hi"}';
  const LISTED = policyOf({
    name: 'pro only',
    service_tier: 'priority',
    action: 'filter',
    model_whitelist: ['gpt-5.5'],
  });

  it('judges one message of a WebSocket, with the model that the socket has captured', async () => {
    const terminal = testTerminal();
    terminal.write('p.json', LISTED);
    terminal.write('turn.json', TURN);
    const options = ['--message', '--policy', 'p.json', '--output', 'out.json', 'turn.json'];
    expect(await terminal.run('explain', '--captured-model', 'gpt-5.5', ...options)).toBe(0);
    expect(terminal.output).toContain('decision  filter: rule "pro only"');
    expect(terminal.output).toContain('for model "gpt-5.5"');
    expect(terminal.output).toContain('- ,"service_tier":"fast"');
    const out = readFileSync(join(terminal.directory, 'out.json'), 'utf8');
    expect(out).toBe('{"type":"response.create","input":"hi"}');
  });

  it('shows the error event and the close of a blocked turn', async () => {
    const terminal = testTerminal();
    terminal.write(
      'p.json',
      policyOf({ service_tier: 'priority', action: 'block', error_message: 'Not {tier}.' }),
    );
    terminal.input = TURN;
    expect(await terminal.run('explain', '--message', '--policy', 'p.json')).toBe(0);
    expect(terminal.output).toContain('answer    an error event, then close 1008, tiergate_policy_violation');
    expect(terminal.output).toContain('"message":"Not priority."');
    const json = testTerminal();
    json.write('p.json', policyOf({ service_tier: 'priority', action: 'block' }));
    json.input = TURN;
    expect(await json.run('explain', '--message', '--policy', 'p.json', '--json')).toBe(0);
    expect(JSON.parse(json.output)).toMatchObject({
      decision: { transport: 'websocket', action: 'block' },
      refusal: { status: 400, close_code: 1008 },
    });
  });

  it('shows a handshake that is refused', async () => {
    const terminal = testTerminal();
    terminal.input = TURN;
    expect(await terminal.run('explain', '--message', '--path', '/v1/messages')).toBe(0);
    expect(terminal.output).toContain('tiergate_upgrade_refused');
  });

  it('tells of a message that is no turn, and asks for --message where it is needed', async () => {
    const terminal = testTerminal();
    terminal.input = '{"type":"response.cancel","service_tier":"fast"}';
    expect(await terminal.run('explain', '--message')).toBe(0);
    expect(terminal.output).toContain('No turn begins with this message');
    expect(await testTerminal().run('explain', '--captured-model', 'm')).toBe(2);
  });
});
