// @ts-check
/**
 * An answer as nodes: typed blocks, numbered citations that open in place, the list of sources.
 * Grows block by block; what stands above a growing block is never touched again.
 */
import { h, icon, put } from './dom.js';
import { mailUrl, pageUrl, parseText, passageUrl, plainText, safeUrl, settle, telUrl } from './text.js';
import { day } from './words.js';

/**
 * @typedef {{n:number, id?:string, document_id?:string, title?:string, url?:string, quote?:string, section?:string[], updated_at?:string}} Citation
 * @typedef {{say:(key:any, slots?:any)=>string, locale:string, ask:(question:string)=>void, citation?:(id:string)=>Promise<any>}} Tools
 */

const list = (/** @type {any} */ value) => (Array.isArray(value) ? value : []);
const away = { target: '_blank', rel: 'noopener noreferrer' };

/** One answer under a parent node. */
export class AnswerView {
  /** @param {Tools} tools */
  constructor(tools) {
    this.tools = tools;
    /** @type {Map<string, {node:HTMLElement, block:any}>} */
    this.blocks = new Map();
    /** @type {Map<number, Citation>} */
    this.citations = new Map();
    this.body = h('div', { class: 'blocks' });
    this.tail = h('div', { class: 'tail' });
    this.node = h('div', { class: 'answer' }, this.body, this.tail);
    this.over = false;
  }

  /** @param {string} id @param {any} block */
  block(id, block) {
    const known = this.blocks.get(id);
    const node = known?.node || h('div', { class: `block ${this.blocks.size ? '' : 'lead'}` });
    if (!known) {
      const before = [...this.blocks.values()].at(-1)?.block.type;
      if (before !== block?.type && (block?.type === 'link' || block?.type === 'contact')) {
        this.body.append(h('h3', null, this.tools.say(block.type === 'link' ? 'pages' : 'contact')));
      }
      this.body.append(node);
    }
    const own = { ...(block || {}) };
    this.blocks.set(id, { node, block: own });
    this.draw(node, own);
  }

  /** @param {string} id @param {string} text more text of that block */
  delta(id, text) {
    if (!this.blocks.has(id)) this.block(id, { type: 'text', text: '' });
    const entry = /** @type {{node:HTMLElement, block:any}} */ (this.blocks.get(id));
    entry.block.text = `${entry.block.text || ''}${text}`;
    this.draw(entry.node, entry.block);
  }

  /** @param {Citation} citation */
  cite(citation) {
    this.citations.set(citation.n, citation);
    for (const button of this.body.querySelectorAll(`button.cite[data-n="${Number(citation.n)}"]`)) this.name(button, citation.n);
  }

  /** Ends the answer: markers without a source go, the sources are listed once. */
  finish() {
    this.over = true;
    for (const { node, block } of this.blocks.values()) if (isText(block)) this.draw(node, block);
    this.tail.replaceChildren(...this.sources());
  }

  /** Everything in words, for copying. */
  plain() {
    const parts = [...this.blocks.values()].map(({ block }) => blockText(block)).filter(Boolean);
    const sources = this.grouped().map(({ numbers, first }) => `[${numbers.join(', ')}] ${first.title || ''}${pageUrl(first.url) ? ` – ${first.url}` : ''}`);
    return parts.join('\n\n') + (sources.length ? `\n\n${this.tools.say('sources')}:\n${sources.join('\n')}` : '');
  }

  /** What is to be read aloud so far. */
  spoken() {
    // Lines without a full stop (list items, cards) end like sentences, else they run into each other.
    return [...this.blocks.values()].map(({ block }) => blockText(isText(block) && !this.over ? { ...block, text: settle(String(block.text ?? '')) } : block))
      .filter(Boolean).join('\n').replace(/([^.!?…:;,\s])\s*\n+/g, '$1. ').replace(/\s*\n+/g, ' ');
  }

  /** @param {HTMLElement} node @param {any} block */
  draw(node, block) {
    if (isText(block)) {
      const title = block.type !== 'text' && block.title ? [h('h3', null, block.title)] : [];
      if (!node.firstChild || title.length) node.replaceChildren(...title);
      this.markdown(node, this.over ? block.text : settle(String(block.text ?? '')), title.length);
    } else node.replaceChildren(...[this.special(block)].flat().filter(Boolean));
  }

  /** Redraws only the parts whose meaning changed, so open passages and focus stay. @param {HTMLElement} node @param {string} text @param {number} skip */
  markdown(node, text, skip) {
    const tree = parseText(text);
    tree.forEach((part, i) => {
      const key = JSON.stringify(part) + (this.over ? '!' : '');
      let slot = /** @type {any} */ (node.childNodes[i + skip]);
      if (slot?.deKey === key) return;
      if (slot && this.over && slot.deKey === key.slice(0, -1) && !this.unproved(slot)) { slot.deKey = key; return; }
      if (!slot) { slot = h('div'); node.append(slot); }
      slot.deKey = key;
      slot.replaceChildren(this.part(part));
    });
    while (node.childNodes.length > tree.length + skip) node.lastChild?.remove();
  }

