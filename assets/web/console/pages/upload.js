// @ts-check
/** Files by drag and drop: what is sent, read, and found by words and by meaning. The work is the server's: a reload shows it again. */
import { ApiError, get, url } from '../api.js';
import { errorBox, h, icon, progress } from '../dom.js';
import { duration, num, reasonOf, say } from '../i18n.js';
import { isOver, stopJob } from '../jobs.js';

/** What one request carries at most; the server takes 64 MB. */
const BYTES_MAX = 40 * 1024 * 1024;
const FILES_MAX = 20;
/** How often a job is looked at. */
const LOOK_MS = 1000;
/** Finished uploads of so long ago are still shown after a reload. */
const RECENT_MS = 10 * 60 * 1000;
const PHASES = ['send', 'extract', 'words', 'vectors'];

/** @typedef {{files:{name:string, size:number}[], node:HTMLElement, update:(state:any) => void}} Batch */

/** Files in parts that fit into a request. @param {File[]} files @returns {File[][]} */
export function parts(files) {
  /** @type {File[][]} */
  const found = [];
  let bytes = 0;
  for (const file of files) {
    const last = found.at(-1);
    if (!last || last.length >= FILES_MAX || bytes + file.size > BYTES_MAX) { found.push([file]); bytes = file.size; } else { last.push(file); bytes += file.size; }
  }
  return found;
}

/** @param {string} slug @param {() => void} changed what was sent may be in the list now */
export function uploader(slug, changed) {
  const batches = h('div', { 'aria-live': 'polite' });
  const input = h('input', { type: 'file', multiple: true, class: 'sr', id: 'upload-files', onchange: () => { take([...input.files]); input.value = ''; } });
  const zone = h('div', { class: 'dropzone' }, icon('page'), h('span', null, say('dropFiles')), h('label', { class: 'button', for: 'upload-files' }, say('chooseFiles')), input);
  zone.addEventListener('dragover', (/** @type {DragEvent} */ e) => { e.preventDefault(); zone.classList.add('over'); });
  zone.addEventListener('dragleave', () => zone.classList.remove('over'));
  zone.addEventListener('drop', (/** @type {DragEvent} */ e) => { e.preventDefault(); zone.classList.remove('over'); take([...(e.dataTransfer?.files || [])]); });
  let left = false;
  let sending = 0;
  const warn = (/** @type {BeforeUnloadEvent} */ e) => { if (sending > 0) e.preventDefault(); };
  addEventListener('beforeunload', warn);

  /** @type {Promise<any>} */
  let queue = Promise.resolve();
  const take = (/** @type {File[]} */ files) => {
    for (const part of parts(files)) {
      const batch = draw(part);
      batches.prepend(batch.node);
      sending += 1;
      queue = queue.then(() => send(slug, part, batch)).then((id) => id && watch(id, batch), (error) => batch.update({ phase: 'send', error })).finally(() => { sending -= 1; });
    }
  };
  /** Follows a job without holding a connection open. @param {string} id @param {Batch} batch */
  const watch = (id, batch) => {
    const look = async () => {
      if (left) return;
      try {
        const job = await get(url`/jobs/${id}`);
        batch.update({ job });
        if (isOver(job)) { changed(); return; }
      } catch (error) { if (/** @type {any} */ (error).status) { batch.update({ error }); return; } }
      setTimeout(look, LOOK_MS);
    };
    look();
  };
  get(`/jobs?site=${encodeURIComponent(slug)}`).then((data) => {
    for (const job of data.jobs || []) {
      if (job.kind !== 'upload' || (isOver(job) && Date.now() - Date.parse(job.updated_at) > RECENT_MS)) continue;
      const batch = draw((job.files || []).map((/** @type {string} */ name) => ({ name, size: 0 })));
      batches.append(batch.node);
      batch.update({ job });
      if (!isOver(job)) watch(job.id, batch);
    }
  }).catch(() => {});
  return { node: h('section', { 'aria-label': say('upload') }, zone, batches), leave() { left = true; removeEventListener('beforeunload', warn); } };
}

/** Sends files and returns the number of their job; nothing when it was stopped. @param {string} slug @param {File[]} files @param {Batch} batch @returns {Promise<string>} */
function send(slug, files, batch) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    for (const file of files) form.append('file', file, file.name);
    const started = Date.now();
    request.upload.onprogress = (e) => {
      const seconds = e.loaded > 0 ? ((Date.now() - started) / 1000) * (e.total - e.loaded) / e.loaded : 0;
      batch.update({ phase: 'send', done: e.loaded, total: e.total, seconds, stop: () => request.abort() });
    };
    request.onload = () => {
      let data = null;
      try { data = JSON.parse(request.responseText); } catch { /* a proxy's page is no answer */ }
      if (request.status === 202 && data?.job_id) resolve(data.job_id); else reject(new ApiError(request.status, data));
    };
    request.onerror = () => reject(new ApiError(0, null));
    request.onabort = () => { batch.update({ stopped: true }); resolve(''); };
    request.open('POST', `/api/v1${url`/sites/${slug}/documents`}`);
    batch.update({ phase: 'send', done: 0, total: 0, stop: () => request.abort() });
    request.send(form);
  });
}

