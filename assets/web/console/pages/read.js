// @ts-check
/** One job of a source in full: searching pages, choosing folders, reading, report. Survives a reload. */
import { post, url } from '../api.js';
import { errorBox, h, load, progress } from '../dom.js';
import { duration, num, say, sayOr } from '../i18n.js';
import { follow, isOver, jobErrors, jobOf, jobLine, onJob, openJob, stopJob } from '../jobs.js';
import { siteHead } from './overview.js';
import { report } from './report.js';

const PHASES = ['fetch', 'extract', 'words', 'vectors'];

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function read(place, [slug, source, id], context) {
  const home = url`#/sites/${slug}/read/${source}/${id}`;
  const body = h('div');
  place.append(siteHead(context, slug, say('readNow')), body);
  let state = '';
  /** @type {((job:any) => void)|null} */
  let update = null;
  const draw = (/** @type {any} */ job) => {
    const now = `${job.kind}/${job.state}`;
    // The same news again must not take away what was chosen meanwhile.
    if (now === state) { update?.(job); return null; }
    state = now;
    update = null;
    if (!isOver(job)) { const live = running(job, id, source); update = live.update; return live.node; }
    if (job.state === 'failed') return failed(job);
    if (job.phase === 'discover' || job.kind === 'discover') return found(job);
    return finished(job);
  };
  const failed = (/** @type {any} */ job) => [h('h2', null, say('readFailed')), jobErrors(job), h('p', { class: 'row' }, again('discover'))];

  /** @param {'discover'|'crawl'} what @param {any} [body_] */
  const start = async (what, body_ = {}) => {
    const { job_id: job } = await post(`${url`/sources/${source}`}/${what}`, body_);
    const next = url`#/sites/${slug}/read/${source}/${job}`;
    follow(job, next);
    context.go(next);
  };
  const again = (/** @type {'discover'|'crawl'} */ what) => h('button', { type: 'button', class: 'button', onclick: () => start(what).catch((e) => body.prepend(errorBox(e))) }, say('searchAgain'));

  /** @param {any} job */
  const found = (job) => {
    const result = job.result || {};
    if (job.state === 'cancelled') return [h('h2', null, say('readCancelled')), h('p', { class: 'row' }, again('discover'))];
    if (!result.pages_found) return [h('h2', null, say('foundNone')), h('p', null, say('foundNoneLead')), jobErrors(job), h('p', { class: 'row' }, again('discover'))];
    const folders = (result.folders || []).filter((/** @type {any} */ f) => f.path !== '/');
    const chosen = () => [...list.querySelectorAll('input:checked')].map((box) => /** @type {HTMLInputElement} */ (box).value);
    const sum = h('p', { class: 'muted', 'aria-live': 'polite' });
    const count = () => {
      const paths = chosen();
      const pages = paths.length ? folders.filter((/** @type {any} */ f) => paths.includes(f.path)).reduce((/** @type {number} */ n, /** @type {any} */ f) => n + f.pages, 0) : result.pages_found;
      const share = result.pages_found ? pages / result.pages_found : 1;
      sum.textContent = `${say('selected', { n: num(pages) })}. ${result.expected_seconds ? say('foundLead', { time: duration(result.expected_seconds * share) }) : ''}`;
    };
    const list = h('div', { class: 'folders' }, folders.map((/** @type {any} */ f) => h('label', { class: 'check' }, h('input', { type: 'checkbox', value: f.path, onchange: count }), h('span', { class: 'grow' }, f.path), h('span', { class: 'muted' }, say('folderPages', { n: num(f.pages) })))));
    count();
    const go = h('button', { type: 'button', class: 'button main', onclick: () => {
      go.disabled = true;
      const paths = chosen();
      start('crawl', paths.length ? { include: paths } : {}).catch((error) => { go.disabled = false; go.parentElement.before(errorBox(error)); });
    } }, say('startReading'));
    return [h('h2', null, say('foundPages', { n: num(result.pages_found) })), h('p', { class: 'muted' }, result.start_url),
      folders.length > 0 && h('fieldset', null, h('legend', null, say('folders')), h('p', { class: 'hint' }, say('foldersHint')), list), sum, h('p', { class: 'row' }, go)];
  };

  /** @param {any} job */
  const finished = (job) => {
    context.reload().catch(() => {});
    const lines = h('div');
    lines.append(...report(source));
    const base = url`#/sites/${slug}`;
    return [h('div', { class: `box ${job.state === 'done' ? 'good' : ''}` }, h('h2', null, say(job.state === 'done' ? 'readDone' : 'readCancelled')),
      job.state === 'cancelled' && h('p', null, say('readCancelledLead')),
      h('p', { class: 'row' }, h('a', { class: 'button main', href: `${base}/try` }, say('tryNow')), h('a', { class: 'button', href: `${base}/snippet` }, say('getSnippet')))),
    jobErrors(job), h('h2', null, say('report')), lines];
  };

  // An event may have been faster than this answer: draw the newest state from scratch.
  load(body, () => openJob(id, home).catch((error) => { if (error.status === 404) return null; throw error; }), (job) => {
    if (!job) return [h('p', null, say('jobGone')), h('p', { class: 'row' }, again('discover'))];
    state = '';
    return draw(jobOf(id) || job);
  });
  return onJob((job) => {
    if (job.id !== id) return;
    const nodes = draw(job);
    if (nodes) body.replaceChildren(...[nodes].flat().filter(Boolean));
  });
}

/** A job that runs, drawn once and then only updated. @param {any} job @param {string} id @param {string} source */
function running(job, id, source) {
  const searching = job.phase === 'discover' || job.kind === 'discover';
  const line = h('p', { class: 'muted' });
  const bar = h('div');
  const steps = h('ol', { class: 'phases' });
  const stop = h('button', { type: 'button', class: 'button', onclick: () => { stop.disabled = true; stop.textContent = say('stopping'); stopJob(id); } }, say('stop'));
  const update = (/** @type {any} */ now) => {
    line.textContent = jobLine(now);
    bar.replaceChildren(progress(sayOr(`phase_${now.phase}`, now.phase), now.done, now.total));
    if (!searching) {
      const at = PHASES.indexOf(now.phase);
      steps.replaceChildren(...PHASES.map((name, i) => h('li', { class: i < at ? 'past' : i === at ? 'now' : '', 'aria-current': i === at ? 'step' : null }, say(`phase_${name}`))));
    }
  };
  update(job);
  const node = h('div', { class: 'box' }, h('h2', null, say(searching ? 'discovering' : 'reading')), h('p', null, say(searching ? 'discoveringLead' : 'readingLead')), !searching && steps, bar, line, h('p', { class: 'row' }, stop));
  return { node: searching ? node : [node, h('h2', null, say('report')), ...report(source)], update };
}
