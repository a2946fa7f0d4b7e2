// @ts-check
/**
 * The dialog: welcome, turns, question field. Used by the widget (`mount`) and, as progressive
 * enhancement, by the site page (elements with `data-dialog-engine`).
 * The conversation is kept by the server; this tab remembers only its name and owner token.
 */
import { AnswerView } from './answer.js';
import { h, icon } from './dom.js';
import { accentCss, CSS, dress } from './style.js';
import { Client, DialogError, replay } from './stream.js';
import { pageUrl, sentences } from './text.js';
import { localeOf, speaker } from './words.js';

const QUESTION_CHARS_MAX = 1000;
const COUNT_FROM = 800;
const HEARD_LINES_MAX = 30;

/**
 * @typedef {{base:string, site:string, key:string, mode:'bubble'|'inline'|'page', locale?:string, accent?:string, quiet?:boolean, onclose?:()=>void, onkeep?:(kept:boolean)=>void}} Options
 */

/** @param {string} name @param {any} [value] null removes; without value: reads */
function memory(name, value) {
  try {
    if (value === undefined) return JSON.parse(sessionStorage.getItem(name) || 'null');
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(value));
  } catch { /* storage may be forbidden: the conversation then ends with the page */ }
  return null;
}

class Panel {
  /** @param {ShadowRoot} root @param {Options} options */
  constructor(root, options) {
    this.root = root;
    this.options = options;
    this.client = new Client(options);
    this.locale = localeOf(options.locale || document.documentElement.lang || navigator.language);
    this.say = speaker(this.locale);
    this.store = `dialogengine:${options.base}:${options.site}`;
    /** @type {{id:string,token:string}|null} */
    this.dialog = null;
    /** @type {AbortController|null} */
    this.running = null;
    this.turn = '';
    this.follow = true;
    /** @type {any} */
    this.about = null;
    this.build();
    this.start();
  }

