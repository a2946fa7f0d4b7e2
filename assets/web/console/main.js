// @ts-check
/** Shell and routes of the console. A page is a function `(place, params, context)` that may return its clean-up. */
import { ApiError, call, get, hooks } from './api.js';
import { errorBox, h, icon, settleToasts, skeleton, toast } from './dom.js';
import { chooseLocale, chosenLocale, locale, say, setLocale, startLocale } from './i18n.js';
import { jobBar, startJobs } from './jobs.js';
import { audit } from './pages/audit.js';
import { documents as documentsPage } from './pages/documents.js';
import { overview, siteLine } from './pages/overview.js';
import { read } from './pages/read.js';
import { line } from './pages/report.js';
import { repeated } from './pages/repeated.js';
import { settings } from './pages/settings.js';
import { setup } from './pages/setup.js';
import { signIn } from './pages/signin.js';
import { snippet } from './pages/snippet.js';
import { sources } from './pages/sources.js';
import { topics } from './pages/topics.js';
import { tryPage } from './pages/try.js';
import { wizard } from './pages/wizard.js';

/** @typedef {{user:any, sites:any[], reload:() => Promise<any[]>, go:(hash:string) => void, signedIn:(user:any) => void}} Context */

/** @type {[RegExp, (place:HTMLElement, params:string[], context:Context) => any, string, boolean][]} pattern, page, title, open without session */
const ROUTES = [
  [/^#\/setup(?:\/([^/]*))?$/, setup, 'setupTitle', true],
  [/^#\/signin$/, signIn, 'signInTitle', true],
  [/^#\/?$/, overview, 'overview', false],
  [/^#\/new$/, wizard, 'newSite', false],
  [/^#\/sites\/([^/]+)\/read\/([^/]+)\/([^/]+)$/, read, 'readNow', false],
  [/^#\/sites\/([^/]+)\/documents(?:\/([^/]+))?$/, documentsPage, 'documents', false],
  [/^#\/sites\/([^/]+)\/sources(?:\/([^/]+))?(?:\/([^/]+))?$/, sources, 'sources', false],
  [/^#\/sites\/([^/]+)\/line\/([^/]+)$/, line, 'report', false],
  [/^#\/sites\/([^/]+)\/repeated$/, repeated, 'repeated', false],
  [/^#\/sites\/([^/]+)\/topics$/, topics, 'topics', false],
  [/^#\/sites\/([^/]+)\/audit(?:\/([^/]+))?$/, audit, 'audit', false],
  [/^#\/sites\/([^/]+)\/settings$/, settings, 'settings', false],
  [/^#\/sites\/([^/]+)\/snippet$/, snippet, 'snippet', false],
  [/^#\/sites\/([^/]+)(?:\/try)?$/, tryPage, 'try', false],
];
const SECTIONS = ['try', 'documents', 'sources', 'topics', 'repeated', 'settings', 'snippet'];

const app = /** @type {HTMLElement} */ (document.getElementById('app'));
/** @type {(() => void)|undefined} */
let leave;
/** @type {HTMLElement|null} */
let main = null;
/** @type {HTMLElement|null} */
let nav = null;
let wanted = '';

/** @type {Context} */
const context = {
  user: null,
  sites: [],
  async reload() {
    const data = await get('/sites');
    context.sites = data.sites || [];
    drawNav();
    for (const line of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-state-of]'))) {
      const site = context.sites.find((s) => s.slug === line.dataset.stateOf);
      if (site) line.textContent = siteLine(site);
    }
    return context.sites;
  },
  go(hash) { if (location.hash === hash) route(); else location.hash = hash; },
  signedIn(user) {
    context.user = user;
    if (!chosenLocale()) setLocale(user.locale);
    shell();
    startJobs();
    context.go(wanted && !/^#\/(signin|setup)/.test(wanted) ? wanted : '#/');
    wanted = '';
  },
};

hooks.onSignedOut = () => {
  if (!context.user) return;
  context.user = null;
  wanted = location.hash;
  toast(say('signInAgain'));
  context.go('#/signin');
};

/** @param {string} hash */
const parts = (hash) => hash.replace(/^#\/?/, '').split('/').map((part) => { try { return decodeURIComponent(part); } catch { return part; } });

function drawNav() {
  if (!nav) return;
  const [area, slug, section = 'try'] = parts(location.hash);
  const link = (/** @type {string} */ href, /** @type {any} */ text, /** @type {boolean} */ current) => h('a', { href, 'aria-current': current ? 'page' : null }, text);
  nav.replaceChildren(
    h('ul', null,
      h('li', null, link('#/', say('overview'), !area)),
      context.sites.map((site) => h('li', null,
        link(`#/sites/${encodeURIComponent(site.slug)}/try`, site.name || site.slug, false),
        area === 'sites' && slug === site.slug && h('ul', { 'aria-label': say('sections') }, SECTIONS.map((name) => h('li', null, link(`#/sites/${encodeURIComponent(site.slug)}/${name}`, say(name), section === name)))))),
      h('li', null, link('#/new', `+ ${say('newSite')}`, area === 'new'))),
    h('ul', { class: 'low' },
      h('li', null, h('a', { href: '/handbook/' }, say('handbook'))),
      h('li', null, h('button', { type: 'button', onclick: () => { chooseLocale(locale() === 'de' ? 'en' : 'de'); shell(); route(); } }, say('language'))),
      h('li', null, h('button', { type: 'button', onclick: signOut }, say('signOut')), h('span', { class: 'muted small' }, String(context.user?.email || '').split('@').flatMap((part, i) => (i ? [h('wbr'), `@${part}`] : [part]))))));
}

async function signOut() {
  await call('DELETE', '/session', undefined, { quiet: true }).catch(() => {});
  context.user = null;
  wanted = '';
  context.go('#/signin');
}

function shell() {
  main = h('main', { id: 'main', tabindex: '-1' });
  nav = h('nav', { 'aria-label': say('sites') });
  const menu = h('details', { class: 'menu' }, h('summary', null, icon('page'), say('menu')));
  const wide = matchMedia('(min-width: 861px)');
  const fit = () => { menu.toggleAttribute('open', wide.matches); };
  wide.onchange = fit;
  fit();
  menu.append(/** @type {any} */ (nav));
  nav?.addEventListener('click', (e) => { if (!wide.matches && /** @type {Element} */ (e.target).closest('a')) menu.removeAttribute('open'); });
  app.replaceChildren(
    h('a', { class: 'skip', href: '#main', onclick: (/** @type {Event} */ e) => { e.preventDefault(); main?.focus(); } }, say('skip')),
    h('div', { class: 'shell' }, h('aside', null, h('a', { class: 'brand', href: '#/' }, 'DialogEngine'), menu), main),
    h('div', { class: 'bottom' }, h('div', { id: 'toasts' }), jobBar()));
  drawNav();
}

function bare() {
  main = h('main', { id: 'main', class: 'bare', tabindex: '-1' });
  nav = null;
  app.replaceChildren(h('div', { class: 'bareframe' }, h('header', null, h('p', { class: 'brand' }, 'DialogEngine')), main), h('div', { class: 'bottom' }, h('div', { id: 'toasts' })));
}

async function route() {
  const hash = location.hash || '#/';
  settleToasts();
  leave?.();
  leave = undefined;
  const found = ROUTES.find(([pattern]) => pattern.test(hash));
  if (found?.[3]) bare();
  else if (!context.user) { wanted = hash; context.go('#/signin'); return; }
  else if (!nav) shell();
  const place = h('div', { class: 'page' });
  main?.replaceChildren(place);
  drawNav();
  scrollTo(0, 0);
  document.title = `${found ? say(found[2]) : say('notFound')} – DialogEngine`;
  if (!found) { place.append(h('h1', null, say('notFound')), h('p', null, h('a', { class: 'button', href: '#/' }, say('overview')))); return; }
  const params = (found[0].exec(hash) || []).slice(1).map((part) => (part === undefined ? '' : parts(`#/${part}`)[0]));
  try {
    if (!found[3] && !context.sites.length) {
      place.append(skeleton(5));
      await context.reload();
      if (!place.isConnected) return;
      place.replaceChildren();
    }
    leave = found[1](place, params, context);
  } catch (error) {
    place.replaceChildren(errorBox(error, route));
  }
  if (document.activeElement === document.body || !document.activeElement) main?.focus({ preventScroll: true });
}

addEventListener('hashchange', route);
addEventListener('pagehide', settleToasts);
addEventListener('keydown', (e) => {
  const target = /** @type {HTMLElement} */ (e.target);
  if (e.key !== '/' || e.ctrlKey || e.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
  const search = /** @type {HTMLElement|null} */ (document.querySelector('[data-search]'));
  if (search) { e.preventDefault(); search.focus(); }
});

async function start() {
  startLocale();
  if (location.pathname === '/setup') {
    location.replace(`/console/#/setup/${encodeURIComponent(new URLSearchParams(location.search).get('token') || '')}`);
    return;
  }
  if (/^#\/setup/.test(location.hash)) { route(); return; }
  app.replaceChildren(h('div', { class: 'bareframe' }, skeleton(4)));
  try {
    const { user } = await call('GET', '/session', undefined, { quiet: true });
    wanted = location.hash;
    context.signedIn(user);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      const { needed } = await get('/setup').catch(() => ({ needed: false }));
      wanted = location.hash;
      context.go(needed ? '#/setup' : '#/signin');
      if (!location.hash) route();
    } else {
      app.replaceChildren(h('div', { class: 'bareframe' }, h('p', { class: 'brand' }, 'DialogEngine'), errorBox(error, start)));
    }
  }
}

start();
