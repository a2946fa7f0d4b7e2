// @ts-check
/** Does what is found match what the sources say? Document by document, with a mend. */
import { post, url } from '../api.js';
import { errorBox, h, load } from '../dom.js';
import { num, say, sayOr } from '../i18n.js';
import { follow, isOver, jobErrors, jobOf, jobLine, onJob, openJob } from '../jobs.js';
import { siteHead } from './overview.js';

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function audit(place, [slug, id], context) {
  const home = id ? url`#/sites/${slug}/audit/${id}` : '';
  const body = h('div');
  place.append(siteHead(context, slug, say('audit')), h('p', { class: 'lede' }, say('auditLead')), body);
  const start = async (/** @type {any} */ e, /** @type {boolean} */ mend) => {
    const button = e.currentTarget;
    button.disabled = true;
    try {
      const { job_id: job } = await post(url`/sites/${slug}/audit`, { mend });
      const next = url`#/sites/${slug}/audit/${job}`;
      follow(job, next);
      context.go(next);
    } catch (error) { button.disabled = false; button.before(errorBox(error)); }
  };
  const again = () => h('button', { type: 'button', class: 'button main', onclick: (/** @type {any} */ e) => start(e, false) }, say('auditDo'));
  const draw = (/** @type {any} */ job) => {
    if (!isOver(job)) return [h('p', { role: 'status' }, `${say('auditRuns')} ${jobLine(job)}`), h('progress', { 'aria-label': say('auditRuns') })];
    const result = job.result;
    if (!result) return [jobErrors(job), h('p', { class: 'row' }, again())];
    const all = result.missing + result.stale + result.surplus;
    const figure = (/** @type {number} */ value, /** @type {string} */ name) => h('div', null, h('dd', null, num(value)), h('dt', null, name));
    return [
      h('div', { class: `box ${all ? '' : 'good'}` }, h('h2', null, all ? say('auditFound', { n: num(all) }) : say('auditGood', { n: num(result.documents) })),
        all > 0 && h('dl', { class: 'figures' }, figure(result.missing, say('audit_missing')), figure(result.stale, say('audit_stale')), figure(result.surplus, say('audit_surplus'))),
        result.mended ? h('p', null, say('auditMended', { n: num(result.mended.passages), jobs: num(result.mended.jobs.length) })) : all > 0 && h('p', null, say('auditMendLead')),
        h('p', { class: 'row' }, !result.mended && all > 0 && h('button', { type: 'button', class: 'button main', onclick: (/** @type {any} */ e) => start(e, true) }, say('auditMend')), h('button', { type: 'button', class: 'button', onclick: (/** @type {any} */ e) => start(e, false) }, say('auditAgain')))),
      all > 0 && h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': say('audit') }, h('table', null,
        h('thead', null, h('tr', null, ['title', 'outcome', 'reason'].map((key) => h('th', { scope: 'col' }, say(key))))),
        h('tbody', null, result.findings.map((/** @type {any} */ f) => h('tr', null,
          h('td', { class: 'break' }, f.document ? h('a', { href: url`#/sites/${slug}/documents/${f.document}` }, f.title || f.key || f.document) : f.title || f.key, f.key && f.title && h('div', { class: 'small muted' }, f.key)),
          h('td', null, h('span', { class: `tag ${f.kind === 'missing' ? 'failed' : 'gone'}` }, say(`audit_${f.kind}`))),
          h('td', null, sayOr(`audit_${f.place}_${f.kind}`, f.detail), f.mend === 'none' && h('div', { class: 'small muted' }, say('auditByHand')))))))),
      all > result.findings.length && h('p', { class: 'muted' }, say('auditMore', { n: num(result.findings.length) })),
    ];
  };
  if (!id) { body.append(h('p', { class: 'row' }, again())); return undefined; }
  load(body, () => openJob(id, home).catch((error) => { if (error.status === 404) return null; throw error; }), (job) => (job ? draw(jobOf(id) || job) : [h('p', null, say('jobGone')), h('p', { class: 'row' }, again())]));
  return onJob((job) => { if (job.id === id) body.replaceChildren(...draw(job).flat(Infinity).filter(Boolean)); });
}
