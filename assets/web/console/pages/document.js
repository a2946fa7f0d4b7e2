// @ts-check
/** One document: what was read beside its original, its passages, and what an editor makes of it. */
import { get, patch, url } from '../api.js';
import { errorBox, field, form, h, load, toast } from '../dom.js';
import { day, moment, num, reasonOf, say, sayOr } from '../i18n.js';

/** @typedef {{reindex:() => void, tags:(d:any) => any, actions:(d:any) => any, changed:(d:any) => void}} Around */

/** @param {HTMLElement} place @param {string} slug @param {string} id @param {Around} around */
export function pane(place, slug, id, around) {
  const path = url`/sites/${slug}/documents/${id}`;
  const draftKey = `dialogengine:edit:${slug}:${id}`;
  const show = () => load(place, () => get(path), (d) => view(d));

  const view = (/** @type {any} */ d) => {
    const chunks = h('ol', { class: 'chunks' });
    const more = h('button', { type: 'button', class: 'button', hidden: true, onclick: async () => {
      more.disabled = true;
      try { add(await get(`${path}?from=${chunks.children.length}`)); } catch (error) { more.before(errorBox(error)); }
      more.disabled = false;
    } }, say('more'));
    const add = (/** @type {any} */ part) => {
      chunks.append(...part.chunks_list.map(passage));
      more.hidden = chunks.children.length >= d.chunks;
    };
    add(d);
    const edit = h('button', { type: 'button', class: 'button', onclick: () => editor() }, say('edit'));
    return [
      h('h2', null, d.title || d.key),
      h('p', { class: 'small break' }, d.url && /^https?:/.test(d.url) ? h('a', { href: d.url, target: '_blank', rel: 'noopener noreferrer' }, d.url) : d.key,
        d.source_id && !d.has_file && /^https?:/.test(d.key) && [' · ', h('a', { href: url`#/sites/${slug}/sources/${d.source_id}/${d.key}` }, say('reportLine'))],
        d.has_file && [' · ', h('a', { href: `/api/v1${path}/file`, download: true }, say('getFile'))]),
      h('p', { class: 'small muted' }, around.tags(d), ` ${say('nChunks', { n: num(d.chunks) })} · ${say('ingested', { time: moment(d.ingested_at) })}`),
      d.left_at ? h('p', { class: 'warn small' }, say('goneLead', { time: day(d.left_at) })) : d.missing_since && h('p', { class: 'warn small' }, say('missingLead', { time: day(d.missing_since) })),
      d.report ? reading(d.report) : d.warnings?.length > 0 && h('p', { class: 'warn small' }, `${say('warnings')}: ${d.warnings.map((/** @type {string} */ w) => sayOr(`code_${w}`, w)).join(', ')}`),
      d.also?.length > 0 && h('p', { class: 'small muted break' }, `${say('alsoAs')}: ${d.also.join(', ')}`),
      d.edited && override(d),
      h('p', { class: 'row' }, edit, h('button', { type: 'button', class: 'button', onclick: () => around.reindex() }, say('reindexOne')), around.actions(d)),
      d.chunks_list?.length ? [chunks, more] : h('p', { class: 'muted' }, say('docEmpty')),
    ];
  };
  const passage = (/** @type {any} */ c) => h('li', null, h('p', { class: 'small muted' }, (c.section || []).join(' › '), !c.embedded && ` · ${say('notEmbedded')}`), h('p', { class: 'pre' }, c.text));

  /** What an editor changed, and what the website says. @param {any} d */
  const override = (d) => {
    const original = h('div');
    const details = h('details', { ontoggle: () => { if (details.open && !original.firstChild) load(original, () => get(`${path}/text`), (text) => [h('h3', null, text.original?.title), h('p', { class: 'pre small' }, text.original?.text)]); } },
      h('summary', null, say('showOriginal')), original);
    return h('div', { class: 'box' },
      h('p', null, say('editedLead', { time: moment(d.edited.at), who: d.edited.by })),
      d.edited.source_changed_at && h('p', { class: 'warn' }, say('sourceChanged', { time: day(d.edited.source_changed_at) })),
      details,
      h('p', { class: 'row' }, h('button', { type: 'button', class: 'button', onclick: (/** @type {any} */ e) => save({ restore: true, version: d.version }, e.currentTarget, say('restored')) }, say('restore'))));
  };
  /** @param {any} body @param {HTMLButtonElement} button @param {string} words */
  const save = async (body, button, words) => {
    button.disabled = true;
    try {
      around.changed(await patch(path, body));
      toast(words);
      show();
    } catch (error) { button.disabled = false; button.before(errorBox(error)); }
  };

  const editor = () => load(place, () => get(`${path}/text`), (text) => {
    const kept = remembered(draftKey);
    const title = field(say('title'), { value: kept?.title ?? text.title, maxlength: '400' });
    const body = field(say('docText'), { tag: 'textarea', rows: '18', hint: say('docTextHint'), value: kept?.text ?? text.text });
    let version = kept?.version ?? text.version;
    const remember = () => { try { sessionStorage.setItem(draftKey, JSON.stringify({ title: title.input.value, text: body.input.value, version })); } catch { /* then for this page only */ } };
    title.input.addEventListener('input', remember);
    body.input.addEventListener('input', remember);
    const clash = h('div');
    const leave = () => { sessionStorage.removeItem(draftKey); show(); };
    const { node } = form([title.node, body.node, clash], say('save'), async () => {
      const changes = { ...(title.input.value !== text.title ? { title: title.input.value } : {}), ...(body.input.value.trim() !== text.text.trim() ? { text: body.input.value } : {}) };
      if (!Object.keys(changes).length) { leave(); return; }
      try {
        around.changed(await patch(path, { ...changes, version }));
      } catch (error) {
        if (/** @type {any} */ (error).code !== 'document_changed') throw error;
        clash.replaceChildren(both(await get(`${path}/text`)));
        return;
      }
      toast(say('saved'));
      leave();
    });
    /** Another's text below one's own: nothing is lost, the editor decides. @param {any} other */
    const both = (other) => h('div', { class: 'box bad', role: 'alert' }, h('div', null,
      h('p', null, say('editClash', { who: other.edited?.by || say('editClashWebsite') })),
      h('h3', null, other.title), h('p', { class: 'pre small otherstext' }, other.text),
      h('p', { class: 'row' }, h('button', { type: 'button', class: 'button', onclick: () => { version = other.version; text.title = other.title; text.text = other.text; remember(); clash.replaceChildren(h('p', { class: 'small' }, say('editMineNext'))); } }, say('editMine')),
        h('button', { type: 'button', class: 'button', onclick: leave }, say('editTheirs')))));
    return [h('h2', null, say('edit')), kept && h('p', { class: 'small warn' }, say('draft')), node, h('p', { class: 'row' }, h('button', { type: 'button', class: 'linkbutton', onclick: leave }, say('discard')))];
  });
  show();
}