  /** @param {HTMLElement} slot @returns {boolean} whether a marker in it has no source */
  unproved(slot) {
    return [...slot.querySelectorAll('button.cite')].some((b) => !this.citations.has(Number(b.getAttribute('data-n'))));
  }

  /** @param {import('./text.js').Block} part */
  part(part) {
    if ('items' in part) {
      return h(part.t, part.t === 'ol' && part.start !== 1 ? { start: part.start } : null, part.items.map((item) => h('li', null, this.inline(item))));
    }
    return part.t === 'h' ? h('h4', null, this.inline(part.c)) : h('p', null, this.inline(part.c));
  }

  /** @param {import('./text.js').Inline[]} inlines @returns {any[]} */
  inline(inlines) {
    /** @type {any[]} */
    const out = [];
    for (const i of inlines) {
      switch (i.t) {
        // "37,00 €" and "14 Uhr" stay on one line.
        case 'text': out.push(i.v.replace(/(\d) (?=(?:€|Euro|Uhr|%|km|m²)(?![\p{L}\d]))/gu, '$1\u00a0')); break;
        case 'br': out.push(h('br')); break;
        case 'b': out.push(h('strong', null, this.inline(i.c))); break;
        case 'a': out.push(h('a', { href: i.href, ...(/^https?:/.test(i.href) ? away : {}) }, this.inline(i.c))); break;
        default: this.hold(out, this.marker(i.n));
      }
    }
    return out;
  }

  /** Keeps a marker on the line of the word it proves. @param {any[]} out @param {any} marker */
  hold(out, marker) {
    if (!marker) return;
    const before = out.at(-1);
    if (before?.className === 'hold') { before.append(marker); return; }
    const word = typeof before === 'string' ? /\S{1,24}\s*$/.exec(before)?.[0] || '' : '';
    if (word) out[out.length - 1] = before.slice(0, -word.length);
    out.push(h('span', { class: 'hold' }, word.trimEnd(), marker));
  }

  /** @param {any} n */
  marker(n) {
    if (typeof n !== 'number' || (this.over && !this.citations.has(n))) return null;
    const button = h('button', { type: 'button', class: 'cite', 'data-n': n, 'aria-expanded': 'false', onclick: () => this.toggle(button, n) }, n);
    this.name(button, n);
    return button;
  }

  /** @param {Element} button @param {number} n */
  name(button, n) {
    button.setAttribute('aria-label', this.tools.say('openPassage', { n, title: this.citations.get(n)?.title || '' }).replace(/: $/, ''));
  }

  /** Opens or closes the passage beside its marker. @param {any} button @param {number} n */
  toggle(button, n) {
    if (button.dePassage) {
      button.dePassage.remove();
      button.dePassage = null;
      button.setAttribute('aria-expanded', 'false');
      return;
    }
    const citation = this.citations.get(n);
    if (!citation) return;
    const close = () => { this.toggle(button, n); button.focus(); };
    const passage = this.passage(citation, close);
    button.dePassage = passage;
    button.setAttribute('aria-expanded', 'true');
    const home = button.closest('li, p, h4, dd, td, .card, .notice') || button.parentNode;
    if (/^(LI|DD|TD)$/.test(home.tagName)) home.append(passage);
    else home.after(passage);
    passage.focus({ preventScroll: true });
    passage.scrollIntoView?.({ block: 'nearest' });
  }

  /** @param {Citation} citation @param {() => void} close @returns {HTMLElement} */
  passage(citation, close) {
    const { say, locale } = this.tools;
    const title = citation.title || '';
    const path = list(citation.section).filter((part) => part && part !== title).join(' › ');
    const quote = h('blockquote', null, citation.quote || say('loadingPassage'));
    const url = passageUrl(citation.url, citation.quote);
    if (!citation.quote && citation.id && this.tools.citation) {
      this.tools.citation(citation.id).then((c) => { citation.quote = c.quote || c.passage || ''; quote.textContent = citation.quote || ''; }, () => { quote.textContent = say('noPassage'); });
    }
    const date = day(locale, citation.updated_at);
    return h('aside', { class: 'passage', tabindex: '-1', 'aria-label': say('source', { n: citation.n, title }), onkeydown: (/** @type {KeyboardEvent} */ e) => { if (e.key === 'Escape') { e.stopPropagation(); close(); } } },
      h('div', { class: 'top' },
        h('div', null, h('div', { class: 'name' }, title), path && h('div', { class: 'path' }, path), date && h('div', { class: 'date' }, say('asOf', { date }))),
        h('button', { type: 'button', class: 'icon', 'aria-label': say('closePassage'), onclick: close }, icon('close'))),
      quote,
      url && h('a', { class: 'go', href: url, ...away }, icon('link'), say('toPassage')));
  }

