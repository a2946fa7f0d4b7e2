// @ts-check
/**
 * Talking to the server: an own reader for server-sent events over `fetch` (so that headers can be
 * sent and a cut stream resumed at the right event), and the calls of a visitor.
 */

const LINE_CHARS_MAX = 1 << 20;
const SILENCE_MS_MAX = 45000;
const WAITS_MS = [300, 1000, 2000, 4000, 8000, 8000];

/** Splits a stream of text into events; chunks may end anywhere, even between CR and LF. */
export class SseParser {
  constructor() {
    this.buffer = '';
    this.lastId = '';
    this.event = '';
    /** @type {string[]} */
    this.data = [];
    this.id = '';
    this.sawCr = false;
    this.first = true;
  }

  /** @param {string} chunk @returns {{event:string,data:string,id:string}[]} the events that became complete */
  push(chunk) {
    if (this.first && chunk) { this.first = false; chunk = chunk.replace(/^\uFEFF/, ''); }
    if (this.sawCr && chunk) { this.sawCr = false; if (chunk[0] === '\n') chunk = chunk.slice(1); }
    this.buffer += chunk;
    if (this.buffer.length > LINE_CHARS_MAX) throw new DialogError('stream_too_long', 0);
    /** @type {{event:string,data:string,id:string}[]} */
    const out = [];
    const breaks = /\r\n|\n|\r/g;
    let from = 0;
    for (let m = breaks.exec(this.buffer); m; m = breaks.exec(this.buffer)) {
      if (m[0] === '\r' && breaks.lastIndex === this.buffer.length) this.sawCr = true;
      this.line(this.buffer.slice(from, m.index), out);
      from = breaks.lastIndex;
    }
    this.buffer = this.buffer.slice(from);
    return out;
  }

  /** @param {string} line @param {{event:string,data:string,id:string}[]} out */
  line(line, out) {
    if (line === '') {
      this.lastId = this.id;
      if (this.data.length) out.push({ event: this.event || 'message', data: this.data.join('\n'), id: this.lastId });
      this.event = '';
      this.data = [];
      return;
    }
    if (line[0] === ':') return;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }
}

/** A failed call: `status` 0 means the server was not reached. */
export class DialogError extends Error {
  /** @param {string} code @param {number} status @param {string} [detail] */
  constructor(code, status, detail) {
    super(detail || code);
    this.code = code;
    this.status = status;
    this.detail = detail || '';
  }
}

const abortError = () => new DOMException('aborted', 'AbortError');

/** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
function wait(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) { reject(abortError()); return; }
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => { clearTimeout(timer); reject(abortError()); }, { once: true });
  });
}

/** An answer in one piece, told as the events of a stream. @param {any} answer @param {(name:string,data:any)=>void} on */
export function replay(answer, on) {
  (answer.blocks || []).forEach((/** @type {any} */ block, /** @type {number} */ i) => on('block', { id: block.id ?? `b${i}`, block }));
  for (const citation of answer.citations || []) on('citation', citation);
  on('suggestions', { suggestions: answer.suggestions || [] });
  on('done', { outcome: answer.outcome, engine: answer.engine });
}

/** The visitor's side of one site. */
export class Client {
  /** @param {{base:string, site:string, key:string, fetch?:typeof fetch}} options `base` is the server's origin, without a slash at the end */
  constructor({ base, site, key, fetch: call }) {
    this.url = `${base}/api/v1/sites/${encodeURIComponent(site)}`;
    this.key = key;
    /** @type {typeof fetch} */
    this.fetch = call || ((input, init) => globalThis.fetch(input, init));
  }

