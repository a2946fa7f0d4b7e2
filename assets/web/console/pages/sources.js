// @ts-check
/** The websites a site is read from, each with its last report. */
import { get, post, url } from '../api.js';
import { empty, errorBox, h, load } from '../dom.js';
import { moment, num, say } from '../i18n.js';
import { follow } from '../jobs.js';
import { siteHead } from './overview.js';
import { report } from './report.js';
import { addressForm } from './wizard.js';

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function sources(place, [slug, open], context) {
  const body = h('div');
  place.append(siteHead(context, slug, say('sources')), body);
  const add = () => {
    const { node, input } = addressForm(context, slug);
    adder.replaceChildren(h('h2', null, say('addSource')), node);
    input.focus();
  };
  const adder = h('div');
  const card = (/** @type {any} */ s) => {
    const lines = h('div');
    const show = () => load(lines, () => get(url`/sources/${s.id}/report`), report);
    const start = async (/** @type {any} */ e) => {
      const button = e.currentTarget;
      button.disabled = true;
      try {
        const { job_id: job } = await post(url`/sources/${s.id}/crawl`, {});
        const home = url`#/sites/${slug}/read/${s.id}/${job}`;
        follow(job, home);
        context.go(home);
      } catch (error) { button.disabled = false; lines.replaceChildren(errorBox(error)); }
    };
    const node = h('section', { class: 'card wide', 'aria-label': s.url },
      h('h2', { class: 'break' }, s.url),
      h('p', { class: 'small muted' }, [s.pages !== undefined && s.pages !== null ? say('pages', { n: num(s.pages) }) : '', s.last_crawl ? say('lastCrawl', { time: moment(s.last_crawl) }) : say('neverCrawled')].filter(Boolean).join(' · ')),
      s.include?.length > 0 && h('p', { class: 'small' }, say('onlyFolders', { list: s.include.join(', ') })),
      s.exclude?.length > 0 && h('p', { class: 'small' }, say('withoutFolders', { list: s.exclude.join(', ') })),
      h('p', { class: 'row' }, h('button', { type: 'button', class: 'button main', onclick: start }, say('crawlAgain')), h('button', { type: 'button', class: 'button', onclick: show }, say('report'))),
      lines);
    if (open === String(s.id)) show();
    return node;
  };
  load(body, () => get(url`/sites/${slug}/sources`), (data) => {
    const list = data.sources || [];
    const button = h('button', { type: 'button', class: 'button', onclick: add }, say('addSource'));
    return list.length ? [list.map(card), h('p', { class: 'row' }, button), adder] : [empty(say('emptySources'), say('emptySourcesLead'), button), adder];
  });
}
