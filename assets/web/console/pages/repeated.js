// @ts-check
/** What stands on every page and is ignored there, and pages that repeat another; each with a way to have it back. */
import { get, patch, url } from '../api.js';
import { empty, h, load, toast } from '../dom.js';
import { num, say } from '../i18n.js';
import { follow, isOver, onJob } from '../jobs.js';
import { setExcluded } from './documents.js';
import { siteHead } from './overview.js';

/** A page as a link where it has an address. @param {string} key */
const pageLink = (key) => (/^https?:/.test(key) ? h('a', { href: key, target: '_blank', rel: 'noopener noreferrer' }, key) : key);

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function repeated(place, [slug], context) {
  const body = h('div');
  place.append(siteHead(context, slug, say('repeated')), h('p', null, say('repeatedLead')), body);

  const card = (/** @type {any} */ part) => {
    const button = h('button', { type: 'button', class: 'button', onclick: () => set(!part.kept) });
    const state = h('span', { class: 'small muted', 'aria-live': 'polite' });
    const show = () => {
      button.textContent = say(part.kept ? 'ignoreAgain' : 'restore');
      state.textContent = part.kept ? say('partKept') : '';
    };
    const set = async (/** @type {boolean} */ kept) => {
      button.disabled = true;
      try {
        const { job_id: job } = await patch(url`/sites/${slug}/repeated/${part.id}`, { source_id: part.source_id, kept });
        part.kept = kept;
        show();
        follow(job);
        toast(say(kept ? 'restoredToast' : 'ignoredToast'), () => set(!kept));
      } catch (error) { toast(/** @type {any} */ (error).words || String(error)); }
      button.disabled = false;
    };
    show();
    return h('section', { class: 'card wide', 'aria-label': part.text.slice(0, 60) },
      h('p', { class: 'pre' }, part.text),
      h('p', { class: 'small muted' }, say('onPages', { n: num(part.pages), total: num(part.of) })),
      h('dl', { class: 'facts small' }, h('dt', null, say('staysOn')), h('dd', { class: 'break' }, pageLink(part.home)), h('dt', null, say('ignoredOn')), h('dd', { class: 'break' }, pageLink(part.example))),
      h('p', { class: 'row' }, button, state));
  };
  const copies = h('div');
  place.append(h('h2', null, say('copies')), h('p', null, say('copiesLead')), copies);
  const rows = (/** @type {any[]} */ list) => h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': say('copies') }, h('table', null,
    h('thead', null, h('tr', null, ['copyPage', 'copyFoundUnder', 'reason'].map((key) => h('th', { scope: 'col' }, say(key))), h('th', { scope: 'col' }, h('span', { class: 'sr' }, say('rowActions'))))),
    h('tbody', null, list.map((copy) => h('tr', null, [copy, copy.of].map((/** @type {any} */ page) => h('td', { class: 'break' }, h('div', null, page.title), h('div', { class: 'small' }, pageLink(page.key)))), h('td', null, say(`code_${copy.why === 'same' ? 'near_duplicate' : 'part_of'}`)),
      h('td', { class: 'nowrap' }, h('button', { type: 'button', class: 'linkbutton', 'aria-label': `${say('include')}: ${copy.title}`, onclick: () => setExcluded(slug, copy, false, drawCopies) }, say('include'))))))));
  const drawCopies = () => load(copies, () => get(url`/sites/${slug}/copies`), (data) => (data.copies.length ? rows(data.copies) : h('p', { class: 'muted' }, say('emptyCopies'))));
  drawCopies();
  const draw = () => load(body, () => get(url`/sites/${slug}/repeated`), (data) => (data.parts.length ? data.parts.map(card) : [empty(say('emptyRepeated'), say('emptyRepeatedLead'))]));
  draw();
  return onJob((job) => { if (isOver(job) && ['crawl', 'repeated'].includes(job.kind)) { draw(); drawCopies(); } });
}
