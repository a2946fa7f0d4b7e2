// @ts-check
/** Every page and file of a site with what became of it; a row opens beside the list. */
import { del, get, patch, post, url } from '../api.js';
import { empty, errorBox, h, icon, load, skeleton, toast } from '../dom.js';
import { follow } from '../jobs.js';
import { day, num, reasonOf, say, sayOr } from '../i18n.js';
import { pane as documentPane } from './document.js';
import { siteHead } from './overview.js';
import { uploader } from './upload.js';

const STATES = ['all', 'indexed', 'indexed_with_warnings', 'excluded', 'gone', 'copy', 'failed', 'deleted'];
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
const stateName = (state) => (state === 'all' ? say('all') : state === 'failed' ? say('out_failed') : sayOr(`state_${state}`, state));

/** What an editor should know, in the reader's language. @param {any} d @returns {string[]} */
export const notesOf = (d) => d.notes?.map((/** @type {any} */ note) => reasonOf({ code: note.code, reason: note.text })) || d.warnings || [];

/** @param {any} d */
export const tags = (d) => [h('span', { class: `tag ${d.state}` }, stateName(d.state)), ' ', d.edited && h('span', { class: 'tag edited' }, say('editedTag')), ' ', d.edited?.source_changed_at && h('span', { class: 'tag gone' }, say('sourceChangedTag'))];

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function documents(place, [slug, open], context) {
  /** What is asked for. @type {Record<string, string>} */
  const wanted = {};
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
  const inText = h('input', { type: 'checkbox' });
  const ask = () => {
    const words = search.value.trim();
    delete wanted.q;
    delete wanted.text;
    if (words) wanted[inText.checked ? 'text' : 'q'] = words;
    first();
  };
  let timer = 0;
  search.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 250); });
  inText.addEventListener('change', ask);
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': say('state') }, STATES.map((name) => h('button', { type: 'button', 'data-state': name, 'aria-pressed': String(name === 'all'), onclick: (/** @type {any} */ e) => {
    if (name === 'all') delete wanted.state; else wanted.state = name;
    for (const chip of chips.children) chip.setAttribute('aria-pressed', String(chip === e.currentTarget));
    first();
  } }, stateName(name))));
  const choices = h('div', { class: 'row tools', hidden: true });
  const sent = uploader(slug, () => { first(); context.reload().catch(() => {}); });
  const again = h('button', { type: 'button', class: 'linkbutton', onclick: () => reindex(Object.fromEntries(['state', 'source', 'language', 'format', 'q'].filter((key) => wanted[key]).map((key) => [key, wanted[key]]))) }, say('reindexShown'));
  place.append(siteHead(context, slug, say('documents')), sent.node,
    h('div', { class: 'row tools' }, search, h('label', { class: 'check small' }, inText, say('inText'))), h('div', { class: 'row tools' }, chips), choices, split);

  /** A choice per kind of thing there is more than one of. @param {any} facets */
  const drawChoices = (facets) => {
    for (const chip of chips.children) {
      const name = chip.dataset.state;
      const n = name === 'all' ? 0 : (facets.states?.[name] || 0) + (name === 'indexed' ? facets.states?.indexed_with_warnings || 0 : 0);
      chip.replaceChildren(stateName(name), n ? h('span', { 'aria-hidden': 'true' }, ` ${num(n)}`) : '');
      chip.hidden = !n && name !== 'all' && name !== 'indexed' && name !== 'excluded' && wanted.state !== name;
    }
    const choice = (/** @type {string} */ name, /** @type {Record<string, number>} */ counts, /** @type {(value:string) => string} */ words) => {
      const names = Object.keys(counts || {});
      if (names.length < 2 && !wanted[name]) return null;
      const select = h('select', { onchange: (/** @type {any} */ e) => { if (e.target.value) wanted[name] = e.target.value; else delete wanted[name]; first(); } },
        h('option', { value: '' }, say('all')), names.map((value) => h('option', { value }, `${words(value)} (${num(counts[value])})`)));
      select.value = wanted[name] || '';
      return h('label', { class: 'pick small' }, say(`filter_${name}`), ' ', select);
    };
    const found = [choice('format', facets.formats, (value) => sayOr(`format_${value}`, value)), choice('language', facets.languages, (value) => sayOr(`language_${value}`, value)),
      choice('source', facets.sources, (value) => sourceNames[value] || value),
      (facets.edited > 0 || wanted.edited) && h('label', { class: 'check small' }, h('input', { type: 'checkbox', checked: wanted.edited ? true : null, onchange: (/** @type {any} */ e) => { if (e.target.checked) wanted.edited = 'true'; else delete wanted.edited; first(); } }), say('onlyEdited', { n: num(facets.edited) }))].filter(Boolean);
    choices.replaceChildren(...found);
    choices.hidden = !found.length;
  };
  /** @type {Record<string, string>} */
  const sourceNames = {};
  get(url`/sites/${slug}/sources`).then((data) => { for (const s of data.sources || []) sourceNames[s.id] = s.url; if (docs.length && latest) drawChoices(latest); }).catch(() => {});
  /** @type {any} */
  let latest = null;

  const fetchPage = (/** @type {string} */ from) => get(`${url`/sites/${slug}/documents`}?${new URLSearchParams({ limit: '50', ...wanted, ...(from ? { cursor: from } : {}) })}`);
  const take = (/** @type {any} */ data, /** @type {boolean} */ fresh) => {
    docs = fresh ? data.documents : docs.concat(data.documents);
    cursor = data.next_cursor || '';
    total = data.total ?? docs.length;
    latest = data.facets || {};
    drawChoices(latest);
    return table();
  };
  const first = () => load(list, () => fetchPage(''), (data) => take(data, true), skeleton(8));
  const redraw = () => list.replaceChildren(...[table()].flat());

  const table = () => {
    const rows = docs.filter((d) => !removed.has(d.id || d.key));
    if (!rows.length) return Object.keys(wanted).length ? [h('p', { class: 'muted' }, say('noMatch'))] : [empty(say('emptyDocs'), say('emptyDocsLead'), h('a', { class: 'button main', href: url`#/sites/${slug}/sources` }, say('sources')))];
    const more = h('button', { type: 'button', class: 'button', onclick: async () => {
      more.disabled = true;
      try { take(await fetchPage(cursor), false); redraw(); } catch (error) { more.before(errorBox(error)); more.disabled = false; }
    } }, say('more'));
    return [
      wanted.state === 'deleted' && h('p', { class: 'small' }, say('deletedLead')),
      h('p', { class: 'muted small', 'aria-live': 'polite' }, say('total', { n: num(total - removed.size) })),
      wanted.state !== 'deleted' && wanted.state !== 'failed' && !wanted.text && !wanted.edited && h('p', { class: 'row small' }, again, h('a', { href: url`#/sites/${slug}/audit` }, say('audit'))),
      h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': say('documents') }, h('table', null,
        h('thead', null, h('tr', null, h('th', { scope: 'col' }, say('title')), h('th', { scope: 'col' }, say('state')), h('th', { scope: 'col', class: 'n' }, say('chunks')), h('th', { scope: 'col' }, say('date')), h('th', { scope: 'col' }, h('span', { class: 'sr' }, say('rowActions'))))),
        h('tbody', null, rows.map((d) => (d.id ? row(d) : absent(d)))))),
      cursor && h('p', null, more),
    ].filter(Boolean);
  };
  const row = (/** @type {any} */ d) => h('tr', { class: d.id === selected ? 'on' : null },
    h('td', { class: 'break' }, h('button', { type: 'button', class: 'linkbutton', 'aria-current': d.id === selected ? 'true' : null, onclick: () => show(d.id) }, d.title || d.key), h('div', { class: 'small warn' }, notesOf(d).join(', '))),
    h('td', null, tags(d)),
    h('td', { class: 'n' }, num(d.chunks), d.embedded < d.chunks && h('span', { class: 'muted small', title: say('notEmbedded') }, ` (${num(d.embedded)})`)),
    h('td', { class: 'nowrap' }, day(d.updated_at || d.ingested_at)),
    h('td', { class: 'nowrap' }, actions(d)));
  /** A page or file without a document. @param {any} d */
  const absent = (d) => h('tr', null,
    h('td', { class: 'break' }, h('div', null, d.title || d.key), d.title !== d.key && h('div', { class: 'small muted' }, d.key), d.state === 'failed' && h('div', { class: 'small warn' }, reasonOf(d))),
    h('td', null, tags(d)), h('td'), h('td', { class: 'nowrap' }, day(d.at)),
    h('td', { class: 'nowrap' }, h('button', { type: 'button', class: 'linkbutton', 'aria-label': `${say(d.state === 'deleted' ? 'allowAgain' : 'dismiss')}: ${d.title}`, onclick: () => allow(d) }, say(d.state === 'deleted' ? 'allowAgain' : 'dismiss'))));
  const allow = async (/** @type {any} */ d) => {
    try {
      await post(url`/sites/${slug}/documents/allow`, { key: d.key });
      docs = docs.filter((x) => x !== d);
      total -= 1;
      redraw();
      if (d.state === 'deleted') toast(say('allowedToast', { title: d.title }));
    } catch (error) { toast(/** @type {any} */ (error).words || String(error)); }
  };
  const actions = (/** @type {any} */ d) => [
    d.state !== 'failed' && h('button', { type: 'button', class: 'linkbutton', 'aria-label': `${say(OUT.includes(d.state) ? 'include' : 'exclude')}: ${d.title}`, onclick: () => setExcluded(slug, d, !OUT.includes(d.state), () => { redraw(); if (selected === d.id) show(d.id); }) }, say(OUT.includes(d.state) ? 'include' : 'exclude')), ' ',
    h('button', { type: 'button', class: 'linkbutton danger', 'aria-label': `${say('remove')}: ${d.title}`, onclick: () => remove(d) }, say('remove')),
  ];
  const remove = (/** @type {any} */ d) => {
    removed.add(d.id);
    if (selected === d.id) close();
    redraw();
    toast(say(d.source_id ? 'removeSoonSource' : 'removeSoon', { title: d.title, n: num(d.chunks) }), () => { removed.delete(d.id); redraw(); }, async () => {
      try {
        await del(url`/sites/${slug}/documents/${d.id}`, { keepalive: true });
        docs = docs.filter((x) => x.id !== d.id);
        total -= 1;
      } catch (error) { toast(/** @type {any} */ (error).words || String(error)); }
      removed.delete(d.id);
      if (list.isConnected) redraw();
    });
  };

  /** Reads documents again. @param {any} what the filter, or `{ids}` */
  const reindex = async (what) => {
    try {
      const { job_id: job } = await post(url`/sites/${slug}/documents/reindex`, what);
      follow(job);
      toast(say('reindexToast'));
    } catch (error) { toast(/** @type {any} */ (error).words || String(error)); }
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
    pane.onkeydown = (/** @type {KeyboardEvent} */ e) => { if (e.key === 'Escape' && !/^(INPUT|TEXTAREA)$/.test(/** @type {any} */ (e.target).tagName)) close(); };
    documentPane(inner, slug, id, { tags, reindex: () => reindex({ ids: [id] }), actions: (/** @type {any} */ d) => actions(docs.find((x) => x.id === d.id) || d), changed: (/** @type {any} */ d) => {
      const at = docs.findIndex((x) => x.id === d.id);
      if (at >= 0) docs[at] = d;
      if (docs.length) redraw();
    } });
  };
  first();
  if (open) show(open);
  return () => sent.leave();
}
