/** Where `service_tier` stands in a generated body. */
export type TierPlace = 'front' | 'end';

const INSTRUCTIONS = [
  '# Editing constraints',
  '',
  '- Prefer `rg` or `rg --files` over `grep` when you search for text or files, because it is much faster; if it is not found, use what there is.',
  '- You may be in a dirty git worktree. Never revert changes that you did not make unless you are asked to, since the user made them.',
  '- Add code comments only where the code does not explain itself. Do not write comments such as "assigns the value to the variable".',
  '- When a command fails, say what you tried and what came out, and do not go on as if it had worked.',
  '',
  'Each command runs in a sandbox. If one fails because of it, ask for approval with a short reason, and prefer a command that needs none.',
];

const SOURCE = [
  'pub fn decide(policy: &Policy, claim: &Claim) -> Verdict {',
  '    // The first rule that matches decides; the order is the order of the document.',
  '    let rule = policy.rules.iter().find(|rule| rule.matches(claim));',
  '    match rule {',
  '        Some(rule) => rule.verdict(),',
  '        None => Verdict::pass("no rule matches"),',
  '    }',
  '}',
  '',
];

/**
 * A request body as Codex CLI sends to `/responses`: instructions in Markdown, tool schemas, a history of
 * calls with their outputs (source text, so an escaped line end every 35 bytes or so) and of encrypted
 * reasoning (base64), and a tier. Grown to `size` bytes, within some percent.
 */
export function codexBody(size: number, place: TierPlace): Buffer {
  const body: Record<string, unknown> = { model: 'gpt-5.5-codex' };
  if (place === 'front') body['service_tier'] = 'priority';
  body['instructions'] = lines(INSTRUCTIONS, size * 0.25);
  body['input'] = history(size * 0.55);
  body['tools'] = tools(size * 0.15);
  Object.assign(body, {
    tool_choice: 'auto',
    parallel_tool_calls: true,
    reasoning: { effort: 'medium', summary: 'auto' },
  });
  Object.assign(body, { store: false, stream: true, include: ['reasoning.encrypted_content'] });
  if (place === 'end') body['service_tier'] = 'priority';
  body['prompt_cache_key'] = '0199a213-81c0-7800-8aa1-bbab2a035a53';
  return Buffer.from(JSON.stringify(body));
}

function lines(source: readonly string[], size: number): string {
  let text = '';
  for (let i = 0; text.length < size; i++) text += `${source[i % source.length]}\n`;
  return text;
}

/** Turns as long as they fit; the rest is what the user wrote. */
function history(size: number): unknown[] {
  const items: unknown[] = [];
  let left = size;
  for (let turn = 0; ; turn++) {
    const callId = `call_${turn.toString(16).padStart(24, '0')}`;
    const command = ['bash', '-lc', `sed -n '1,200p' src/policy/decide_${turn}.rs`];
    const turnItems = [
      {
        type: 'reasoning',
        summary: [],
        content: null,
        encrypted_content: base64(1000 + (turn % 5) * 400, turn),
      },
      {
        type: 'function_call',
        name: 'shell',
        arguments: JSON.stringify({ command, workdir: '/workspace' }),
        call_id: callId,
      },
      { type: 'function_call_output', call_id: callId, output: lines(SOURCE, 600 + (turn % 7) * 400) },
    ];
    const length = JSON.stringify(turnItems).length;
    if (length > left) return [message(lines(INSTRUCTIONS, left - 200)), ...items];
    items.push(...turnItems);
    left -= length;
  }
}

function message(text: string): unknown {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}

/** Text as encrypted content looks like: without structure, and the same on each run. */
function base64(size: number, seed: number): string {
  let state = seed + 1;
  const bytes = Uint8Array.from({ length: Math.ceil(size * 0.75) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >>> 16;
  });
  return Buffer.from(bytes).toString('base64');
}

function tools(size: number): unknown[] {
  const list: unknown[] = [];
  for (let left = size; ; ) {
    const tool = {
      type: 'function',
      name: `shell_${list.length}`,
      description:
        'Runs a shell command in the workspace and returns its output. Always set `workdir`, and do not use `cd` unless it is necessary.',
      strict: false,
      parameters: {
        type: 'object',
        properties: {
          command: {
            type: 'array',
            items: { type: 'string' },
            description: 'The command to execute, as a list of arguments',
          },
          workdir: { type: 'string', description: 'The directory to execute the command in' },
          timeout_ms: { type: 'number', description: 'How long to wait for the command, in milliseconds' },
        },
        required: ['command'],
        additionalProperties: false,
      },
    };
    left -= JSON.stringify(tool).length;
    if (left < 0) return list;
    list.push(tool);
  }
}
