// @ts-check
/** All websites with their state, as of now. */
import { empty, h, load, skeleton } from '../dom.js';
import { moment, num, say, time } from '../i18n.js';
import { onJob, isOver } from '../jobs.js';

/** What could not be read, "PDF 3, DOCX 1". @param {any} site */
export function notRead(site) {
  const list = Object.entries(site.not_read || {}).filter(([, n]) => n).map(([kind, n]) => `${kind} ${num(n)}`).join(', ');
  return list ? say('notRead', { list }) : '';
}

/** One line about a site, for the head of its pages. @param {any} site */
export function siteLine(site) {
  return [`${num(site.documents)} ${say('figDocuments')}`, `${num(site.chunks)} ${say('figChunks')}`,
    site.pending_vectors ? `${num(site.pending_vectors)} ${say('figPending')}` : '',
    site.last_crawl ? say('lastCrawl', { time: moment(site.last_crawl) }) : say('neverCrawled'), notRead(site)].filter(Boolean).join(' · ');
}

/** @param {import('../main.js').Context} context @param {string} slug @param {string} title */
export function siteHead(context, slug, title) {
  const site = context.sites.find((s) => s.slug === slug);
  return h('header', { class: 'pagehead' }, h('p', { class: 'muted small' }, site ? site.name : slug), h('h1', null, title), site && h('p', { class: 'muted small state', 'data-state-of': slug }, siteLine(site)));
}

/** @param {HTMLElement} place @param {string[]} _ @param {import('../main.js').Context} context */
export function overview(place, _, context) {
  const body = h('div');
  place.append(h('header', { class: 'pagehead' }, h('h1', null, say('overview'))), body);
  const draw = () => load(body, () => context.reload(), (sites) => (sites.length ? [
    h('div', { class: 'cards' }, sites.map(card)),
    h('p', { class: 'row' }, h('a', { class: 'button main', href: '#/new' }, say('newSite')), h('span', { class: 'muted small' }, say('asOf', { time: time(new Date()) }))),
  ] : empty(say('emptySites'), say('emptySitesLead'), h('a', { class: 'button main', href: '#/new' }, say('newSite')))), skeleton(2, 'tiles'));
  draw();
  return onJob((job) => { if (isOver(job)) context.reload().then(() => draw()).catch(() => {}); });
}

/** @param {any} site */
function card(site) {
  const base = `#/sites/${encodeURIComponent(site.slug)}`;
  const figure = (/** @type {any} */ value, /** @type {string} */ name) => h('div', null, h('dd', null, num(value)), h('dt', null, name));
  return h('section', { class: 'card', 'aria-label': site.name },
    h('h2', null, h('a', { href: `${base}/try` }, site.name || site.slug)),
    h('dl', { class: 'figures' }, figure(site.documents, say('figDocuments')), figure(site.chunks, say('figChunks')),
      site.pending_vectors > 0 && figure(site.pending_vectors, say('figPending')), site.excluded > 0 && figure(site.excluded, say('figExcluded')), site.gone > 0 && figure(site.gone, say('figGone'))),
    site.pending_vectors > 0 && h('p', { class: 'small warn' }, say('searchable')),
    h('p', { class: 'small' }, site.last_crawl ? say('lastCrawl', { time: moment(site.last_crawl) }) : say('neverCrawled')),
    notRead(site) && h('p', { class: 'small warn' }, notRead(site)),
    h('p', { class: 'row links' }, ['try', 'documents', 'sources', 'settings', 'snippet'].map((name) => h('a', { href: `${base}/${name}` }, say(name))),
      h('a', { href: `/s/${encodeURIComponent(site.slug)}`, target: '_blank', rel: 'noopener' }, say('sitePage'))));
}