/** What was read, and what not. @param {any} report */
function reading(report) {
  const fact = (/** @type {string} */ name, /** @type {any} */ value) => [h('dt', null, say(name)), h('dd', null, value)];
  const pages = (/** @type {number[]|undefined} */ list) => (list || []).map((n) => num(n)).join(', ');
  return h('details', { class: 'small', open: report.notes?.length > 0 },
    h('summary', null, say('reading_')),
    report.notes?.length > 0 && h('ul', { class: 'warn' }, report.notes.map((/** @type {any} */ note) => h('li', null, reasonOf({ code: note.code, reason: note.text })))),
    h('dl', { class: 'facts' }, report.format && fact('rep_format', String(report.format).toUpperCase()), report.pages > 0 && fact('rep_pages', num(report.pages)),
      report.pages_without_text?.length > 0 && fact('rep_without', pages(report.pages_without_text)), report.pages_unread?.length > 0 && fact('rep_unread', pages(report.pages_unread)),
      fact('rep_sections', num(report.sections)), report.tables > 0 && fact('rep_tables', num(report.tables)), fact('rep_characters', num(report.characters))));
}

/** @param {string} key */
function remembered(key) {
  try { return JSON.parse(sessionStorage.getItem(key) || 'null'); } catch { return null; }
}
