// @ts-check
/**
 * Loader of the widget: one classic script, one line on the host page.
 *   <script src="https://HOST/widget/v1.js" data-site="SLUG" data-key="pk_…" async></script>
 * Optional: data-mode="bubble|inline", data-locale="de|en", data-accent="#1a5fb4".
 * Adds one custom element and touches nothing else. The dialog itself (`v1/panel.js`) is fetched on the
 * first opening, or at once when this tab already has a conversation.
 */
(() => {
  const me = /** @type {HTMLScriptElement|null} */ (document.currentScript || document.querySelector('script[data-site][src*="/widget/v1.js"]'));
  if (!me || !('attachShadow' in Element.prototype)) return;
  const base = new URL(me.src).origin;

  const WORDS = {
    de: { open: 'Assistent öffnen: Fragen stellen', close: 'Assistent schließen', away: 'Der Assistent ist gerade nicht erreichbar.', retry: 'Noch einmal versuchen', loading: 'Der Assistent wird geladen …', dismiss: 'Schließen' },
    en: { open: 'Open assistant: ask a question', close: 'Close assistant', away: 'The assistant cannot be reached right now.', retry: 'Try again', loading: 'Loading the assistant …', dismiss: 'Close' },
  };

  const CSS = `:host{all:initial}:host([data-mode=inline]){display:block}
.bubble{all:unset;box-sizing:border-box;cursor:pointer;position:fixed;right:max(16px,env(safe-area-inset-right));bottom:calc(16px + env(safe-area-inset-bottom) + var(--lift,0px));z-index:2147483000;width:60px;height:60px;border-radius:30px;background:var(--accent,#1a5fb4);color:var(--on-accent,#fff);box-shadow:0 4px 16px rgb(0 0 0/.3);display:flex;align-items:center;justify-content:center}
.bubble:focus-visible{outline:3px solid #fff;outline-offset:-6px;box-shadow:0 0 0 3px #1a5fb4}
.bubble svg{width:28px;height:28px}
.plain{position:fixed;right:16px;bottom:calc(88px + var(--lift,0px));z-index:2147483001;max-width:min(320px,calc(100vw - 32px));box-sizing:border-box;padding:14px 16px;border:1px solid #7d8791;border-radius:12px;background:#fff;color:#1b1f24;font:16px/1.5 system-ui,sans-serif;box-shadow:0 8px 32px rgb(0 0 0/.25)}
:host([data-mode=inline]) .plain{position:static;max-width:none;box-shadow:none}
.plain p{margin:0 0 8px}
.plain button{font:inherit;min-height:44px;padding:0 14px;margin:0 8px 8px 0;border:1px solid #7d8791;border-radius:8px;background:#fff;color:#1b1f24;cursor:pointer}
.plain button:focus-visible{outline:2px solid #1a5fb4;outline-offset:2px}
[hidden]{display:none!important}
@media (prefers-color-scheme:dark){.plain,.plain button{background:#15181c;color:#e8eaed}}
@media print{.bubble,.plain{display:none}}`;

  /** @param {string} tag @param {Record<string,string>} attributes @param {string} [text] */
  const make = (tag, attributes, text) => {
    const node = document.createElement(tag);
    for (const name in attributes) node.setAttribute(name, attributes[name]);
    if (text) node.textContent = text;
    return node;
  };

  /** @param {string} path */
  const picture = (path) => {
    const ns = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(ns, 'svg');
    const shape = document.createElementNS(ns, 'path');
    const set = { viewBox: '0 0 20 20', fill: 'none', stroke: 'currentColor', 'stroke-width': '1.5', 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true' };
    for (const [name, value] of Object.entries(set)) svg.setAttribute(name, value);
    shape.setAttribute('d', path);
    svg.append(shape);
    return svg;
  };
  const CHAT = 'M3 4.5h14v9H9l-4 3.5v-3.5H3z M6.5 8h7 M6.5 10.5h4.5';
  const CROSS = 'M5 5l10 10 M15 5L5 15';

  class DialogEngine extends HTMLElement {
    /** @type {any} */ panel;
    /** @type {HTMLElement|undefined} */ frame;
    /** @type {HTMLElement|undefined} */ message;
    /** @type {Promise<void>|undefined} */ loading;
    /** @type {ShadowRoot|undefined} */ shadow;
    opened = false;
    tries = 0;

    connectedCallback() {
      if (this.shadowRoot) return;
      const { site = '', locale, accent } = this.dataset;
      this.inline = this.dataset.mode === 'inline';
      this.lang = locale || document.documentElement.lang || navigator.language || 'de';
      this.words = /^de\b/i.test(this.lang) ? WORDS.de : WORDS.en;
      this.store = `dialogengine:${base}:${site}`;
      this.shadow = this.attachShadow({ mode: 'open' });
      const lift = this.inline ? 0 : document.querySelectorAll('dialog-engine:not([data-mode=inline])').length - 1;
      const others = `:host{--lift:${Math.max(0, lift) * 72}px}`;
      this.dress(CSS + others + this.tint(accent));
      if (this.inline) { this.load(); return; }
      this.button = /** @type {HTMLButtonElement} */ (make('button', { type: 'button', class: 'bubble', part: 'bubble', 'aria-expanded': 'false', 'aria-label': this.words.open, title: this.words.open }));
      this.button.append(picture(CHAT));
      this.button.addEventListener('click', () => this.toggle());
      this.shadow.append(this.button);
      if (this.recall('open')) this.toggle(true);
      else if (this.recall('')) this.load();
    }

    /** @param {string} css */
    dress(css) {
      const shadow = /** @type {ShadowRoot} */ (this.shadow);
      try {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(css);
        shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
      } catch {
        shadow.append(make('style', {}, css));
      }
    }

    /** Accent with black or white ink, whichever is easier to read. @param {string|undefined} hex */
    tint(hex) {
      const m = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec((hex || '').replace(/^#?([0-9a-f])([0-9a-f])([0-9a-f])$/i, '$1$1$2$2$3$3'));
      if (!m) return '';
      const light = [1, 2, 3].map((i) => (parseInt(m[i], 16) / 255) ** 2.2).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      return `.bubble{--accent:#${m[1]}${m[2]}${m[3]};--on-accent:${light > 0.18 ? '#141414' : '#fff'}}`;
    }

    /** @param {string} what @param {string} [value] */
    recall(what, value) {
      const name = this.store + (what ? `:${what}` : '');
      try {
        if (value === undefined) return sessionStorage.getItem(name);
        if (value) sessionStorage.setItem(name, value);
        else sessionStorage.removeItem(name);
      } catch { /* no storage: nothing is remembered */ }
      return null;
    }

    /** @param {boolean} [quiet] opened by the page after a reload: focus stays where it is */
    async toggle(quiet) {
      this.opened = !this.opened;
      this.recall('open', this.opened ? '1' : '');
      const name = this.opened ? this.words?.close : this.words?.open;
      this.button?.setAttribute('aria-expanded', String(this.opened));
      this.button?.setAttribute('aria-label', name || '');
      this.button?.setAttribute('title', name || '');
      this.button?.replaceChildren(picture(this.opened ? CROSS : CHAT));
      this.message?.remove();
      if (!this.opened) {
        if (this.frame) this.frame.hidden = true;
        this.button?.focus();
        return;
      }
      await this.load();
      if (this.frame) this.frame.hidden = !this.opened;
      if (this.opened && !quiet) this.panel?.focus();
    }

    /** Fetches and builds the dialog, once. */
    async load() {
      if (this.panel) return;
      this.loading ||= this.fetchPanel().finally(() => { this.loading = undefined; });
      await this.loading;
    }

    async fetchPanel() {
      const slow = setTimeout(() => { if (this.opened || this.inline) this.tell(this.words?.loading || '', false); }, 300);
      try {
        // A failed module stays failed in some browsers: a retry asks under another address.
        const module = await import(`${base}/widget/v1/panel.js${this.tries ? `?try=${this.tries}` : ''}`);
        this.message?.remove();
        const { site = '', key = '', locale, accent } = this.dataset;
        const shadow = /** @type {ShadowRoot} */ (this.shadow);
        const before = new Set(shadow.children);
        this.panel = module.mount(shadow, { base, site, key, mode: this.inline ? 'inline' : 'bubble', locale, accent, onclose: () => this.toggle() });
        this.frame = /** @type {HTMLElement} */ ([...shadow.children].find((node) => !before.has(node)));
        if (!this.inline) this.frame.hidden = !this.opened;
      } catch {
        this.tries += 1;
        if (this.opened || this.inline) this.tell(this.words?.away || '', true);
      } finally {
        clearTimeout(slow);
      }
    }

    /** A plain message in place of the dialog. @param {string} text @param {boolean} retry */
    tell(text, retry) {
      this.message?.remove();
      const box = make('div', { class: 'plain', role: 'status' });
      box.append(make('p', {}, text));
      if (retry) {
        const again = make('button', { type: 'button' }, this.words?.retry);
        again.addEventListener('click', async () => { box.remove(); await this.load(); if (this.frame) this.frame.hidden = false; this.panel?.focus(); });
        box.append(again);
        if (!this.inline) {
          const dismiss = make('button', { type: 'button' }, this.words?.dismiss);
          dismiss.addEventListener('click', () => this.toggle());
          box.append(dismiss);
        }
      }
      this.message = box;
      this.shadow?.append(box);
    }
  }

  if (!customElements.get('dialog-engine')) customElements.define('dialog-engine', DialogEngine);

  const element = document.createElement('dialog-engine');
  for (const name of ['site', 'key', 'mode', 'locale', 'accent']) if (me.dataset[name]) element.dataset[name] = me.dataset[name];
  const place = () => {
    if (me.dataset.mode === 'inline' && me.isConnected && document.body.contains(me)) me.after(element);
    else document.body.append(element);
  };
  if (document.body) place();
  else document.addEventListener('DOMContentLoaded', place, { once: true });
})();
