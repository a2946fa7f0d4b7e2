// What ships: sizes, dictionaries, no foreign hosts, nothing a strict CSP forbids.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { accentCss, contrast, parseColor } from '../../assets/web/widget/v1/style.js';
import { day, localeOf, speaker, WORDS } from '../../assets/web/widget/v1/words.js';

const web = new URL('../../assets/web/', import.meta.url);
const files = readdirSync(web, { recursive: true }).filter((name) => /\.(js|css|html|svg)$/.test(name)).map((name) => [name, readFileSync(new URL(name, web), 'utf8')]);
const gzip = (names) => names.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, web)), { level: 6 }).length, 0);

test('the loader is at most 10 KB, the panel with all it needs 40 KB', () => {
  assert.ok(gzip(['widget/v1.js']) <= 10240);
  assert.ok(gzip(readdirSync(new URL('widget/v1/', web)).map((name) => `widget/v1/${name}`)) <= 40960);
});

/** Same keys, same slots, nothing empty. */
function compare(words) {
  assert.deepEqual(Object.keys(words.de).sort(), Object.keys(words.en).sort());
  const slots = (text) => (text.match(/\{\w+\}/g) || []).sort();
  for (const [key, text] of Object.entries(words.de)) {
    assert.ok(text.trim() && words.en[key].trim(), key);
    assert.deepEqual(slots(text), slots(words.en[key]), key);
  }
}

test('both languages are complete', async () => {
  compare(WORDS);
  const names = files.map(([name]) => name);
  if (names.includes('console/i18n.js')) compare((await import(new URL('console/i18n.js', web).href)).WORDS);
});

test('every key that is spoken exists', async () => {
  const own = (prefix, words) => {
    for (const [name, text] of files.filter(([n]) => n.startsWith(prefix) && n.endsWith('.js'))) {
      for (const [, key] of text.matchAll(/\bsay\(\s*'(\w+)'/g)) assert.ok(key in words.de, `${name}: ${key}`);
    }
  };
  own('widget/', WORDS);
  if (files.some(([n]) => n === 'console/i18n.js')) own('console/', (await import(new URL('console/i18n.js', web).href)).WORDS);
});

test('nothing that a strict CSP forbids, nothing from elsewhere', () => {
  for (const [name, text] of files) {
    assert.doesNotMatch(text, /\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function\(/, name);
    const hosts = [...text.replaceAll('https://HOST', '').matchAll(/(?:src|href|import|from|url\()\s*[=(]?\s*["']?(https?:)?\/\/[\w.-]+/g)].map((m) => m[0]);
    assert.deepEqual(hosts, [], name);
    if (name.endsWith('.html')) assert.doesNotMatch(text, /<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=/, name);
    assert.ok(text.split('\n').length <= 500, `${name} is too long`);
  }
});

test('language, dates, slots', () => {
  for (const [tag, expected] of [['de', 'de'], ['de-AT', 'de'], ['DE', 'de'], ['en-US', 'en'], ['fr', 'en'], ['den', 'en'], ['', 'en'], [null, 'en']]) assert.equal(localeOf(tag), expected);
  assert.equal(day('de', '2026-03-12T08:00:00Z'), '12.03.2026');
  assert.equal(day('en', '2026-03-12'), '12 Mar 2026');
  assert.equal(day('de', 'gestern'), '');
  assert.equal(day('de', null), '');
  assert.equal(speaker('de')('left', { n: 3 }), 'Noch 3 Zeichen');
});

test('an accent stays legible', () => {
  for (const hex of ['#1a5fb4', '#ffeb3b', '#000', '#fff', 'e91e63', '#7f7f7f']) {
    const css = accentCss(hex);
    const [light, dark] = [...css.matchAll(/--accent-text:rgb\((\d+) (\d+) (\d+)\)/g)].map((m) => m.slice(1).map(Number));
    assert.ok(contrast(light, [255, 255, 255]) >= 4.5, `${hex} on light`);
    assert.ok(contrast(dark, [31, 36, 42]) >= 4.5, `${hex} on dark`);
  }
  for (const bad of ['red', 'url(x)', '#12', '#1a5fb4;}*{}', null]) assert.equal(parseColor(bad), null);
});
