// @ts-check
/** What a site is about: topics with their pages; names, merging, splitting off, hiding, and versions to go back to. */
import { get, patch, post, url } from '../api.js';
import { empty, errorBox, field, form, h, load, toast } from '../dom.js';
import { moment, num, say } from '../i18n.js';
import { follow, isOver, onJob } from '../jobs.js';
import { siteHead } from './overview.js';

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function topics(place, [slug], context) {
  const body = h('div');
  place.append(siteHead(context, slug, say('topics')), h('p', null, say('topicsLead')), body);
  /** @type {any} */
  let data = { topics: [], versions: [] };
  const redraw = (/** @type {any} */ fresh) => { data = fresh; body.replaceChildren(...[view()].flat(Infinity).filter(Boolean)); };
  const draw = () => load(body, () => get(url`/sites/${slug}/topics`), (fresh) => { data = fresh; return view(); });

  /** Carries a change out; it can be taken back by going to the version before. @param {() => Promise<any>} work @param {string} done */
  const change = async (work, done) => {
    const before = data.version;
    try {
      redraw(await work());
      toast(done, before ? () => goTo(before) : null);
    } catch (error) { toast(/** @type {any} */ (error).words || String(error)); }
  };
  const goTo = (/** @type {number} */ version) => change(() => post(url`/sites/${slug}/topic-versions/${version}`, {}), say('versionBack'));
  const update = (/** @type {any} */ topic, /** @type {any} */ what) => change(() => patch(url`/sites/${slug}/topics/${topic.id}`, what), say('saved'));

  const build = async (/** @type {any} */ e) => {
    e.currentTarget.disabled = true;
    try { follow((await post(url`/sites/${slug}/topics`, {})).job_id); } catch (error) { toast(/** @type {any} */ (error).words || String(error)); }
  };
  const buildButton = () => h('button', { type: 'button', class: 'button', onclick: build }, say('topicsBuild'));

  const card = (/** @type {any} */ topic) => {
    const more = h('div');
    const rename = () => {
      const name = field(say('topicName'), { value: topic.name, maxlength: 100 });
      more.replaceChildren(form([name.node], say('save'), () => update(topic, { name: name.input.value })).node);
      name.input.focus();
    };
    const merge = () => {
      const others = data.topics.filter((/** @type {any} */ t) => t.id !== topic.id && t.language === topic.language);
      if (!others.length) { more.replaceChildren(h('p', { class: 'muted' }, say('topicAlone'))); return; }
      const other = field(say('topicMergeWith'), { tag: 'select', value: others[0].id, options: others.map((/** @type {any} */ t) => [t.id, t.name]), hint: say('topicMergeHint', { name: topic.name }) });
      more.replaceChildren(form([other.node], say('topicMerge'), () => update(topic, { merge: other.input.value })).node);
      other.input.focus();
    };
    const pages = async () => {
      more.replaceChildren(h('p', { class: 'muted' }, say('loading')));
      try {
        const full = await get(url`/sites/${slug}/topics/${topic.id}`);
        const boxes = full.pages.map((/** @type {any} */ page) => ({ page, box: /** @type {HTMLInputElement} */ (h('input', { type: 'checkbox' })) }));
        const name = field(say('topicSplitName'), { maxlength: 100, hint: say('topicSplitHint') });
        more.replaceChildren(form([
          h('ul', { class: 'plain' }, boxes.map(({ page, box }) => h('li', null, h('label', { class: 'check' }, box, ' ', page.title), ' ', h('a', { class: 'small', href: url`#/sites/${slug}/documents/${page.id}` }, say('open'))))),
          name.node,
        ], say('topicSplit'), () => change(() => post(url`/sites/${slug}/topics/${topic.id}/split`, { name: name.input.value, documents: boxes.filter(({ box }) => box.checked).map(({ page }) => page.id) }), say('saved'))).node);
      } catch (error) { more.replaceChildren(errorBox(error)); }
    };
    const button = (/** @type {string} */ text, /** @type {() => any} */ work) => h('button', { type: 'button', class: 'button', 'aria-label': `${text}: ${topic.name}`, onclick: work }, text);
    return h('section', { class: 'card wide', 'aria-label': topic.name },
      h('h2', null, topic.name, topic.hidden && [' ', h('span', { class: 'tag excluded' }, say('topicHidden'))]),
      h('p', { class: 'small muted' }, say('nPages', { n: num(topic.documents) }), ' · ', topic.words.join(', ')),
      h('p', { class: 'small' }, topic.examples.join(' · ')),
      h('p', { class: 'row' }, button(say('topicPages'), pages), button(say('topicRename'), rename), button(say('topicMerge'), merge), button(say(topic.hidden ? 'topicShow' : 'topicHide'), () => update(topic, { hidden: !topic.hidden }))),
      more);
  };
  const versionList = () => h('details', null, h('summary', null, say('versions')), h('ul', { class: 'plain' }, data.versions.map((/** @type {any} */ v, /** @type {number} */ i) => h('li', null, `${moment(v.made_at)} · ${say(`made_${v.made.type}`)} · ${say('nTopics', { n: num(v.topics) })} `,
    i > 0 && h('button', { type: 'button', class: 'linkbutton', 'aria-label': `${say('versionRestore')}: ${moment(v.made_at)}`, onclick: () => goTo(v.version) }, say('versionRestore'))))));
  const view = () => (data.topics.length ? [h('p', { class: 'row' }, buildButton()), data.topics.map(card), versionList()] : [empty(say('emptyTopics'), say('emptyTopicsLead'), buildButton())]);

  draw();
  return onJob((job) => { if (isOver(job) && ['crawl', 'topics', 'ingest'].includes(job.kind)) draw(); });
}
