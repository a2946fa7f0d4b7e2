// @ts-check
/** Long work in one place: follows every running job and survives navigation and reload. */
import { del, get, url } from './api.js';
import { h, icon, progress, toast } from './dom.js';
import { duration, num, reasonOf, say, sayOr } from './i18n.js';

/** @typedef {{id:string, kind:string, site?:string, state:string, phase:string, done:number, total:number, seconds_left?:number|null, errors:any[], result?:any, source_id?:string}} Job */

/** @type {Map<string, Job>} */
const jobs = new Map();
/** @type {Map<string, EventSource>} */
const streams = new Map();
/** @type {Set<(job: Job) => void>} */
const listeners = new Set();
/** @type {Map<string, string>} where a job is shown in full */
const homes = new Map();
/** Finished jobs stay until they are put away. @type {Set<string>} */
const shown = new Set();

export const isOver = (/** @type {Job} */ job) => ['done', 'failed', 'cancelled'].includes(job.state);
export const jobOf = (/** @type {string} */ id) => jobs.get(id);

/** @param {(job: Job) => void} listener @returns {() => void} ends it */
export function onJob(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @param {Job} job */
function hear(job) {
  const before = jobs.get(job.id);
  jobs.set(job.id, job);
  if (!isOver(job) || before) shown.add(job.id);
  if (isOver(job)) {
    streams.get(job.id)?.close();
    streams.delete(job.id);
    // What went well need not be put away by hand; a failure waits until it was seen.
    if (job.state !== 'failed') setTimeout(() => putAway(job.id), 10000);
  }
  for (const listener of listeners) listener(job);
  draw();
}

/** Follows a job to its end. @param {string} id @param {string} [home] hash of the page that shows it */
export function follow(id, home) {
  if (home) homes.set(id, home);
  if (streams.has(id)) return;
  const stream = new EventSource(`/api/v1${url`/jobs/${id}/events`}`);
  streams.set(id, stream);
  stream.addEventListener('job', (e) => { try { hear(JSON.parse(/** @type {MessageEvent} */ (e).data)); } catch { /* a cut event comes again */ } });
  // The browser reconnects by itself; a job that is gone must not be asked for for ever.
  stream.onerror = async () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    streams.delete(id);
    try {
      const job = await get(url`/jobs/${id}`);
      hear(job);
      if (!isOver(job)) setTimeout(() => follow(id), 3000);
    } catch { /* gone or away: the next visit asks again */ }
  };
}

/** After signing in: what is already running. */
export async function startJobs() {
  try {
    const list = await get('/jobs');
    for (const job of list.jobs || []) if (!isOver(job)) { jobs.set(job.id, job); shown.add(job.id); follow(job.id); }
    draw();
  } catch { /* the bar stays empty; pages show the error */ }
}

/** @param {string} id */
export async function stopJob(id) {
  try { await del(url`/jobs/${id}`); } catch (error) { toast(/** @type {any} */ (error).words || String(error)); }
}

/** "Seiten laden · 120 von 412 · noch etwa 4 Minuten" @param {Job} job */
export function jobLine(job) {
  if (isOver(job)) return say(`state_${job.state}`);
  const parts = [sayOr(`phase_${job.phase}`, job.phase)];
  if (job.total > 0) parts.push(say('ofTotal', { n: num(job.done), total: num(job.total) }));
  if (job.state === 'queued') parts.push(say('state_queued'));
  else if (job.seconds_left) parts.push(say('secondsLeft', { time: duration(job.seconds_left) }));
  return parts.join(' · ');
}

const bar = h('div', { class: 'jobs', id: 'jobs', role: 'region', hidden: true });

/** The bar itself, put into the shell once. */
export function jobBar() { bar.setAttribute('aria-label', say('jobs')); return bar; }

/** @type {Map<string, {node:HTMLElement, line:HTMLElement, meter:HTMLElement, state:string}>} */
const rows = new Map();

/** @param {string} id */
function putAway(id) {
  shown.delete(id);
  rows.get(id)?.node.remove();
  rows.delete(id);
  draw();
}

addEventListener('hashchange', () => draw());

function draw() {
  for (const id of shown) {
    const job = /** @type {Job} */ (jobs.get(id));
    let row = rows.get(id);
    if (!row || row.state !== job.state) {
      row?.node.remove();
      const over = isOver(job);
      const name = `${sayOr(`job_${job.kind}`, say('job_other'))}${job.site ? ` – ${job.site}` : ''}`;
      const line = h('span', { class: 'muted' });
      const meter = h('span', { class: 'meter' });
      const node = h('div', { class: `job ${job.state}` }, icon(job.state === 'done' ? 'check' : job.state === 'failed' ? 'warn' : 'restart'),
        h('div', { class: 'grow' }, h('strong', null, name), ' ', line, meter),
        homes.has(id) && h('a', { class: 'button', href: homes.get(id) }, say('open')),
        over ? h('button', { type: 'button', class: 'iconbutton', 'aria-label': say('close'), onclick: () => putAway(id) }, icon('close'))
          : h('button', { type: 'button', class: 'button', onclick: (/** @type {any} */ e) => { e.currentTarget.disabled = true; e.currentTarget.textContent = say('stopping'); stopJob(id); } }, say('stop')));
      row = { node, line, meter, state: job.state };
      rows.set(id, row);
      bar.append(node);
    }
    // The page that shows this job in full needs no second copy of it.
    row.node.hidden = homes.get(id) === location.hash;
    row.line.textContent = jobLine(job);
    row.meter.replaceChildren(isOver(job) ? '' : progress(sayOr(`phase_${job.phase}`, job.phase), job.done, job.total));
  }
  bar.hidden = [...rows.values()].every((row) => row.node.hidden);
}

/** Gets a job as it is now and follows it. @param {string} id @param {string} home */
export async function openJob(id, home) {
  const job = await get(url`/jobs/${id}`);
  jobs.set(id, job);
  if (!isOver(job)) { homes.set(id, home); follow(id, home); }
  return /** @type {Job} */ (job);
}

/** Errors of a job as a list. @param {Job} job */
export function jobErrors(job) {
  const errors = job.errors || [];
  if (!errors.length) return null;
  return h('details', { class: 'box', open: errors.length <= 3 }, h('summary', null, `${say('out_failed')}: ${num(errors.length)}`), h('ul', null, errors.slice(0, 200).map((e) => h('li', null, [e.path, reasonOf(e)].filter(Boolean).join(' – ')))));
}
