// @ts-check
/** The websites a site is read from, each with its last report. */
import { get, patch, post, url } from '../api.js';
import { empty, errorBox, field, form, h, load, toast } from '../dom.js';
import { moment, num, say, sayOr } from '../i18n.js';
import { follow } from '../jobs.js';
import { siteHead } from './overview.js';
import { report } from './report.js';
import { addressForm } from './wizard.js';

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function sources(place, [slug, open, words], context) {
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
    const show = (/** @type {string} */ about = '') => lines.replaceChildren(...report(s.id, { words: about }));
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
    const due = h('span', { class: 'small muted', 'aria-live': 'polite' });
    const showDue = () => { due.textContent = s.next_crawl ? say('nextCrawl', { time: moment(s.next_crawl) }) : ''; };
    const names = ['off', 'hourly', 'daily', 'weekly'];
    const now = s.schedule || 'off';
    const choice = /** @type {HTMLSelectElement} */ (h('select', { onchange: async () => {
      choice.disabled = true;
      try {
        Object.assign(s, await patch(url`/sources/${s.id}`, { schedule: choice.value }));
        showDue();
      } catch (error) { choice.value = s.schedule || 'off'; toast(/** @type {any} */ (error).words || String(error)); }
      choice.disabled = false;
    } }, [...names, ...(names.includes(now) ? [] : [now])].map((name) => h('option', { value: name, selected: name === now ? true : null }, sayOr(`every_${name}`, name)))));
    showDue();
    const node = h('section', { class: 'card wide', 'aria-label': s.url },
      h('h2', { class: 'break' }, s.url),
      h('p', { class: 'small muted' }, [s.kind && s.kind !== 'website' ? say(`kind_${s.kind}`) : '', s.pages !== undefined && s.pages !== null ? say('pages', { n: num(s.pages) }) : '', s.last_crawl ? say('lastCrawl', { time: moment(s.last_crawl) }) : say('neverCrawled')].filter(Boolean).join(' · ')),
      s.include?.length > 0 && h('p', { class: 'small' }, say('onlyFolders', { list: s.include.join(', ') })),
      s.exclude?.length > 0 && h('p', { class: 'small' }, say('withoutFolders', { list: s.exclude.join(', ') })),
      h('p', { class: 'row' }, h('button', { type: 'button', class: 'button main', onclick: start }, say('crawlAgain')), h('button', { type: 'button', class: 'button', onclick: () => show() }, say('report'))),
      h('p', { class: 'row' }, h('label', null, say('readAgain'), ' ', choice), due),
      s.failure && h('p', { class: 'warn small' }, say('lastFailed', { time: moment(s.failure.at), reason: s.failure.detail })),
      signIn(s),
      lines);
    if (open === String(s.id)) show(words);
    return node;
  };
  load(body, () => get(url`/sites/${slug}/sources`), (data) => {
    const list = data.sources || [];
    const button = h('button', { type: 'button', class: 'button', onclick: add }, say('addSource'));
    return list.length ? [list.map(card), h('p', { class: 'row' }, button), adder] : [empty(say('emptySources'), say('emptySourcesLead'), button), adder];
  });
}

/** How a source signs in; the password itself is never shown again. @param {any} source */
function signIn(source) {
  const state = h('span', { class: 'muted small' });
  const show = () => { state.textContent = source.sign_in ? ` – ${say(`sign_${source.sign_in}`)}` : ''; off.hidden = !source.sign_in; };
  const user = field(say('userName'), { type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: 200 });
  const password = field(say('password'), { type: 'password', autocomplete: 'new-password', hint: say('signInHint') });
  const send = async (/** @type {any} */ body) => {
    Object.assign(source, await patch(url`/sources/${source.id}`, { sign_in: body }));
    password.input.value = '';
    show();
    toast(say('saved'));
  };
  const off = h('button', { type: 'button', class: 'button', onclick: () => send({ kind: 'none' }).catch((e) => toast(e.words || String(e))) }, say('signInOff'));
  const { node } = form([user.node, password.node], say('save'), () => send({ kind: 'basic', user: user.input.value.trim(), password: password.input.value }));
  show();
  return h('details', null, h('summary', null, say('signInThere'), state), node, h('p', { class: 'row' }, off));
}
