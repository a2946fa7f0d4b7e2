// @ts-check
/**
 * The Markdown subset of answers, as a tree: paragraphs, lists, bold, links, `[n]` markers.
 * Pure functions; nothing here knows the DOM, and HTML is only ever text.
 *
 * @typedef {{t:'text',v:string}|{t:'b',c:Inline[]}|{t:'a',href:string,c:Inline[]}|{t:'cite',n:number}|{t:'br'}} Inline
 * @typedef {{t:'p',c:Inline[]}|{t:'h',c:Inline[]}|{t:'ul'|'ol',start:number,items:Inline[][]}} Block
 */

const TEXT_CHARS_MAX = 40000;
const PROTOCOLS = new Set(['http:', 'https:', 'tel:', 'mailto:']);

/**
 * The address when it is absolute and of a harmless kind, else null.
 * Names and passwords inside an address are refused: they only serve to disguise the host.
 * @param {unknown} address @returns {string|null}
 */
export function safeUrl(address) {
  if (typeof address !== 'string' || address.length > 4096) return null;
  try {
    const url = new URL(address.trim());
    if (!PROTOCOLS.has(url.protocol) || url.username || url.password) return null;
    return url.href;
  } catch {
    return null;
  }
}

/** Only pages, not phone numbers. @param {unknown} address @returns {string|null} */
export function pageUrl(address) {
  const url = safeUrl(address);
  return url && /^https?:/.test(url) ? url : null;
}

/** Link for a telephone number as people write it; null when there is none in it. @param {unknown} number */
export function telUrl(number) {
  const digits = String(number ?? '').replace(/\(0\)/g, '').replace(/[^\d+]/g, '').replace(/(?!^)\+/g, '');
  return /^\+?\d{3,20}$/.test(digits) ? `tel:${digits}` : null;
}

/** @param {unknown} address */
export function mailUrl(address) {
  const mail = String(address ?? '').trim();
  return /^[^\s@<>?&]+@[^\s@<>?&]+\.[^\s@<>?&]+$/.test(mail) ? `mailto:${mail}` : null;
}

/**
 * The page address with a text fragment that scrolls to the quoted words.
 * @param {unknown} address @param {string} [quote] @returns {string|null}
 */
