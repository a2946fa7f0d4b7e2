// @ts-check
/** All documents of a site; a row opens beside the list. */
import { del, get, patch, url } from '../api.js';
import { empty, errorBox, h, icon, load, skeleton, toast } from '../dom.js';
import { day, moment, num, say, sayOr } from '../i18n.js';
import { siteHead } from './overview.js';

const STATES = ['all', 'indexed', 'excluded', 'gone', 'copy', 'failed'];
/** States that searches do not see, and that an editor can end. */
export const OUT = ['excluded', 'gone', 'copy'];

/** Excludes or includes a document, with a way back. @param {string} slug @param {any} doc @param {boolean} excluded @param {() => void} then */
export async function setExcluded(slug, doc, excluded, then) {
  try {
    await patch(url`/sites/${slug}/documents/${doc.id}`, { excluded });
    doc.state = excluded ? 'excluded' : 'indexed';
    then();
    toast(say(excluded ? 'excludedToast' : 'includedToast', { title: doc.title }), () => setExcluded(slug, doc, !excluded, then));
  } catch (error) { toast(/** @type {any} */ (error).words || String(error)); }
}

/** @param {string} state */
const stateTag = (state) => h('span', { class: `tag ${state}` }, state === 'failed' ? say('out_failed') : sayOr(`state_${state}`, state));

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function documents(place, [slug, open], context) {
  let query = '';
  let state = 'all';
  let selected = open;
  let total = 0;
  /** @type {any[]} */
  let docs = [];
  let cursor = '';
  const removed = new Set();
  const list = h('div');
  const pane = h('section', { class: 'pane', hidden: true, 'aria-label': say('docTitle') });
  const split = h('div', { class: 'split' }, list, pane);
  const search = h('input', { type: 'search', 'data-search': true, placeholder: `${say('docSearch')}  /`, 'aria-label': say('docSearch') });
  let timer = 0;
  search.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => { query = search.value.trim(); first(); }, 250); });
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': say('state') }, STATES.map((name) => h('button', { type: 'button', 'aria-pressed': String(name === state), onclick: (/** @type {any} */ e) => {
    state = name;
    for (const chip of chips.children) chip.setAttribute('aria-pressed', String(chip === e.currentTarget));
    first();
  } }, name === 'all' ? say('all') : name === 'failed' ? say('out_failed') : say(`state_${name}`))));
  place.append(siteHead(context, slug, say('documents')), h('div', { class: 'row tools' }, search, chips), split);

  const fetchPage = (/** @type {string} */ from) => get(`${url`/sites/${slug}/documents`}?${new URLSearchParams({ limit: '50', state, ...(query ? { q: query } : {}), ...(from ? { cursor: from } : {}) })}`);
  const take = (/** @type {any} */ data, /** @type {boolean} */ fresh) => {
    docs = fresh ? data.documents : docs.concat(data.documents);
    cursor = data.next_cursor || '';
    total = data.total ?? docs.length;
    return table();
  };
  const first = () => load(list, () => fetchPage(''), (data) => take(data, true), skeleton(8));
  const redraw = () => list.replaceChildren(...[table()].flat());

  const table = () => {
    const rows = docs.filter((d) => !removed.has(d.id));
    if (!rows.length) return query || state !== 'all' ? [h('p', { class: 'muted' }, say('noMatch'))] : [empty(say('emptyDocs'), say('emptyDocsLead'), h('a', { class: 'button main', href: url`#/sites/${slug}/sources` }, say('sources')))];
    const more = h('button', { type: 'button', class: 'button', onclick: async () => {
      more.disabled = true;
      try { take(await fetchPage(cursor), false); redraw(); } catch (error) { more.before(errorBox(error)); more.disabled = false; }
    } }, say('more'));
    return [
      h('p', { class: 'muted small', 'aria-live': 'polite' }, say('total', { n: num(total - removed.size) })),
      h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': say('documents') }, h('table', null,
        h('thead', null, h('tr', null, h('th', { scope: 'col' }, say('title')), h('th', { scope: 'col' }, say('state')), h('th', { scope: 'col', class: 'n' }, say('chunks')), h('th', { scope: 'col' }, say('date')), h('th', { scope: 'col' }, h('span', { class: 'sr' }, say('rowActions'))))),
        h('tbody', null, rows.map(row)))),
      cursor && h('p', null, more),
    ].filter(Boolean);
  };
  const row = (/** @type {any} */ d) => h('tr', { class: d.id === selected ? 'on' : null },
    h('td', { class: 'break' }, h('button', { type: 'button', class: 'linkbutton', 'aria-current': d.id === selected ? 'true' : null, onclick: () => show(d.id) }, d.title || d.key), d.warnings?.length > 0 && h('div', { class: 'small warn' }, d.warnings.map((/** @type {string} */ w) => sayOr(`code_${w}`, w)).join(', '))),
    h('td', null, stateTag(d.state)),
    h('td', { class: 'n' }, num(d.chunks), d.embedded < d.chunks && h('span', { class: 'muted small', title: say('notEmbedded') }, ` (${num(d.embedded)})`)),
    h('td', { class: 'nowrap' }, day(d.updated_at || d.ingested_at)),
    h('td', { class: 'nowrap' }, actions(d)));
  const actions = (/** @type {any} */ d) => [
    d.state !== 'failed' && h('button', { type: 'button', class: 'linkbutton', 'aria-label': `${say(OUT.includes(d.state) ? 'include' : 'exclude')}: ${d.title}`, onclick: () => setExcluded(slug, d, !OUT.includes(d.state), () => { redraw(); if (selected === d.id) show(d.id); }) }, say(OUT.includes(d.state) ? 'include' : 'exclude')), ' ',
    h('button', { type: 'button', class: 'linkbutton danger', 'aria-label': `${say('remove')}: ${d.title}`, onclick: () => remove(d) }, say('remove')),
  ];
  const remove = (/** @type {any} */ d) => {
    removed.add(d.id);
    if (selected === d.id) close();
    redraw();
    toast(say('removeSoon', { title: d.title, n: num(d.chunks) }), () => { removed.delete(d.id); redraw(); }, async () => {
      try {
        await del(url`/sites/${slug}/documents/${d.id}`, { keepalive: true });
        docs = docs.filter((x) => x.id !== d.id);
        total -= 1;
      } catch (error) { toast(/** @type {any} */ (error).words || String(error)); }
      removed.delete(d.id);
      if (list.isConnected) redraw();
    });
  };

  const close = () => {
    selected = '';
    pane.hidden = true;
    split.classList.remove('open');
    history.replaceState(null, '', url`#/sites/${slug}/documents`);
    if (docs.length) redraw();
  };
  const show = (/** @type {string} */ id) => {
    selected = id;
    history.replaceState(null, '', url`#/sites/${slug}/documents/${id}`);
    if (docs.length) redraw();
    pane.hidden = false;
    split.classList.add('open');
    const inner = h('div');
    pane.replaceChildren(h('div', { class: 'panehead' }, h('button', { type: 'button', class: 'iconbutton', 'aria-label': say('close'), onclick: close }, icon('close'))), inner);
    pane.onkeydown = (/** @type {KeyboardEvent} */ e) => { if (e.key === 'Escape') close(); };
    load(inner, () => get(url`/sites/${slug}/documents/${id}`), (d) => [
      h('h2', null, d.title || d.key),
      h('p', { class: 'small break' }, d.url && /^https?:/.test(d.url) ? h('a', { href: d.url, target: '_blank', rel: 'noopener noreferrer' }, d.url) : d.key,
        d.source_id && [' · ', h('a', { href: url`#/sites/${slug}/sources/${d.source_id}/${d.key}` }, say('reportLine'))]),
      h('p', { class: 'small muted' }, stateTag(d.state), ` ${say('nChunks', { n: num(d.chunks) })} · ${say('ingested', { time: moment(d.ingested_at) })}`),
      d.left_at ? h('p', { class: 'warn small' }, say('goneLead', { time: day(d.left_at) })) : d.missing_since && h('p', { class: 'warn small' }, say('missingLead', { time: day(d.missing_since) })),
      d.warnings?.length > 0 && h('p', { class: 'warn small' }, `${say('warnings')}: ${d.warnings.map((/** @type {string} */ w) => sayOr(`code_${w}`, w)).join(', ')}`),
      h('p', { class: 'row' }, actions(docs.find((x) => x.id === d.id) || d)),
      d.chunks_list?.length ? h('ol', { class: 'chunks' }, d.chunks_list.slice(0, 300).map((/** @type {any} */ c) => h('li', null, h('p', { class: 'small muted' }, (c.section || []).join(' › '), !c.embedded && ` · ${say('notEmbedded')}`), h('p', { class: 'pre' }, c.text)))) : h('p', { class: 'muted' }, say('docEmpty')),
    ]);
  };
  first();
  if (open) show(open);
}
