// @ts-check
/** Language of the console, and figures the way people write them. */
import { DE } from './words.de.js';
import { EN } from './words.en.js';

export const WORDS = { de: DE, en: EN };

/** @type {'de'|'en'} */
let current = 'de';

const memory = () => { try { return localStorage.getItem('dialogengine:locale'); } catch { return null; } };

/** @param {string|null|undefined} tag */
export function setLocale(tag) {
  current = /^de\b/i.test(tag || '') ? 'de' : 'en';
  document.documentElement.lang = current;
}

/** Chosen before, else the browser's. */
export function startLocale() { setLocale(memory() || navigator.language); }

export function chosenLocale() { return memory(); }

/** @param {'de'|'en'} tag */
export function chooseLocale(tag) {
  try { localStorage.setItem('dialogengine:locale', tag); } catch { /* then for this page only */ }
  setLocale(tag);
}

export const locale = () => current;
const region = () => (current === 'de' ? 'de-DE' : 'en-GB');

/** @param {string} key @param {Record<string, any>} [slots] */
export function say(key, slots) {
  const words = /** @type {Record<string,string>} */ (WORDS[current]);
  // One of a thing has a form of its own where the words differ.
  const text = (String(slots?.n) === '1' ? words[`${key}1`] : undefined) ?? words[key];
  return (text ?? key).replace(/\{(\w+)\}/g, (all, name) => String(slots?.[name] ?? all));
}

/** Says a key when it exists, else the given words. @param {string} key @param {string} otherwise */
export function sayOr(key, otherwise) { return key in WORDS[current] ? say(key) : otherwise; }

/** Codes whose sentence needs the server's own detail: a status, an address. */
const DETAILED = new Set(['status', 'redirect_other_host', 'redirect_forbidden', 'canonical', 'unreachable', 'other_host', 'no_pages', 'crawl_failed', 'too_large', 'not_found', 'access_denied', 'busy', 'http_error', 'redirect_elsewhere', 'duplicate_url', 'unsupported_type', 'trap', 'meta_refresh', 'pages_without_text', 'pages_unread']);

/** Why something was left out, in the reader's language. @param {{code?:string, reason?:string}} entry @returns {string} */
export function reasonOf({ code = '', reason = '' }) {
  const words = sayOr(`code_${code}`, '');
  if (!words) return reason || code;
  return DETAILED.has(code) && reason && reason !== words ? `${words} (${reason})` : words;
}

/** @param {any} value @param {number} [digits] */
export function num(value, digits = 0) {
  return typeof value === 'number' && Number.isFinite(value) ? new Intl.NumberFormat(region(), { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value) : say('none');
}

/** "22.11.2026, 14:03 Uhr" @param {any} value */
export function moment(value) {
  const date = new Date(value);
  if (!value || Number.isNaN(date.getTime())) return say('none');
  return say('clock', { time: new Intl.DateTimeFormat(region(), { dateStyle: 'medium', timeStyle: 'short' }).format(date) });
}

/** @param {any} value */
export function day(value) {
  const date = new Date(value);
  return !value || Number.isNaN(date.getTime()) ? say('none') : new Intl.DateTimeFormat(region(), { day: '2-digit', month: '2-digit', year: 'numeric' }).format(date);
}

/** "14:03 Uhr" @param {Date} date */
export function time(date) { return say('clock', { time: new Intl.DateTimeFormat(region(), { timeStyle: 'short' }).format(date) }); }

/** "4 Minuten" @param {any} seconds */
export function duration(seconds) {
  const s = Math.max(1, Math.round(Number(seconds) || 0));
  if (s < 50) return say('seconds', { n: num(s < 10 ? s : Math.ceil(s / 5) * 5) });
  const m = Math.round(s / 60);
  if (m <= 1) return say('minute');
  return m < 120 ? say('minutes', { n: num(m) }) : say('hours', { n: num(s / 3600, 1) });
}
