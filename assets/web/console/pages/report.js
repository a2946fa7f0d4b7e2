// @ts-check
/** The report of a crawl: one line per address with its reason, searched and filtered by the server, page by page. */
import { get, url } from '../api.js';
import { errorBox, h } from '../dom.js';
import { locale, moment, num, reasonOf, say, sayOr } from '../i18n.js';

const STEP = 100;
/** A search waits for a pause in typing. */
const PAUSE_MS = 250;
/** How often the report of a crawl under way is read again. */
const LIVE_MS = 3000;
/** What needs attention first, what was left out last. */
const ORDER = ['gone', 'missed', 'failed', 'indexed', 'unchanged', 'duplicate', 'skipped'];

/**
 * The report of a source, kept up to date while it is read.
 * @param {string} source @param {{words?:string}} [options] words to search for from the start
 */
export function report(source, { words = '' } = {}) {
  const wanted = { q: words, outcome: '', change: '', code: '', duplicates: '' };
  const lead = h('p', { class: 'muted small', 'aria-live': 'polite' });
  const trouble = h('div');
  const hosts = h('div');
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': say('outcome') });
  const code = h('select', { 'aria-label': say('reason'), onchange: (/** @type {any} */ e) => { wanted.code = e.target.value; read(); } });
  const body = h('tbody');
  const none = h('p', { class: 'muted', hidden: true }, say('noMatch'));
  const more = h('button', { type: 'button', class: 'button', onclick: () => read(cursor) }, say('more'));
  const all = h('div', { hidden: true });
  let cursor = '';
  let turn = 0;
  let group = '';
  /** @type {any} */
  let timer = 0;

  const read = async (/** @type {string} */ from = '') => {
    clearTimeout(timer);
    turn += 1;
    const mine = turn;
    const query = new URLSearchParams({ limit: String(STEP) });
    for (const [name, value] of Object.entries({ ...wanted, cursor: from })) if (value) query.set(name, value);
    try {
      const data = await get(`${url`/sources/${source}/report`}?${query}`);
      if (mine !== turn) return;
      trouble.replaceChildren();
      draw(data, Boolean(from));
    } catch (error) { if (mine === turn) trouble.replaceChildren(errorBox(error, () => read(from))); }
  };

  const choose = (/** @type {Record<string,string>} */ change) => {
    Object.assign(wanted, { outcome: '', change: '', code: '', duplicates: '' }, change);
    read();
  };
  const chip = (/** @type {Record<string,string>} */ what, /** @type {string} */ text, /** @type {number} */ n) => {
    const on = ['outcome', 'change', 'duplicates'].every((name) => (what[name] || '') === /** @type {any} */ (wanted)[name]);
    return h('button', { type: 'button', 'aria-pressed': String(on), onclick: () => choose(what) }, `${text} ${num(n)}`);
  };

  const draw = (/** @type {any} */ data, /** @type {boolean} */ added) => {
    const counts = data.counts || {};
    const sum = Object.values(counts).reduce((a, b) => a + b, 0);
    const running = data.state === 'running';
    lead.replaceChildren(...[
      running ? say('reportLive') : data.finished_at ? say('asOf', { time: moment(data.finished_at) }) : '',
      changesOf(data.changes), data.next_crawl ? say('nextCrawl', { time: moment(data.next_crawl) }) : '',
    ].filter(Boolean).flatMap((text, i) => (i ? [' · ', text] : [text])));
    hosts.replaceChildren(...[
      data.failure && h('p', { class: 'warn small' }, say('lastFailed', { time: moment(data.failure.at), reason: data.failure.detail })),
      ...(data.hosts || []).filter((/** @type {any} */ host) => host.is_slow || host.failed).map((/** @type {any} */ host) => h('p', { class: 'warn small' },
        say('hostTrouble', { host: host.host, failed: num(host.failed), n: num(host.requests), seconds: num(host.mean_ms / 1000, 1), slowest: num(host.slowest_ms / 1000, 1) }))),
    ].filter(Boolean));
    chips.replaceChildren(chip({}, say('all'), sum),
      ...(data.changes?.new && data.changes.new < sum ? [chip({ change: 'new' }, say('out_new'), data.changes.new)] : []),
      ...(data.changes?.changed ? [chip({ change: 'changed' }, say('out_changed'), data.changes.changed)] : []),
      ...ORDER.filter((name) => counts[name]).map((name) => chip({ outcome: name }, say(`out_${name}`), counts[name])),
      ...(data.duplicates ? [chip({ duplicates: 'true' }, say('sameContent'), data.duplicates)] : []));
    const codes = Object.entries(data.skipped || {}).sort((a, b) => b[1] - a[1]);
    code.replaceChildren(h('option', { value: '' }, say('everyReason')), ...codes.map(([name, n]) => h('option', { value: name, selected: name === wanted.code ? true : null }, `${reasonOf({ code: name })} (${num(n)})`)));
    code.hidden = codes.length < 2;
    if (!added) { body.replaceChildren(); group = ''; }
    body.append(...(data.urls || []).flatMap(lines));
    cursor = data.next_cursor || '';
    more.hidden = !cursor;
    none.textContent = say(sum ? 'noMatch' : running ? 'reportSoon' : 'noReport');
    none.hidden = body.childElementCount > 0;
    all.hidden = false;
    // Whoever has read on is not taken back to the top.
    if (running && !added) timer = setTimeout(() => { if (all.isConnected) read(); }, LIVE_MS);
  };

  const lines = (/** @type {any} */ row) => {
    const head = wanted.duplicates && row.of !== group;
    group = row.of;
    const link = (/** @type {string} */ to) => (/^https?:/.test(to) ? h('a', { class: 'small', href: to, target: '_blank', rel: 'noopener noreferrer' }, to) : to);
    return [head && h('tr', { class: 'group' }, h('th', { scope: 'rowgroup', colspan: 4, class: 'break' }, say('countsAs'), ' ', link(row.of))),
      h('tr', null,
        h('td', { class: 'break' }, row.title && h('div', null, row.title), link(row.url)),
        h('td', null, h('span', { class: `tag ${row.outcome}` }, sayOr(`out_${row.change || row.outcome}`, row.outcome))),
        h('td', { class: 'break' }, row.outcome === 'duplicate' && row.of ? say('sameAs', { of: row.of }) : reasonOf(row)),
        h('td', { class: 'n' }, row.chunks ? num(row.chunks) : ''))].filter(Boolean);
  };

  const search = h('input', { type: 'search', 'data-search': true, value: words, placeholder: say('filter'), 'aria-label': say('filter'), oninput: (/** @type {any} */ e) => {
    clearTimeout(timer);
    timer = setTimeout(() => { wanted.q = e.target.value.trim(); read(); }, PAUSE_MS);
  } });
  all.append(
    h('p', { class: 'muted small' }, say('reportLead')), lead, hosts, chips,
    h('div', { class: 'row filters' }, search, code, h('a', { class: 'button', href: `/api/v1${url`/sources/${source}/report.csv`}?locale=${locale()}`, download: true }, say('asCsv'))),
    h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': say('report') }, h('table', null, h('thead', null, h('tr', null, ['url', 'outcome', 'reason', 'chunks'].map((key) => h('th', { scope: 'col', class: key === 'chunks' ? 'n' : null }, say(key))))), body)),
    none, h('p', null, more));
  read();
  return [trouble, all];
}

/** "3 neu, 1 geändert" @param {any} changes */
function changesOf(changes) {
  return ['new', 'changed', 'missed', 'gone'].filter((name) => changes?.[name]).map((name) => say(`n_${name}`, { n: num(changes[name]) })).join(', ');
}

/** The line of one document: finds its source, then shows the report at its address. @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function line(place, [slug, id], context) {
  get(url`/sites/${slug}/documents/${id}`).then((doc) => {
    location.replace(doc.source_id ? url`#/sites/${slug}/sources/${doc.source_id}/${doc.key}` : url`#/sites/${slug}/documents/${id}`);
  }, (error) => { place.append(errorBox(error, () => context.go(url`#/sites/${slug}/documents/${id}`))); });
}
