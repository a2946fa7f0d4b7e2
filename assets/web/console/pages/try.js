// @ts-check
/** Ask like a visitor, and see what the answer rests on. */
import { AnswerView } from '../../widget/v1/answer.js';
import { replay } from '../../widget/v1/stream.js';
import { accentCss, CSS, dress } from '../../widget/v1/style.js';
import { speaker } from '../../widget/v1/words.js';
import { get, post, url } from '../api.js';
import { errorBox, h, skeleton } from '../dom.js';
import { locale, num, say, sayOr } from '../i18n.js';
import { setExcluded } from './documents.js';
import { siteHead } from './overview.js';

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function tryPage(place, [slug], context) {
  const input = h('input', { type: 'text', 'data-search': true, maxlength: 1000, autocomplete: 'off', 'aria-label': say('question'), placeholder: say('question') });
  const button = h('button', { type: 'submit', class: 'button main' }, say('ask'));
  const result = h('div', { 'aria-live': 'polite' });
  const form = h('form', { class: 'askrow', onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); ask(input.value); } }, input, button);
  place.append(siteHead(context, slug, say('try')), h('p', { class: 'muted' }, say('tryLead')), form, result);
  input.focus();

  const ask = async (/** @type {string} */ question) => {
    const text = question.trim();
    if (!text) return;
    input.value = text;
    button.disabled = true;
    result.replaceChildren(skeleton(4));
    try {
      const answer = await post(url`/sites/${slug}/ask`, { question: text, explain: true, stream: false, locale: locale() });
      if (result.isConnected) result.replaceChildren(...show(answer));
    } catch (error) { result.replaceChildren(errorBox(error, () => ask(text))); }
    button.disabled = false;
  };

  /** @param {any} answer */
  const show = (answer) => {
    const host = h('div');
    const root = host.attachShadow({ mode: 'open' });
    dress(root, CSS);
    dress(root, accentCss(null));
    const view = new AnswerView({ say: speaker(locale()), locale: locale(), ask });
    replay(answer, (name, data) => {
      if (name === 'block') view.block(String(data.id), data.block);
      else if (name === 'citation') view.cite(data);
      else if (name === 'done') view.finish();
    });
    root.append(h('div', { class: `page ${answer.outcome}` }, view.node));
    return [
      h('section', { class: 'answerbox' }, h('h2', { class: 'sr' }, say('answer')), h('p', { class: 'small' }, h('span', { class: `tag ${answer.outcome}` }, sayOr(`outcome_${answer.outcome}`, answer.outcome)), h('span', { class: 'muted' }, ` ${say('engine', { engine: answer.engine })}`)), host,
        answer.citations?.length > 0 && h('ul', { class: 'small' }, answer.citations.map((/** @type {any} */ c) => h('li', null, `[${c.n}] `, c.title, ' · ', h('a', { href: url`#/sites/${slug}/line/${c.document_id}` }, say('reportLine')))))),
      ...explain(slug, answer.explain),
    ];
  };

  get(url`/sites/${slug}`).then((site) => {
    if (result.firstChild || !site.suggestions?.length) return;
    result.replaceChildren(h('p', { class: 'muted' }, say('emptyTry')), h('p', { class: 'chips' }, site.suggestions.slice(0, 6).map((/** @type {string} */ q) => h('button', { type: 'button', onclick: () => ask(q) }, q))));
  }, () => {});
}

/** @param {string} slug @param {any} explain @returns {any[]} */
function explain(slug, explain) {
  if (!explain) return [];
  const gate = explain.gate || {};
  const yes = gate.score >= gate.threshold;
  const features = Object.entries(gate.features || {});
  return [
    h('h2', null, say('why')),
    h('section', { class: 'box' }, h('h3', null, say('gate')),
      h('p', null, say(yes ? 'gateYes' : 'gateNo')),
      gate.score !== undefined && h('p', null, h('meter', { class: 'gate', min: 0, max: 1, low: gate.threshold, value: gate.score, 'aria-label': say('gateScore') }), ` ${say('gateScore')} ${num(gate.score, 2)} · ${say('gateThreshold')} ${num(gate.threshold, 2)}`),
      features.length > 0 && h('details', null, h('summary', null, say('features')), h('dl', { class: 'facts' }, features.map(([name, value]) => [h('dt', null, name), h('dd', null, typeof value === 'number' ? num(value, 3) : String(value))])))),
    h('h3', null, say('hits')),
    explain.hits?.length ? h('ol', { class: 'hits' }, explain.hits.map((/** @type {any} */ hit) => hitRow(slug, hit))) : h('p', { class: 'muted' }, say('noHits')),
  ];
}

/** @param {string} slug @param {any} hit */
function hitRow(slug, hit) {
  const doc = { id: hit.document_id, title: hit.title, state: 'indexed' };
  const rank = (/** @type {any} */ r) => (r ? say('rankScore', { rank: num(r.rank), score: num(r.score, 2) }) : say('none'));
  const button = h('button', { type: 'button', class: 'button', onclick: () => setExcluded(slug, doc, doc.state !== 'excluded', () => {
    const out = doc.state === 'excluded';
    button.textContent = say(out ? 'include' : 'excludePage');
    row.classList.toggle('out', out);
  }) }, say('excludePage'));
  const row = h('li', null,
    h('p', null, h('a', { href: url`#/sites/${slug}/documents/${hit.document_id}` }, hit.title || hit.url), ' ', h('span', { class: 'muted small' }, (hit.section || []).join(' › '))),
    h('p', { class: 'pre' }, hit.text),
    h('dl', { class: 'ranks small' }, h('dt', null, say('byWords')), h('dd', null, rank(hit.ranks?.words)), h('dt', null, say('byMeaning')), h('dd', null, rank(hit.ranks?.vector))),
    hit.also?.length > 0 && h('p', { class: 'small muted' }, say('alsoIn', { n: num(hit.also.length) })),
    h('p', { class: 'row' }, button, /^https?:/.test(hit.url) && h('a', { class: 'button', href: hit.url, target: '_blank', rel: 'noopener noreferrer' }, say('openPage'))));
  return row;
}
