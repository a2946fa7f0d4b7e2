// @ts-check
/** The one line for the host page. */
import { get, url } from '../api.js';
import { copy, field, h, load } from '../dom.js';
import { say } from '../i18n.js';
import { siteHead } from './overview.js';

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function snippet(place, [slug], context) {
  const body = h('div');
  place.append(siteHead(context, slug, say('snippet')), body);
  load(body, () => get(url`/sites/${slug}/snippet`), (data) => {
    const site = context.sites.find((s) => s.slug === slug) || {};
    const mode = field(say('mode'), { tag: 'select', options: [['', say('modeBubble')], ['inline', say('modeInline')]] });
    const lang = field(say('localeMode'), { tag: 'select', options: [['', say('localeAuto')], ['de', say('german')], ['en', say('english')]] });
    mode.input.value = '';
    lang.input.value = '';
    const code = h('textarea', { class: 'code', readonly: true, rows: 4, 'aria-label': say('snippet'), spellcheck: 'false', onfocus: () => code.select() });
    const write = () => {
      const extra = (mode.input.value ? ` data-mode="${mode.input.value}"` : '') + (lang.input.value ? ` data-locale="${lang.input.value}"` : '');
      code.value = data.snippet.replace(/\sasync\b/, `${extra} async`);
    };
    mode.input.addEventListener('change', write);
    lang.input.addEventListener('change', write);
    write();
    const button = h('button', { type: 'button', class: 'button main', onclick: () => copy(code.value, button) }, say('copy'));
    const server = /src="(https?:\/\/[^/"]+)/.exec(data.snippet)?.[1] || location.origin;
    return [
      h('p', { class: 'lede' }, say('snippetLead')), h('div', { class: 'two' }, mode.node, lang.node), code,
      h('p', { class: 'row' }, button, h('a', { class: 'button', href: `/s/${encodeURIComponent(slug)}`, target: '_blank', rel: 'noopener' }, say('sitePage'))),
      h('p', { class: site.origins?.length ? 'muted' : 'warn' }, site.origins?.length ? say('snippetOrigins', { list: site.origins.join(', ') }) : say('snippetNoOrigins')),
      h('p', { class: 'muted' }, say('keyNote')),
      h('p', { class: 'muted' }, say('snippetCsp')), h('pre', { class: 'code', tabindex: '0' }, `script-src ${server}; connect-src ${server}`),
    ];
  });
}
