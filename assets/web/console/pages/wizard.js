// @ts-check
/** From a website address to the search for its pages; the rest is `read.js`. */
import { ApiError, patch, post, url } from '../api.js';
import { field, form, h } from '../dom.js';
import { locale, say } from '../i18n.js';
import { follow } from '../jobs.js';

/** The address people mean by "www.musterstadt.de"; null when it is none. @param {string} typed @returns {URL|null} */
export function addressOf(typed) {
  const text = typed.trim();
  try {
    let address = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`);
    // Servers in a local network rarely have certificates.
    if (!text.includes('://') && isPrivate(address.hostname)) address = new URL(`http://${text}`);
    return /^https?:$/.test(address.protocol) && !/\s/.test(text) && (address.hostname.includes('.') || address.hostname === 'localhost' || address.hostname.startsWith('[')) ? address : null;
  } catch {
    return null;
  }
}

/** Whether the server will ask before reading it; asked here first, before anything is created. @param {string} name a host name */
export function isPrivate(name) {
  return /^(localhost|.*\.(local|localhost|internal|lan|home\.arpa)|0\.0\.0\.0|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|169\.254\.[\d.]+|172\.(1[6-9]|2\d|3[01])\.[\d.]+|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.[\d.]+|\[(::1|f[cd].*|fe80.*|::ffff:.*)\])$/i.test(name);
}

/**
 * The form that adds a source to a site, or to a new site first.
 * @param {import('../main.js').Context} context @param {string} [slug] an existing site
 */
export function addressForm(context, slug) {
  const address = field(say('address'), { type: 'text', inputmode: 'url', autocomplete: 'url', autocapitalize: 'none', spellcheck: 'false', hint: say('addressHint'), required: true });
  const name = field(say('siteName'), { type: 'text', hint: say('siteNameHint'), maxlength: 120 });
  const kind = field(say('sourceKind'), { tag: 'select', hint: say('sourceKindHint'), value: 'website', options: ['website', 'page', 'feed'].map((name) => [name, say(`kind_${name}`)]) });
  const consent = h('div');
  let host = '';
  let made = slug || '';
  const askConsent = (/** @type {URL} */ target) => {
    host = target.host;
    consent.replaceChildren(h('label', { class: 'check' }, h('input', { type: 'checkbox' }), say('allowPrivate', { host })));
  };
  const { node } = form([address.node, slug && kind.node, !slug && name.node, consent], say('searchPages'), async () => {
    address.fail('');
    const target = addressOf(address.input.value);
    if (!target) { address.fail(say('addressBad')); return; }
    const allowed = host === target.host && /** @type {any} */ (consent.querySelector('input'))?.checked ? [target.host] : [];
    if (isPrivate(target.hostname) && !allowed.length) {
      askConsent(target);
      throw new ApiError(422, { code: 'address_private' });
    }
    if (!slug) {
      const about = { name: name.input.value.trim() || target.hostname.replace(/^www\./, ''), origins: [target.origin] };
      // A second try with another address must not leave a second site behind.
      if (made) await patch(url`/sites/${made}`, about);
      else made = (await post('/sites', { ...about, locale: locale() })).slug;
      await context.reload();
    }
    let source;
    try {
      source = await post(url`/sites/${made}/sources`, { url: target.href, kind: slug ? kind.input.value : 'website', ...(allowed.length ? { allow_private: allowed } : {}) });
    } catch (error) {
      if (error instanceof ApiError && /private|local|address_forbidden/.test(error.code) && !allowed.length) {
        askConsent(target);
      }
      throw error;
    }
    // There is nothing to choose from in one page or a feed.
    const next = slug && kind.input.value !== 'website' ? 'crawl' : 'discover';
    const { job_id: job } = await post(`${url`/sources/${source.source_id}`}/${next}`, {});
    const home = url`#/sites/${made}/read/${source.source_id}/${job}`;
    follow(job, home);
    context.go(home);
  });
  return { node, input: address.input };
}

/** @param {HTMLElement} place @param {string[]} _ @param {import('../main.js').Context} context */
export function wizard(place, _, context) {
  const { node, input } = addressForm(context);
  place.append(h('header', { class: 'pagehead' }, h('h1', null, say('wizardTitle'))), h('p', { class: 'lede' }, say('wizardLead')), node);
  input.focus();
}