  /**
   * @param {string} path @param {{method?:string, body?:any, headers?:Record<string,string>, signal?:AbortSignal}} [options]
   * @returns {Promise<Response>} only good answers; the rest throws
   */
  async call(path, { method = 'GET', body, headers = {}, signal } = {}) {
    let response;
    try {
      response = await this.fetch(this.url + path, {
        method,
        headers: { ...(this.key ? { Authorization: `Bearer ${this.key}` } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
        body: body ? JSON.stringify(body) : undefined,
        signal,
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'strict-origin-when-cross-origin',
      });
    } catch (error) {
      if (signal?.aborted) throw abortError();
      throw new DialogError('unreachable', 0, String(error));
    }
    if (response.ok) return response;
    /** @type {any} */
    const problem = await response.json().catch(() => ({}));
    throw new DialogError(problem.code || 'http', response.status, problem.detail || problem.title);
  }

  /** @param {string} locale */
  async about(locale) { return (await this.call(`/public?locale=${encodeURIComponent(locale)}`)).json(); }

  /** @param {{id:string,token:string}} dialog */
  async dialog({ id, token }) { return (await this.call(`/dialogs/${encodeURIComponent(id)}`, { headers: { 'X-Dialog-Token': token } })).json(); }

  /** @param {string} id */
  async citation(id) { return (await this.call(`/citations/${encodeURIComponent(id)}`)).json(); }

  /** Stops a turn on the server; silence is fine, the page has already stopped. @param {{id:string,token:string}} dialog @param {string} turn */
  async stop(dialog, turn) {
    await this.call(`/dialogs/${encodeURIComponent(dialog.id)}/turns/${encodeURIComponent(turn)}`, { method: 'DELETE', headers: { 'X-Dialog-Token': dialog.token } }).catch(() => {});
  }

  /**
   * Asks and follows the answer to its end, resuming when the connection is cut.
   * @param {{question:string, locale:string, dialog?:{id:string,token:string}|null, turn?:string}} what with `turn`: follow a turn already asked
   * @param {(name:string, data:any)=>void} on events of the stream, plus `resuming`
   * @param {AbortSignal} signal
   */
  async ask({ question, locale, dialog, turn }, on, signal) {
    const state = { lastId: '', seen: -1, over: false, dialog: dialog || null, turn: turn || '' };
    const hear = (/** @type {string} */ name, /** @type {any} */ data) => {
      if (name === 'meta') {
        state.dialog = { id: data.dialog_id, token: data.token || state.dialog?.token || '' };
        state.turn = data.turn_id;
      }
      if (name === 'done' || name === 'error') state.over = true;
      on(name, data);
    };
    if (!turn) {
      const response = await this.call('/ask', {
        method: 'POST',
        headers: { Accept: 'text/event-stream, application/json' },
        body: { question, locale, stream: true, ...(dialog ? { dialog_id: dialog.id, token: dialog.token } : {}) },
        signal,
      });
      if ((response.headers.get('Content-Type') || '').includes('json')) {
        const answer = /** @type {any} */ (await response.json());
        hear('meta', answer);
        replay(answer, hear);
        return;
      }
      await this.read(response, state, hear, signal);
    }
    for (let tries = 0; !state.over; tries += 1) {
      if (!state.dialog || !state.turn || tries >= WAITS_MS.length) throw new DialogError('unreachable', 0);
      if (tries || !turn) { on('resuming', {}); await wait(WAITS_MS[tries], signal); }
      try {
        const before = state.lastId;
        const path = `/dialogs/${encodeURIComponent(state.dialog.id)}/turns/${encodeURIComponent(state.turn)}/events`;
        const response = await this.call(path, {
          headers: { Accept: 'text/event-stream', 'X-Dialog-Token': state.dialog.token, ...(state.lastId ? { 'Last-Event-ID': state.lastId } : {}) },
          signal,
        });
        await this.read(response, state, hear, signal);
        if (state.lastId !== before) tries = -1; // progress was made: patience starts anew
      } catch (error) {
        // Only being away is worth another try; "gone" and "forbidden" are final.
        if (!(error instanceof DialogError) || (error.status > 0 && error.status < 500 && error.status !== 429)) throw error;
      }
    }
  }

  /**
   * Reads one response until it ends or falls silent; a cut is not an error here.
   * @param {Response} response
   * @param {{lastId:string, seen:number, over:boolean}} state
   * @param {(name:string, data:any)=>void} hear @param {AbortSignal} signal
   */
  async read(response, state, hear, signal) {
    const reader = response.body?.getReader();
    if (!reader) return;
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const abort = () => { reader.cancel().catch(() => {}); };
    signal.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        let timer;
        const silence = new Promise((resolve) => { timer = setTimeout(() => resolve({ done: true, value: undefined }), SILENCE_MS_MAX); });
        /** @type {any} */
        let part;
        try { part = await Promise.race([reader.read(), silence]); } catch { part = { done: true }; } finally { clearTimeout(timer); }
        if (signal.aborted) throw abortError();
        if (part.done) return;
        for (const event of parser.push(decoder.decode(part.value, { stream: true }))) {
          const number = Number(event.id);
          if (event.id && Number.isFinite(number)) {
            if (number <= state.seen) continue; // told before the cut
            state.seen = number;
          }
          if (event.id) state.lastId = event.id;
          let data;
          try { data = JSON.parse(event.data); } catch { continue; }
          hear(event.event, data);
          if (state.over) return;
        }
      }
    } finally {
      signal.removeEventListener('abort', abort);
      reader.cancel().catch(() => {});
    }
  }
}
