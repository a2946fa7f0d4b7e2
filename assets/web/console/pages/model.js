// @ts-check
/** The embedding model of a site: which one it uses, and a change from one to another, step by step. */
import { get, post, url } from '../api.js';
import { errorBox, field, h, load, progress, toast } from '../dom.js';
import { moment, num, say } from '../i18n.js';
import { follow, isOver, jobLine, onJob } from '../jobs.js';

/** @typedef {{items:number, hit_at_1:number, hit_at_5:number, mrr_at_10:number}} Figures */

const percent = (/** @type {number} */ share) => `${num(Math.round(share * 100))} %`;
const nameOf = (/** @type {string} */ model) => (model === 'built-in' ? say('modelBuiltIn') : model);

/** The figures of both models side by side. @param {any} report */
function figures(report) {
  const row = (/** @type {string} */ label, /** @type {(side:any) => string} */ of) => h('tr', null, h('th', { scope: 'row' }, label), h('td', { class: 'n' }, of(report.old)), h('td', { class: 'n' }, of(report.new)));
  const of = (/** @type {'meaning'|'both'|'questions'} */ what, /** @type {keyof Figures} */ key) => (/** @type {any} */ side) => percent(side[what][key]);
  return h('div', null,
    h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': say('modelFigures') }, h('table', null,
      h('thead', null, h('tr', null, h('th', { scope: 'col' }, say('modelFigures')), h('th', { scope: 'col', class: 'n' }, say('modelOld')), h('th', { scope: 'col', class: 'n' }, say('modelNew')))),
      h('tbody', null,
        row(say('modelFirst'), of('both', 'hit_at_1')),
        row(say('modelFive'), of('both', 'hit_at_5')),
        row(say('modelFirstMeaning'), of('meaning', 'hit_at_1')),
        row(say('modelFiveMeaning'), of('meaning', 'hit_at_5')),
        report.old.questions && row(say('modelFirstSet'), of('questions', 'hit_at_1')),
        report.old.questions && row(say('modelFiveSet'), of('questions', 'hit_at_5'))))),
    h('p', { class: 'muted small' }, say('modelMethod', { n: num(report.old.both.items) })),
    h('p', { class: report.worse ? 'warn' : 'muted' }, say(report.worse ? 'modelWorse' : 'modelNotWorse')));
}

/** @param {string} slug @returns {HTMLElement} a section of the settings that keeps itself up to date */
export function modelSection(slug) {
  const body = h('div');
  const section = h('section', { class: 'model-choice', 'aria-labelledby': 'model-title' }, h('h2', { id: 'model-title' }, say('model')), h('p', { class: 'muted' }, say('modelLead')), body);
  const fetch = () => get(url`/sites/${slug}/model`);
  const draw = () => load(body, fetch, view);

  /** @param {string} action @param {any} button @param {string} [to] */
  const step = async (action, button, to) => {
    button.disabled = true;
    try {
      await post(url`/sites/${slug}/model`, to ? { action, to } : { action });
      toast(say('saved'));
      draw();
    } catch (error) {
      button.disabled = false;
      button.parentElement.before(errorBox(error));
    }
  };
  const act = (/** @type {string} */ action, /** @type {string} */ label, main = false) => h('button', { type: 'button', class: main ? 'button main' : 'button', onclick: (/** @type {any} */ e) => step(action, e.currentTarget) }, label);

  /** @param {any} state */
  function view(state) {
    const change = state.switch;
    const used = h('p', null, say('modelUsed'), ' ', h('strong', null, nameOf(state.model)));
    if (!change) {
      const others = state.models.filter((/** @type {string} */ name) => name !== state.model);
      if (!others.length) return [used, h('p', { class: 'muted' }, say('modelNone')), h('pre', { class: 'code', tabindex: '0' }, 'dialogengine model import FOLDER')];
      const choice = field(say('modelOther'), { tag: 'select', options: others.map((/** @type {string} */ name) => [name, nameOf(name)]), value: others[0] });
      const away = h('p', { class: 'warn' }, say('modelRemote'));
      const warn = () => { away.hidden = !state.remote.includes(choice.input.value); };
      choice.input.addEventListener('change', warn);
      warn();
      return [used, choice.node, away, h('p', { class: 'muted' }, say('modelBegin')), h('p', { class: 'row' }, h('button', { type: 'button', class: 'button', onclick: (/** @type {any} */ e) => step('switch', e.currentTarget, choice.input.value) }, say('modelCompare')))];
    }
    if (change.stage === 'embedding') return [used, running(change)];
    const accepted = change.stage === 'accepted';
    const names = { from: nameOf(change.from), to: nameOf(change.to) };
    return [used, h('p', null, say(accepted ? 'modelAccepted' : 'modelReady', { ...names, when: moment(change.changed_at) })),
      change.report && figures(change.report),
      h('p', { class: 'row' }, accepted ? act('undo', say('modelUndo', names)) : act('accept', say('modelAccept', names), true),
        act('forget', say(accepted ? 'modelForgetOld' : 'modelForgetNew', names)))];
  }

  /** @param {any} change */
  function running(change) {
    const line = h('p', { role: 'status' }, say('modelReading', { to: nameOf(change.to) }));
    const bar = h('div', null, progress(say('model'), 0, 0));
    if (change.job) {
      follow(change.job);
      const end = onJob((job) => {
        if (!section.isConnected) return end();
        if (job.id !== change.job) return undefined;
        line.textContent = `${say('modelReading', { to: nameOf(change.to) })} ${jobLine(job)}`;
        bar.replaceChildren(progress(say('model'), job.done, job.total));
        if (isOver(job)) { end(); draw(); }
        return undefined;
      });
    }
    return h('div', null, line, bar, h('p', { class: 'row' }, act('forget', say('modelStop'))));
  }

  draw();
  return section;
}
