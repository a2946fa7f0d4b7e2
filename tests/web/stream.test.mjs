// The reader of server-sent events and the visitor's client, with cut and resumed streams.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, DialogError, SseParser } from '../../assets/web/widget/v1/stream.js';

const STREAM = '\uFEFF: hello\r\nid: 1\r\nevent: meta\r\ndata: {"a":1}\r\n\r\nid: 2\ndata: x\ndata:y\n\nevent: done\ndata\n\nevent: none\n\nid: 3\rdata: ü\r\r';
const EVENTS = [
  { event: 'meta', data: '{"a":1}', id: '1' }, { event: 'message', data: 'x\ny', id: '2' }, { event: 'done', data: '', id: '2' }, { event: 'message', data: 'ü', id: '3' },
];

test('chunks may end anywhere', () => {
  for (let size = 1; size <= STREAM.length; size += 1) {
    const parser = new SseParser();
    const out = [];
    for (let i = 0; i < STREAM.length; i += size) out.push(...parser.push(STREAM.slice(i, i + size)));
    assert.deepEqual(out, EVENTS, `size ${size}`);
  }
});

test('an endless line is refused', () => {
  const parser = new SseParser();
  assert.throws(() => { for (let i = 0; i < 40; i += 1) parser.push('x'.repeat(1 << 16)); }, DialogError);
});

/** A body that ends or breaks after some bytes. */
function body(text, { broken = false, bytes = 7 } = {}) {
  const all = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({ pull(c) {
    if (at >= all.length) { if (broken) c.error(new Error('reset')); else c.close(); return; }
    c.enqueue(all.slice(at, at + bytes));
    at += bytes;
  } });
}
const event = (id, name, data) => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const sse = (text, options) => new Response(body(text, options), { headers: { 'Content-Type': 'text/event-stream' } });
const META = event(0, 'meta', { dialog_id: 'd', turn_id: 't', token: 'k' });

async function follow(answers) {
  const calls = [];
  const heard = [];
  const client = new Client({ base: 'https://x.de', site: 'a b', key: 'pk_1', fetch: async (url, init) => {
    calls.push([init.method, url, init.headers]);
    const next = answers[Math.min(calls.length, answers.length) - 1];
    if (next instanceof Error) throw next;
    return typeof next === 'function' ? next() : next;
  } });
  const error = await client.ask({ question: 'q', locale: 'de' }, (name, data) => heard.push([name, data]), new AbortController().signal).then(() => null, (e) => e);
  return { calls, heard: heard.filter(([name]) => name !== 'resuming'), error, resumed: heard.filter(([name]) => name === 'resuming').length };
}

test('a cut stream is resumed without repeating or losing text', async () => {
  const { calls, heard, error } = await follow([
    sse(META + event(1, 'delta', { id: 'b', text: 'Grüß' }) + 'id: 2\nevent: del', { broken: true }),
    new TypeError('offline'),
    sse(event(1, 'delta', { id: 'b', text: 'Grüß' }) + event(2, 'delta', { id: 'b', text: ' Gott' }) + event(3, 'done', { outcome: 'answered' })),
  ]);
  assert.equal(error, null);
  assert.equal(heard.filter(([n]) => n === 'delta').map(([, d]) => d.text).join(''), 'Grüß Gott');
  assert.equal(calls[0][1], 'https://x.de/api/v1/sites/a%20b/ask');
  assert.equal(calls[0][2].Authorization, 'Bearer pk_1');
  assert.equal(calls[2][1], 'https://x.de/api/v1/sites/a%20b/dialogs/d/turns/t/events');
  assert.equal(calls[2][2]['Last-Event-ID'], '1');
  assert.equal(calls[2][2]['X-Dialog-Token'], 'k');
});

test('an answer in one piece', async () => {
  const { heard, error } = await follow([Response.json({ dialog_id: 'd', turn_id: 't', outcome: 'refused', blocks: [{ type: 'text', text: 'x' }], citations: [{ n: 1 }], suggestions: ['y'] })]);
  assert.equal(error, null);
  assert.deepEqual(heard.map(([n]) => n), ['meta', 'block', 'citation', 'suggestions', 'done']);
});

test('what cannot be mended is said', async () => {
  const cases = [
    [[new TypeError('offline')], 0, 'unreachable'],
    [[new Response('{"code":"rate_limited"}', { status: 429 })], 429, 'rate_limited'],
    [[new Response('oops', { status: 502 })], 502, 'http'],
    [[sse('', {})], 0, 'unreachable'],
    [[sse(META, { broken: true }), new Response('{"code":"turn_not_found"}', { status: 404 })], 404, 'turn_not_found'],
  ];
  for (const [answers, status, code] of cases) {
    const { error } = await follow(answers);
    assert.ok(error instanceof DialogError);
    assert.deepEqual([error.status, error.code], [status, code]);
  }
});

test('an error event ends the stream, stopping ends it at once', async () => {
  const { heard, error, resumed } = await follow([sse(META + event(1, 'error', { code: 'generator_failed' }))]);
  assert.equal(error, null);
  assert.equal(resumed, 0);
  assert.equal(heard.at(-1)[0], 'error');
  const stop = new AbortController();
  const client = new Client({ base: '', site: 's', key: '', fetch: async () => new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode(META)); } }), { headers: { 'Content-Type': 'text/event-stream' } }) });
  const run = client.ask({ question: 'q', locale: 'de' }, (name) => { if (name === 'meta') setTimeout(() => stop.abort(), 5); }, stop.signal);
  await assert.rejects(run, { name: 'AbortError' });
});