  /** Citations of one page stand in one line. */
  grouped() {
    /** @type {Map<string, {numbers:number[], first:Citation}>} */
    const groups = new Map();
    for (const c of [...this.citations.values()].sort((a, b) => a.n - b.n)) {
      const key = c.url || c.document_id || String(c.n);
      const group = groups.get(key);
      if (group) group.numbers.push(c.n);
      else groups.set(key, { numbers: [c.n], first: c });
    }
    return [...groups.values()];
  }

  sources() {
    const { say, locale } = this.tools;
    const groups = this.grouped();
    if (!groups.length) return [];
    return [h('div', { class: 'sources' }, h('h3', null, say('sources')), h('ul', null, groups.map(({ numbers, first }) => {
      const url = numbers.length === 1 ? passageUrl(first.url, first.quote) : pageUrl(first.url);
      const date = day(locale, first.updated_at);
      return h('li', null, h('span', { class: 'n' }, numbers.join(', ')), h('span', null,
        url ? h('a', { href: url, ...away }, first.title || first.url) : first.title,
        date && h('span', { class: 'date' }, ` · ${say('asOf', { date })}`)));
    })))];
  }

  /** @param {any} b @returns {any} */
  special(b) {
    const { say, ask } = this.tools;
    switch (b?.type) {
      case 'contact': return this.contact(b);
      case 'link': {
        const url = safeUrl(b.url);
        if (!url) return h('p', null, b.title || '');
        return h('a', { class: 'linkcard', href: url, ...away }, icon('page'), h('div', null, h('span', null, b.title || b.url), b.description && h('small', null, b.description)));
      }
      case 'notice': {
        const slot = h('div');
        this.markdown(slot, b.text || '', 0);
        return h('div', { class: `notice ${b.tone === 'warning' ? 'warning' : ''}` }, icon(b.tone === 'warning' ? 'warn' : 'info'), slot);
      }
      case 'question': return [h('p', null, b.text || say('choose')), h('ul', { class: 'asks' }, list(b.options).map((option) => {
        const text = String(option?.text ?? option);
        return h('li', null, h('button', { type: 'button', onclick: () => ask(text) }, text));
      }))];
      case 'facts': return [b.title && h('h3', null, b.title), h('dl', null, list(b.items).map((f) => [h('dt', null, f.label ?? f.name), h('dd', null, f.value ?? f.text, this.marker(f.citation))]))];
      case 'steps': return [h('h3', null, b.title || say('steps')), h('ol', null, list(b.items || b.steps).map((s) => h('li', null, s?.title && h('strong', null, `${s.title} `), String(s?.text ?? (s?.title ? '' : s)), this.marker(s?.citation))))];
      case 'table': return [b.title && h('h3', null, b.title), h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': b.title || '' }, h('table', null,
        list(b.columns).length > 0 && h('thead', null, h('tr', null, list(b.columns).map((c) => h('th', { scope: 'col' }, c)))),
        h('tbody', null, list(b.rows).map((r) => h('tr', null, list(r).map((c) => h('td', null, c)))))))];
      default: {
        const text = blockText(b);
        const slot = h('div');
        if (text) this.markdown(slot, text, 0);
        return slot;
      }
    }
  }

  /** @param {any} b */
  contact(b) {
    const { say } = this.tools;
    const rows = [
      { kind: 'phone', href: telUrl(b.phone), text: b.phone, label: say('phone') },
      { kind: 'mail', href: mailUrl(b.email), text: b.email, label: say('email') },
      { kind: 'link', href: pageUrl(b.url), text: String(b.url || '').replace(/^https?:\/\//, '').replace(/\/$/, ''), label: say('website') },
    ].filter((row) => row.text);
    const reach = h('ul', { class: 'reach' });
    put(reach, rows.map((row) => h('li', null, row.href
      ? h('a', { href: row.href, ...(row.kind === 'link' ? away : {}) }, icon(row.kind), h('span', null, h('span', { class: 'sr' }, `${row.label}: `), row.text))
      : `${row.label}: ${row.text}`)));
    return h('div', { class: 'card' }, (b.name || b.citation) && h('div', { class: 'who' }, b.name, this.marker(b.citation)), b.address && h('div', { class: 'what' }, b.address), b.hours && h('div', { class: 'what' }, b.hours), reach);
  }
}

/** @param {any} block */
function isText(block) { return block?.type === 'text' || block?.type === 'info'; }

/** A block in words; also what unknown kinds fall back to. @param {any} b @returns {string} */
export function blockText(b) {
  if (!b || typeof b !== 'object') return '';
  const rows = list(b.items || b.steps).map((i) => (typeof i === 'string' ? i : [i?.label ?? i?.title ?? i?.name, i?.value ?? i?.text].filter(Boolean).join(': ')));
  const table = list(b.rows).map((r) => list(r).join(' | '));
  const options = list(b.options).map((o) => `– ${o?.text ?? o}`);
  const head = b.title || b.name || b.question || '';
  const body = b.type === 'contact' ? [b.address, b.hours, b.phone, b.email, b.url] : [plainText(b.text || b.answer || b.description), ...rows, ...table, ...options, b.type === 'link' ? b.url : ''];
  return [head, ...body].filter((v) => typeof v === 'string' && v).join('\n');
}
