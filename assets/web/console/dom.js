// @ts-check
/** Elements, loading states, notices, fields: what every page of the console is made of. */
import { h, icon, put } from '../widget/v1/dom.js';
import { ApiError } from './api.js';
import { say } from './i18n.js';

export { h, icon, put };

/** A grey drawing of what will come. @param {number} rows @param {string} [kind] */
export function skeleton(rows, kind = 'lines') {
  return h('div', { class: `skeleton ${kind}`, role: 'status' }, h('span', { class: 'sr' }, say('loading')), Array.from({ length: rows }, () => h('div', { class: 'bone', 'aria-hidden': 'true' })));
}

/** What happened, what is safe, what to do. @param {any} error @param {(() => void)|null} [retry] */
export function errorBox(error, retry) {
  const words = error instanceof ApiError ? error.words : say('errUnknown', { code: String(error?.message || error) });
  if (!(error instanceof ApiError)) console.error(error);
  return h('div', { class: 'box bad', role: 'alert' }, icon('warn'), h('div', null, h('p', null, words),
    error instanceof ApiError && error.requestId && error.status >= 500 && h('p', { class: 'muted small' }, error.requestId),
    retry && h('button', { type: 'button', class: 'button', onclick: retry }, say('retry'))));
}

/** @param {string} title @param {string} lead @param {...any} actions */
export function empty(title, lead, ...actions) {
  return h('div', { class: 'empty' }, h('h2', null, title), h('p', null, lead), h('p', { class: 'row center' }, actions));
}

/**
 * Loads into a place: skeleton, then content or an error with retry. A place that has moved on is left alone.
 * @param {HTMLElement} place @param {() => Promise<any>} fetcher @param {(data:any) => any} render @param {HTMLElement} [bones]
 */
export async function load(place, fetcher, render, bones = skeleton(5)) {
  const ticket = {};
  const any = /** @type {any} */ (place);
  any.deTicket = ticket;
  place.replaceChildren(bones);
  try {
    const data = await fetcher();
    if (any.deTicket !== ticket) return;
    const nodes = [render(data)].flat(Infinity).filter(Boolean);
    place.replaceChildren(...nodes);
  } catch (error) {
    if (any.deTicket === ticket) place.replaceChildren(errorBox(error, () => load(place, fetcher, render, bones)));
  }
}

let counter = 0;

/**
 * A labelled field with hint and room for its error.
 * @param {string} label @param {Record<string, any>} props of the input; `tag` for another element, `hint`, `value`
 */
export function field(label, { tag = 'input', hint, value = '', options, ...props }) {
  counter += 1;
  const id = `f${counter}`;
  const input = h(tag, { id, 'aria-describedby': `${id}-h ${id}-e`, ...props }, options && options.map((/** @type {[string,string]} */ [v, text]) => h('option', { value: v }, text)));
  input.value = value;
  const error = h('p', { class: 'field-error', id: `${id}-e`, hidden: true });
  const node = h('div', { class: 'field' }, h('label', { for: id }, label), hint && h('p', { class: 'hint', id: `${id}-h` }, hint), error, input);
  return {
    node,
    input,
    /** @param {string} text empty: no error */
    fail(text) {
      error.textContent = text;
      error.hidden = !text;
      input.toggleAttribute('aria-invalid', Boolean(text));
      if (text) input.focus();
    },
  };
}

/**
 * A form whose button is busy while it works and whose error stands above it.
 * @param {any[]} content @param {string} label @param {() => Promise<any>} work
 */
export function form(content, label, work) {
  const trouble = h('div');
  const button = h('button', { type: 'submit', class: 'button main' }, label);
  const node = h('form', { novalidate: true, onsubmit: async (/** @type {Event} */ e) => {
    e.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    trouble.replaceChildren();
    try { await work(); } catch (error) { trouble.replaceChildren(errorBox(error)); } finally { button.disabled = false; }
  } }, content, trouble, h('div', { class: 'row' }, button));
  return { node, button, trouble };
}

/** A message at the bottom that can be undone. @param {string} text @param {(() => void)|null} [undo] @param {(() => void)|null} [then] done when the time has passed */
export function toast(text, undo, then) {
  settleToasts();
  let open = true;
  const end = (/** @type {boolean} */ keep) => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    pending.delete(settle);
    node.remove();
    if (keep && then) then();
  };
  const settle = () => end(true);
  const node = h('div', { class: 'toast', role: 'status' }, h('span', null, text),
    undo && h('button', { type: 'button', class: 'button', onclick: () => { end(false); undo(); } }, say('undo')),
    h('button', { type: 'button', class: 'iconbutton', 'aria-label': say('close'), onclick: settle }, icon('close')));
  const timer = setTimeout(settle, undo ? 8000 : 4000);
  pending.add(settle);
  (document.getElementById('toasts') || document.body).append(node);
}

/** @type {Set<() => void>} */
const pending = new Set();

/** Carries out what still waits for its undo, before a page is left. */
export function settleToasts() { for (const settle of [...pending]) settle(); }

/** @param {string} text @param {any} button whose words say how it went */
export async function copy(text, button) {
  const before = button.textContent;
  try { await navigator.clipboard.writeText(text); button.textContent = say('copied'); } catch { toast(say('copyFailed')); return; }
  setTimeout(() => { button.textContent = before; }, 2000);
}

/** A share as a bar. @param {string} label @param {number} done @param {number} total 0: not known yet */
export function progress(label, done, total) {
  const bar = h('progress', { 'aria-label': label, max: total > 0 ? total : null });
  if (total > 0) bar.value = Math.min(done, total);
  return bar;
}
