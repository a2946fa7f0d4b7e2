// @ts-check
/** The report of a crawl: one line per address with its reason, filterable. */
import { h } from '../dom.js';
import { moment, num, reasonOf, say, sayOr } from '../i18n.js';

const STEP = 100;
/** What needs attention first, what was left out last. */
const ORDER = ['gone', 'missed', 'failed', 'indexed', 'unchanged', 'duplicate', 'skipped'];

/** @param {any} data @returns {any[]} */
export function report(data) {
  const place = (/** @type {any} */ row) => ORDER.indexOf(row.outcome);
  const rows = [...(data.urls || [])].sort((a, b) => place(a) - place(b));
  if (!rows.length) return [h('p', { class: 'muted' }, say('noReport'))];
  let outcome = '';
  let words = '';
  let shown = STEP;
  /** @type {Record<string, number>} */
  const counts = {};
  for (const row of rows) counts[row.outcome] = (counts[row.outcome] || 0) + 1;
  const body = h('tbody');
  const more = h('button', { type: 'button', class: 'button', onclick: () => { shown += STEP; draw(); } }, say('more'));
  const none = h('p', { class: 'muted' }, say('noMatch'));
  const draw = () => {
    const match = rows.filter((/** @type {any} */ r) => (!outcome || r.outcome === outcome) && (!words || `${r.url} ${r.title || ''} ${reasonOf(r)}`.toLowerCase().includes(words)));
    body.replaceChildren(...match.slice(0, shown).map((/** @type {any} */ r) => h('tr', null,
      h('td', { class: 'break' }, r.title && h('div', null, r.title), /^https?:/.test(r.url) ? h('a', { class: 'small', href: r.url, target: '_blank', rel: 'noopener noreferrer' }, r.url) : r.url),
      h('td', null, h('span', { class: `tag ${r.outcome}` }, sayOr(`out_${r.outcome}`, r.outcome))),
      h('td', { class: 'break' }, reasonOf(r)),
      h('td', { class: 'n' }, r.chunks ? num(r.chunks) : ''))));
    more.hidden = match.length <= shown;
    none.hidden = match.length > 0;
  };
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': say('filter') });
  const chip = (/** @type {string} */ value, /** @type {string} */ text, /** @type {number} */ n) => h('button', { type: 'button', 'aria-pressed': String(outcome === value), onclick: (/** @type {any} */ e) => {
    outcome = value;
    shown = STEP;
    for (const other of chips.children) other.setAttribute('aria-pressed', String(other === e.currentTarget));
    draw();
  } }, `${text} ${num(n)}`);
  chips.append(chip('', say('all'), rows.length), ...Object.entries(counts).map(([name, n]) => chip(name, sayOr(`out_${name}`, name), n)));
  draw();
  return [
    h('p', { class: 'muted small' }, `${say('reportLead')} ${data.finished_at ? say('asOf', { time: moment(data.finished_at) }) : ''}`),
    h('div', { class: 'row' }, chips, h('input', { type: 'search', 'data-search': true, placeholder: say('filter'), 'aria-label': say('filter'), oninput: (/** @type {any} */ e) => { words = e.target.value.trim().toLowerCase(); shown = STEP; draw(); } })),
    h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': say('report') }, h('table', null, h('thead', null, h('tr', null, ['url', 'outcome', 'reason', 'chunks'].map((key) => h('th', { scope: 'col', class: key === 'chunks' ? 'n' : null }, say(key))))), body)),
    none, h('p', null, more),
  ];
}