export function passageUrl(address, quote) {
  const url = pageUrl(address);
  if (!url) return null;
  const line = (quote || '').split('\n').map((l) => l.replace(/^[\s#>*\-•|]+|[*|]+/g, ' ').replace(/\s+/g, ' ').trim()).find((l) => l.length > 8);
  if (!line) return url;
  const words = line.replace(/[.…]+$/, '').split(' ');
  // `-` and `,` have a meaning inside a fragment directive.
  const escape = (/** @type {string[]} */ part) => encodeURIComponent(part.join(' ')).replace(/-/g, '%2D');
  const fragment = words.length <= 8 ? escape(words) : `${escape(words.slice(0, 4))},${escape(words.slice(-4))}`;
  return `${url}${url.includes('#') ? '' : '#'}:~:text=${fragment}`;
}

/** @param {string} source @param {number} [depth] @returns {Inline[]} */
export function parseInline(source, depth = 0) {
  /** @type {Inline[]} */
  const out = [];
  let plain = '';
  const flush = () => { if (plain) out.push({ t: 'text', v: plain }); plain = ''; };
  const push = (/** @type {Inline} */ node) => { flush(); out.push(node); };
  for (let i = 0; i < source.length;) {
    const rest = source.slice(i, i + 4200);
    let m;
    if ((m = /^\\([\\*[\]()_#`>-])/.exec(rest))) plain += m[1];
    else if ((m = /^\n/.exec(rest))) push({ t: 'br' });
    else if ((m = /^\[(\d{1,3})\](?!\()/.exec(rest))) {
      // The marker hugs its word, so that it never starts a line alone.
      plain = plain.replace(/ +$/, '');
      push({ t: 'cite', n: Number(m[1]) });
    } else if (depth < 3 && (m = /^\*\*(?=\S)([^]{1,2000}?\S)\*\*|^\*\*(\S)\*\*/.exec(rest))) push({ t: 'b', c: parseInline(m[1] || m[2], depth + 1) });
    else if (depth < 3 && (m = /^\[([^[\]\n]{1,500})\]\(\s*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s+"[^"]*")?\s*\)/.exec(rest))) {
      const href = safeUrl(m[2]);
      const inner = parseInline(m[1], 3);
      if (href) push({ t: 'a', href, c: inner });
      else { flush(); out.push(...inner); }
    } else if (depth < 3 && !/[\w/]$/.test(plain) && (m = /^https?:\/\/[^\s<>"[\]*]+/i.exec(rest))) {
      m[0] = m[0].replace(/[.,;:!?)]+$/, '');
      const href = safeUrl(m[0]);
      if (href) push({ t: 'a', href, c: [{ t: 'text', v: m[0] }] });
      else plain += m[0];
    } else { plain += source[i]; i += 1; continue; }
    i += m[0].length;
  }
  flush();
  return out;
}

/** @param {unknown} source @returns {Block[]} */
export function parseText(source) {
  const lines = String(source ?? '').slice(0, TEXT_CHARS_MAX).replace(/\r\n?/g, '\n').split('\n');
  /** @type {Block[]} */
  const blocks = [];
  /** @type {string[]} */
  let para = [];
  /** @type {{t:'ul'|'ol',start:number,items:string[]}|null} */
  let list = null;
  const endPara = () => { if (para.length) blocks.push({ t: 'p', c: parseInline(para.join('\n')) }); para = []; };
  const endList = () => { if (list) blocks.push({ ...list, items: list.items.map((item) => parseInline(item)) }); list = null; };
  for (const raw of lines) {
    const line = raw.trimEnd();
    const item = /^\s{0,6}(?:([-*•])|(\d{1,3})[.)])\s+(.*)$/.exec(line);
    const head = /^#{1,6}\s+(.*)$/.exec(line);
    if (!line.trim()) { endPara(); if (list) list.items.push(''); } // a blank line inside a list is decided by what follows
    else if (item) {
      endPara();
      const t = item[1] ? 'ul' : 'ol';
      if (list && list.t !== t) endList();
      if (!list) list = { t, start: item[2] ? Number(item[2]) : 1, items: [] };
      else if (list.items.at(-1) === '') list.items.pop();
      list.items.push(item[3]);
    } else if (head) { endPara(); endList(); blocks.push({ t: 'h', c: parseInline(head[1]) }); }
    else if (list && list.items.at(-1) !== '' && /^\s+/.test(raw)) list.items.push(`${list.items.pop()} ${line.trim()}`);
    else { if (list) endList(); para.push(line.trim()); }
  }
  endPara();
  endList();
  for (const block of blocks) if ('items' in block) block.items = block.items.filter((item) => item.length);
  return blocks;
}

/** Words only, as read aloud or copied. @param {Inline[]} inlines @returns {string} */
export function plainInline(inlines) {
  return inlines.map((i) => (i.t === 'text' ? i.v : i.t === 'br' ? '\n' : i.t === 'cite' ? '' : plainInline(i.c))).join('');
}

/** @param {unknown} source @returns {string} */
export function plainText(source) {
  return parseText(source).map((b) => ('items' in b
    ? b.items.map((item, n) => `${b.t === 'ol' ? `${b.start + n}.` : '–'} ${plainInline(item)}`).join('\n')
    : plainInline(b.c))).join('\n\n');
}

/** Hides a marker or bold sign that is still being written. @param {string} text */
export function settle(text) {
  const cut = text.replace(/\[[^\]\n]{0,80}(?:\](?:\([^)\n]{0,500})?)?$/, (m) => (/^\[\d{1,3}\]$/.test(m) ? m : ''));
  return (cut.match(/\*\*/g) || []).length % 2 ? cut.replace(/\*\*(?=[^*]*$)/, '') : cut.replace(/(?<!\*)\*$/, '');
}

/**
 * Splits finished sentences from the one still growing.
 * @param {string} text @param {string} locale @returns {[string[], string]} finished sentences and the rest
 */
export function sentences(text, locale) {
  /** @type {string[]} */
  let parts;
  if (typeof Intl !== 'undefined' && 'Segmenter' in Intl) {
    parts = Array.from(new Intl.Segmenter(locale, { granularity: 'sentence' }).segment(text), (s) => s.segment);
  } else parts = text.split(/(?<=[.!?…]\s+)(?=[\p{Lu}„"(])/u);
  // Abbreviations and ordinals end no sentence: "z. B.", "12. März".
  /** @type {string[]} */
  const merged = [];
  for (const part of parts) {
    const before = merged.at(-1);
    if (before !== undefined && /(?:\b\p{L}|\b\d{1,2}|\b(?:Nr|Str|Tel|ca|bzw|usw|inkl|Abs|Art|Dr|Prof))\.\s*$/u.test(before)) merged[merged.length - 1] += part;
    else merged.push(part);
  }
  const rest = merged.pop() ?? '';
  return [merged, rest];
}