  build() {
    const { say, options } = this;
    this.heading = h('h2', { id: 'de-title' }, say('label'));
    const onPage = options.mode === 'page';
    this.restartButton = h('button', { type: 'button', class: onPage ? 'again' : 'icon', 'aria-label': say('restart'), title: say('restart'), hidden: true, onclick: () => this.restart() }, icon('restart'), onPage && say('restart'));
    this.log = h('div', { class: 'log', role: 'region', 'aria-label': say('conversation'), tabindex: onPage ? null : '0' });
    this.turns = h('div');
    this.hello = h('div');
    this.log.append(this.hello, this.turns, onPage ? this.restartButton : '');
    this.heard = h('div', { class: 'sr', 'aria-live': 'polite', 'aria-relevant': 'additions' });
    this.count = h('p', { class: 'count', id: 'de-count', hidden: true });
    this.field = h('textarea', { rows: 1, 'aria-label': say('question'), placeholder: say('placeholder'), autocomplete: 'off', enterkeyhint: 'send', 'aria-describedby': 'de-count',
      oninput: () => this.measure(),
      onkeydown: (/** @type {KeyboardEvent} */ e) => {
        if (e.key === 'Enter' && !e.shiftKey && !e.isComposing && e.keyCode !== 229) { e.preventDefault(); this.submit(); }
      } });
    this.sendButton = h('button', { type: 'submit', class: 'send', 'aria-label': say('send'), title: say('send') }, icon('send'));
    this.newest = h('button', { type: 'button', class: 'newest', 'aria-label': say('newest'), title: say('newest'), hidden: true, onclick: () => { this.follow = true; this.scrollTo(1e9); } }, icon('down'));
    this.form = h('form', { onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); if (this.running) this.stop(); else this.submit(); } },
      this.newest, h('div', { class: 'box' }, this.field, this.sendButton), this.count);
    this.foot = h('div', { class: 'foot' });
    const head = onPage ? null : h('header', null, this.heading, this.restartButton,
      options.mode === 'bubble' && h('button', { type: 'button', class: 'icon', 'aria-label': say('close'), title: say('close'), onclick: () => options.onclose?.() }, icon('close')));
    this.node = h('section', { class: 'panel', role: options.mode === 'bubble' ? 'dialog' : 'region', 'aria-label': say('label'), lang: this.locale,
      onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e) }, head, this.log, this.heard, this.form, this.foot);
    const frame = h('div', { class: options.mode === 'bubble' ? 'float' : options.mode }, this.node);
    this.root.append(frame);
    this.scroller = onPage ? /** @type {HTMLElement} */ (document.scrollingElement) : this.log;
    const target = onPage ? window : this.log;
    target.addEventListener('scroll', () => this.place(), { passive: true });
    for (const name of ['wheel', 'touchmove']) target.addEventListener(name, () => { this.follow = false; }, { passive: true });
    new ResizeObserver(() => this.grow()).observe(this.turns);
    this.watchViewport();
  }

  /** Keeps the field above an on-screen keyboard. */
  watchViewport() {
    const view = window.visualViewport;
    if (!view || this.options.mode !== 'bubble') return;
    const fit = () => {
      this.node.style.setProperty('--view-height', `${Math.round(view.height)}px`);
      this.node.style.setProperty('--view-top', `${Math.round(view.offsetTop)}px`);
    };
    view.addEventListener('resize', fit);
    view.addEventListener('scroll', fit);
    fit();
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.key === 'Escape' && this.options.mode === 'bubble') { e.stopPropagation(); this.options.onclose?.(); }
    // Full-screen on small windows: Tab stays inside, for everything else is covered.
    if (e.key !== 'Tab' || this.options.mode !== 'bubble' || this.node.clientWidth < innerWidth - 2) return;
    const stops = /** @type {HTMLElement[]} */ ([...this.node.querySelectorAll('button:not([hidden]),a[href],textarea,[tabindex="0"]')]);
    const at = this.root.activeElement;
    const edge = e.shiftKey ? stops[0] : stops.at(-1);
    if (at === edge) { e.preventDefault(); (e.shiftKey ? stops.at(-1) : stops[0])?.focus(); }
  }

  async start() {
    this.hello.replaceChildren(h('p', { class: 'note' }, this.say('loading')));
    try {
      this.about = await this.client.about(this.locale);
    } catch (error) {
      this.hello.replaceChildren(this.trouble(error, () => this.start()));
      return;
    }
    const { about } = this;
    if (!this.options.locale && about.locale && !document.documentElement.lang) {
      this.locale = localeOf(about.locale);
      this.say = speaker(this.locale);
    }
    dress(this.root, accentCss(this.options.accent || about.accent));
    this.heading.textContent = about.name || this.say('label');
    this.node.setAttribute('aria-label', this.say('title', { name: about.name || '' }));
    if (about.placeholder) this.field.setAttribute('placeholder', about.placeholder);
    this.welcome();
    this.legal();
    const kept = memory(this.store);
    if (kept?.id && kept?.token) await this.restore(kept);
    if (this.pending) this.submit();
  }

  welcome() {
    const { about, say } = this;
    // Below an answer the server has written, a greeting would come too late.
    if (this.options.quiet) { this.hello.replaceChildren(); return; }
    this.hello.replaceChildren(
      h('p', { class: 'welcome' }, about.welcome || say('welcome')),
      this.asks(about.suggestions, say('suggestions')) || '',
    );
  }

  legal() {
    const { about, say } = this;
    const links = Object.entries(about.links || {}).map(([name, url]) => [name, pageUrl(/** @type {any} */ (url))]).filter(([name, url]) => url && ['imprint', 'privacy', 'accessibility'].includes(String(name)));
    this.foot.replaceChildren(h('p', null, about.disclosure || say('disclosure', { name: about.name })),
      links.length ? h('nav', { 'aria-label': say('links') }, links.map(([name, url]) => h('a', { href: url, target: '_blank', rel: 'noopener' }, say(/** @type {any} */ (name))))) : '');
  }

  /** @param {any} questions @param {string} label */
  asks(questions, label) {
    const all = Array.isArray(questions) ? questions.filter((q) => typeof q === 'string' && q.trim()) : [];
    if (!all.length) return null;
    return h('ul', { class: 'asks', 'aria-label': label }, all.slice(0, 6).map((q) => h('li', null, h('button', { type: 'button', onclick: () => this.ask(q) }, q))));
  }

  /** @param {{id:string,token:string}} kept */
  async restore(kept) {
    let stored;
    try { stored = await this.client.dialog(kept); } catch (error) {
      if (error instanceof DialogError && [401, 403, 404, 410].includes(error.status)) { memory(this.store, null); this.options.onkeep?.(false); }
      return;
    }
    this.dialog = kept;
    this.restartButton.hidden = false;
    this.hello.querySelector('.asks')?.remove();
    for (const turn of stored.turns || []) {
      const view = this.addTurn(turn.question);
      if (turn.answer?.outcome) replay(turn.answer, (name, data) => view.hear(name, data, true));
      else this.run(view, turn.question, turn.turn_id);
    }
    this.follow = true;
    this.scrollTo(1e9);
  }

  submit() {
    const question = this.field.value.trim();
    if (!question || question.length > QUESTION_CHARS_MAX || this.running) return;
    if (!this.about) { this.pending = true; return; }
    this.pending = false;
    this.field.value = '';
    this.measure();
    this.ask(question);
  }

  /** @param {string} question */
  ask(question) {
    if (this.running || !this.about) return;
    this.hello.querySelector('.asks')?.remove();
    for (const old of this.turns.querySelectorAll('.asks button')) old.disabled = true;
    for (const old of this.turns.querySelectorAll('.next')) old.remove();
    this.run(this.addTurn(question), question);
    if (this.root.activeElement === null || !this.node.contains(this.root.activeElement)) this.field.focus({ preventScroll: true });
  }

  /** @param {string} question */
  addTurn(question) {
    const view = new TurnView(this, question);
    this.turns.append(view.node);
    this.follow = true;
    this.lastTurn = view.node;
    return view;
  }

  /** @param {TurnView} view @param {string} question @param {string} [turn] follow a turn that was already asked */
  async run(view, question, turn) {
    this.running = new AbortController();
    this.turn = turn || '';
    this.busy(true);
    view.wait(this.say('searching'));
    this.grow();
    try {
      await this.client.ask({ question, locale: this.locale, dialog: this.dialog, turn }, (name, data) => {
        if (name === 'meta') this.keep(data);
        view.hear(name, data, false);
      }, this.running.signal);
    } catch (error) {
      if (this.running?.signal.aborted) view.stopped();
      else {
        if (error instanceof DialogError && error.status === 404 && this.dialog) this.forget();
        view.fail(error, () => { view.node.remove(); this.ask(question); });
      }
    }
    this.running = null;
    this.busy(false);
    this.grow();
  }

  /** @param {any} meta */
  keep(meta) {
    this.turn = meta.turn_id || this.turn;
    const token = meta.token || this.dialog?.token;
    if (!meta.dialog_id || !token) return;
    this.dialog = { id: meta.dialog_id, token };
    memory(this.store, this.dialog);
    this.restartButton.hidden = false;
    this.options.onkeep?.(true);
  }

  forget() {
    this.dialog = null;
    memory(this.store, null);
    this.options.onkeep?.(false);
  }

  stop() {
    if (this.dialog && this.turn) this.client.stop(this.dialog, this.turn);
    this.running?.abort();
    this.field.focus({ preventScroll: true });
  }

  restart() {
    if (this.running) this.stop();
    this.forget();
    this.turns.replaceChildren();
    this.restartButton.hidden = true;
    this.options.quiet = false;
    this.welcome();
    this.field.focus();
  }

  /** @param {boolean} on */
  busy(on) {
    this.sendButton.replaceChildren(icon(on ? 'stop' : 'send'));
    const name = this.say(on ? 'stop' : 'send');
    this.sendButton.setAttribute('aria-label', name);
    this.sendButton.setAttribute('title', name);
    this.node.toggleAttribute('aria-busy', on);
  }

  measure() {
    const over = this.field.value.trim().length - QUESTION_CHARS_MAX;
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight, 132)}px`;
    this.count.hidden = over + QUESTION_CHARS_MAX < COUNT_FROM;
    this.count.classList.toggle('over', over > 0);
    this.count.textContent = over > 0 ? this.say('tooLong', { n: over }) : this.say('left', { n: -over });
    this.field.toggleAttribute('aria-invalid', over > 0);
    this.sendButton.disabled = over > 0 && !this.running;
  }

  /** Follows the growing answer until its question stands at the top; then the reader decides. */
  grow() {
    if (this.follow && this.lastTurn) {
      const edge = this.scroller === this.log ? this.log.getBoundingClientRect().top : 0;
      const top = this.lastTurn.getBoundingClientRect().top - edge + this.scroller.scrollTop - 8;
      const bottom = this.scroller.scrollHeight - this.scroller.clientHeight;
      if (bottom > this.scroller.scrollTop) this.scrollTo(Math.min(top, bottom));
    }
    this.place();
  }

  /** @param {number} top */
  scrollTo(top) { this.scroller.scrollTop = top; this.place(); }

  place() {
    const { scroller } = this;
    // On the page the footer follows: what counts is whether the last answer is covered.
    const below = scroller === this.log ? scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop : this.turns.getBoundingClientRect().bottom - this.form.getBoundingClientRect().top;
    this.newest.hidden = !this.turns.firstChild || below < 80;
  }

  /** Reads a line aloud, once. @param {string} line */
  tell(line) {
    const text = line.trim();
    if (!text) return;
    this.heard.append(h('p', null, text));
    while (this.heard.childNodes.length > HEARD_LINES_MAX) this.heard.firstChild.remove();
  }

  /** @param {any} error @param {(() => void)|null} retry */
  trouble(error, retry) {
    const { say } = this;
    const status = error instanceof DialogError ? error.status : -1;
    const text = status === 0 || status === 502 || status === 503 || status === 504 ? say('away')
      : status === 429 ? say('busy') : status === 401 || status === 403 ? say('refusedHere')
        : (error instanceof DialogError && error.detail) || say('failed');
    this.tell(text);
    return h('div', { class: 'trouble' }, h('p', null, text), retry && h('button', { type: 'button', class: 'main', onclick: retry }, say('retry')));
  }

  focus() {
    // A touch keyboard that jumps up unasked hides the welcome text.
    if (matchMedia('(pointer: coarse)').matches) (this.log).focus({ preventScroll: true });
    else this.field.focus({ preventScroll: true });
    this.grow();
  }
}

/** One question with its answer. */
class TurnView {
  /** @param {Panel} panel @param {string} question */
  constructor(panel, question) {
    this.panel = panel;
    this.answer = new AnswerView({ say: panel.say, locale: panel.locale, ask: (q) => panel.ask(q), citation: (id) => panel.client.citation(id) });
    this.status = h('div');
    this.after = h('div');
    this.node = h('article', { class: 'turn' }, h(panel.options.mode === 'page' ? 'h2' : 'p', { class: 'said' }, h('span', { class: 'sr' }, panel.say('you'), ' '), question), this.answer.node, this.status, this.after);
    this.told = 0;
    /** @type {any[]} */
    this.next = [];
  }

  /** @param {string} text */
  wait(text) {
    this.status.replaceChildren(h('p', { class: 'wait' }, h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')), text));
  }

  /** @param {string} name @param {any} data @param {boolean} silent restored turns are not read aloud */
  hear(name, data, silent) {
    const { answer } = this;
    if (name === 'resuming') this.wait(this.panel.say('resuming'));
    else if (name === 'block') answer.block(String(data.id), data.block);
    else if (name === 'delta') answer.delta(String(data.id), String(data.text ?? ''));
    else if (name === 'citation') answer.cite(data);
    else if (name === 'suggestions') this.next = Array.isArray(data) ? data : data.suggestions || [];
    else if (name === 'done') this.finish(data.outcome, silent);
    else if (name === 'error') this.fail(new DialogError(data.code || 'error', 500, data.detail || data.title), null);
    if ((name === 'block' || name === 'delta') && !silent) {
      this.status.replaceChildren();
      const [ready] = sentences(answer.spoken().slice(this.told), this.panel.locale);
      const line = ready.join('');
      this.told += line.length;
      this.panel.tell(line);
    }
  }

  /** @param {string} outcome @param {boolean} silent */
  finish(outcome, silent) {
    const { panel, answer } = this;
    this.status.replaceChildren();
    if (!answer.blocks.size) answer.block('none', { type: 'text', text: panel.say('notFound') });
    answer.finish();
    this.node.classList.add(outcome || 'answered');
    if (!silent) panel.tell(`${answer.spoken().slice(this.told)} ${panel.say('done')}`);
    this.tools();
  }

  tools() {
    const { panel } = this;
    const label = h('span', null, panel.say('copy'));
    const copy = h('button', { type: 'button', onclick: async () => {
      const good = await copyText(this.answer.plain(), panel.root);
      label.textContent = panel.say(good ? 'copied' : 'copyFailed');
      panel.tell(label.textContent || '');
      setTimeout(() => { label.textContent = panel.say('copy'); }, 2500);
    } }, icon('copy'), label);
    const next = panel.asks(this.next, panel.say('followUps'));
    this.after.replaceChildren(h('div', { class: 'tools' }, copy), next ? h('div', { class: 'next' }, next) : '');
  }

  stopped() {
    this.answer.finish();
    this.status.replaceChildren(h('p', { class: 'note' }, this.panel.say('stopped')));
    this.panel.tell(this.panel.say('stopped'));
  }

  /** @param {any} error @param {(() => void)|null} retry */
  fail(error, retry) {
    this.answer.finish();
    this.status.replaceChildren(this.panel.trouble(error, retry));
  }
}

/** @param {string} text @param {ShadowRoot} root @returns {Promise<boolean>} */
async function copyText(text, root) {
  try { await navigator.clipboard.writeText(text); return true; } catch { /* http pages and framed pages have no clipboard: the old way */ }
  const area = h('textarea', { class: 'sr', readonly: true });
  area.value = text;
  root.append(area);
  area.select();
  let good = false;
  try { good = document.execCommand('copy'); } catch { /* stays false */ }
  area.remove();
  return good;
}

/** Puts a dialog into a shadow root. @param {ShadowRoot} root @param {Options} options @returns {{focus():void, ask(q:string):void, node:HTMLElement}} */
export function mount(root, options) {
  dress(root, CSS);
  dress(root, accentCss(options.accent));
  return new Panel(root, options);
}

// On the site page: every marked element becomes a dialog, and what stood in it for readers without script goes.
if (typeof document !== 'undefined') {
  for (const place of /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-dialog-engine]')])) {
    const { site = '', key = '', locale, accent } = place.dataset;
    const host = h('div', { class: 'dialog-engine' });
    mount(host.attachShadow({ mode: 'open' }), { base: new URL(import.meta.url).origin, site, key, mode: 'page', locale, accent, quiet: 'quiet' in place.dataset });
    place.replaceChildren(host);
  }
}