/** A part of the files, with the state of each. @param {{name:string, size:number}[]} files @returns {Batch} */
function draw(files) {
  const steps = h('ol', { class: 'phases' });
  const meter = h('div');
  const line = h('p', { class: 'muted small' });
  const trouble = h('div');
  const states = files.map(() => h('span', { class: 'tag' }, say('up_waiting')));
  const whys = files.map(() => h('div', { class: 'small' }));
  const stop = h('button', { type: 'button', class: 'button', hidden: true }, say('stop'));
  const away = h('button', { type: 'button', class: 'iconbutton', hidden: true, 'aria-label': say('close'), onclick: () => node.remove() }, icon('close'));
  const many = files.length > 5;
  const rows = h('ul', { class: 'uploads' }, files.map((file, i) => h('li', null, h('span', { class: 'grow break' }, file.name, whys[i]), states[i])));
  const node = h('div', { class: 'box' }, h('div', { class: 'row' }, h('strong', { class: 'grow' }, say('upFiles', { n: num(files.length) })), stop, away), steps, meter, line, trouble,
    many ? h('details', null, h('summary', null, say('upEach')), rows) : rows);
  const set = (/** @type {number} */ i, /** @type {string} */ outcome, /** @type {any} */ why) => {
    states[i].className = `tag ${outcome === 'failed' ? 'failed' : ['new', 'updated'].includes(outcome) ? 'indexed' : ''}`;
    states[i].textContent = say(`up_${outcome}`);
    whys[i].textContent = why || '';
  };
  const phaseIs = (/** @type {string} */ phase) => {
    const at = PHASES.indexOf(phase);
    steps.replaceChildren(...PHASES.map((name, i) => h('li', { class: i < at ? 'past' : i === at ? 'now' : '', 'aria-current': i === at ? 'step' : null }, say(`upPhase_${name}`))));
  };
  const end = () => { stop.hidden = true; away.hidden = false; meter.replaceChildren(); steps.replaceChildren(); };
  const update = (/** @type {any} */ now) => {
    if (now.error) { end(); trouble.replaceChildren(errorBox(now.error)); files.forEach((_, i) => set(i, 'failed', '')); return; }
    if (now.stopped) { end(); line.textContent = say('state_cancelled'); files.forEach((_, i) => set(i, 'stopped', '')); return; }
    if (!now.job) {
      phaseIs('send');
      stop.hidden = false;
      stop.onclick = now.stop;
      meter.replaceChildren(progress(say('upPhase_send'), now.done, now.total));
      line.textContent = now.seconds ? say('secondsLeft', { time: duration(now.seconds) }) : '';
      return;
    }
    const job = now.job;
    const results = job.result?.files || [];
    for (const [i, file] of files.entries()) {
      const result = results[i];
      const error = (job.errors || []).find((/** @type {any} */ e) => e.path === file.name);
      if (result) set(i, result.outcome, result.outcome === 'failed' ? reasonOf(result) : result.same_as ? say('upSameAs', { key: result.same_as }) : '');
      else if (error) set(i, 'failed', reasonOf(error));
      else if (isOver(job)) set(i, job.state === 'cancelled' ? 'stopped' : job.state === 'failed' ? 'failed' : 'read', '');
      else set(i, job.phase && (job.phase !== 'extract' || i < job.done) ? 'read' : 'waiting', '');
    }
    if (isOver(job)) {
      end();
      const failed = results.filter((/** @type {any} */ r) => r.outcome === 'failed').length;
      line.textContent = job.state !== 'done' ? say(`state_${job.state}`) : failed ? say('upDoneSome', { n: num(results.length - failed), total: num(results.length) }) : say('upDone');
      const whole = (job.errors || []).find((/** @type {any} */ e) => !e.path);
      if (whole) trouble.replaceChildren(h('p', { class: 'warn' }, reasonOf(whole)));
      return;
    }
    stop.hidden = false;
    stop.onclick = () => { stop.disabled = true; stop.textContent = say('stopping'); stopJob(job.id); };
    phaseIs(job.phase || 'extract');
    meter.replaceChildren(progress(say(`upPhase_${job.phase || 'extract'}`), job.done, job.total));
    line.textContent = [job.total > 0 ? say('ofTotal', { n: num(job.done), total: num(job.total) }) : '', job.state === 'queued' ? say('state_queued') : '', job.seconds_left ? say('secondsLeft', { time: duration(job.seconds_left) }) : ''].filter(Boolean).join(' · ');
  };
  phaseIs('send');
  return { files, node, update };
}
