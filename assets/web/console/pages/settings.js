// @ts-check
/** What visitors see. Unsaved text is kept in this tab until it is saved or discarded. */
import { get, patch, url } from '../api.js';
import { field, form, h, load, toast } from '../dom.js';
import { say } from '../i18n.js';
import { modelSection } from './model.js';
import { siteHead } from './overview.js';
import { addressOf } from './wizard.js';

const lines = (/** @type {string} */ text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function settings(place, [slug], context) {
  const body = h('div');
  const store = `dialogengine:draft:${slug}`;
  place.append(siteHead(context, slug, say('settings')), h('p', { class: 'muted' }, say('settingsLead')), body);
  const draw = () => load(body, () => get(url`/sites/${slug}`), (site) => {
    const contact = site.contact || {};
    const links = site.links || {};
    /** @type {Record<string, ReturnType<typeof field>>} */
    const f = {
      name: field(say('siteName'), { value: site.name || '', maxlength: 120, required: true }),
      welcome: field(say('welcome'), { tag: 'textarea', rows: 3, maxlength: 1000, value: site.welcome || '' }),
      suggestions: field(say('suggestions'), { tag: 'textarea', rows: 5, hint: say('suggestionsHint'), value: (site.suggestions || []).join('\n') }),
      contactName: field(say('contactName'), { value: contact.name || '' }),
      phone: field(say('phone'), { type: 'tel', value: contact.phone || '' }),
      email: field(say('email'), { type: 'email', value: contact.email || '' }),
      contactUrl: field(say('contactUrl'), { type: 'text', inputmode: 'url', value: contact.url || '' }),
      imprint: field(say('imprint'), { type: 'text', inputmode: 'url', value: links.imprint || '' }),
      privacy: field(say('privacy'), { type: 'text', inputmode: 'url', value: links.privacy || '' }),
      accessibility: field(say('accessibility'), { type: 'text', inputmode: 'url', value: links.accessibility || '' }),
      origins: field(say('origins'), { tag: 'textarea', rows: 3, hint: say('originsHint'), value: (site.origins || []).join('\n'), spellcheck: 'false' }),
    };
    const text = (/** @type {string} */ name) => f[name].input.value.trim();
    const keep = () => { try { sessionStorage.setItem(store, JSON.stringify(Object.fromEntries(Object.entries(f).map(([name, x]) => [name, x.input.value])))); } catch { /* then only this page has it */ } };
    const forget = () => { try { sessionStorage.removeItem(store); } catch { /* nothing was kept */ } };
    let draft = null;
    try { draft = JSON.parse(sessionStorage.getItem(store) || 'null'); } catch { /* no draft */ }
    if (draft) for (const [name, value] of Object.entries(draft)) if (f[name]) f[name].input.value = value;
    const group = (/** @type {string} */ title, /** @type {string[]} */ names) => h('fieldset', null, h('legend', null, title), names.map((name) => f[name].node));

    const { node } = form([group(say('greeting'), ['name', 'welcome', 'suggestions']), group(say('contact'), ['contactName', 'phone', 'email', 'contactUrl']), group(say('links'), ['imprint', 'privacy', 'accessibility']), group(say('origins'), ['origins'])], say('save'), async () => {
      for (const x of Object.values(f)) x.fail('');
      const origins = [];
      for (const line of lines(f.origins.input.value)) {
        const address = addressOf(line);
        if (!address) { f.origins.fail(say('originBad', { line })); return; }
        origins.push(address.origin);
      }
      for (const name of ['contactUrl', 'imprint', 'privacy', 'accessibility']) {
        if (text(name) && !/^https?:\/\/\S+$/.test(text(name))) { f[name].fail(say('urlBad')); return; }
      }
      if (!text('name')) { f.name.fail(say('siteName')); return; }
      const or = (/** @type {string} */ name) => text(name) || undefined;
      await patch(url`/sites/${slug}`, {
        name: text('name'), welcome: text('welcome'), suggestions: lines(f.suggestions.input.value), origins,
        contact: { name: or('contactName'), phone: or('phone'), email: or('email'), url: or('contactUrl') },
        links: { imprint: or('imprint'), privacy: or('privacy'), accessibility: or('accessibility') },
      });
      forget();
      notice.replaceChildren();
      toast(say('saved'));
      await context.reload();
    });
    node.addEventListener('input', keep);
    const notice = h('div');
    if (draft) notice.append(h('div', { class: 'box' }, h('p', null, say('draft')), h('button', { type: 'button', class: 'button', onclick: () => { forget(); draw(); } }, say('discard'))));
    return [notice, node];
  });
  draw();
  place.append(modelSection(slug));
}
