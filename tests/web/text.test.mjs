// The Markdown subset, addresses and sentences. Run: node --test tests/web
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mailUrl, parseInline, parseText, passageUrl, plainText, safeUrl, sentences, settle, telUrl } from '../../assets/web/widget/v1/text.js';

const hrefs = (tree) => JSON.stringify(tree).match(/"href":"[^"]*"/g) || [];

test('harmless addresses only', () => {
  const cases = [
    ['https://a.de/x?y=1#z', 'https://a.de/x?y=1#z'], ['http://a.de', 'http://a.de/'], ['tel:+49123', 'tel:+49123'], ['mailto:a@b.de', 'mailto:a@b.de'],
    [' https://a.de ', 'https://a.de/'], ['javascript:alert(1)', null], ['JaVaScRiPt:alert(1)', null], ['java\nscript:alert(1)', null], ['\u0001javascript:alert(1)', null],
    ['data:text/html,<script>', null], ['vbscript:x', null], ['file:///etc/passwd', null], ['blob:https://a.de/1', null], ['//a.de', null], ['/path', null], ['', null], [null, null],
    ['https://bank.de@evil.com/', null], ['https://u:p@evil.com/', null], ['https://', null], [{}, null], [`https://a.de/${'x'.repeat(5000)}`, null],
  ];
  for (const [given, expected] of cases) assert.equal(safeUrl(given), expected, String(given));
});

test('foreign markup stays text', () => {
  const cases = [
    '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '[x](javascript:alert(1))', '[x](JAVASCRIPT:alert(1))', '[x](data:text/html;base64,PHN2Zz4=)',
    '![x](https://a.de/x.png onerror=alert(1))', '[x](java\tscript:alert(1))', '**<b onclick=alert(1)>**', '[<img src=x>](vbscript:x)', '<a href="javascript:x">y</a>',
    '[a](https://u@evil.com)', '&lt;script&gt;', '`<script>`', '[x]( javascript:alert(1) )', '[[x]](javascript:1)', '[x][1](javascript:1)',
  ];
  for (const source of cases) {
    const tree = parseText(source);
    assert.deepEqual(hrefs(tree).filter((h) => !/"href":"(https?|tel|mailto):/.test(h)), [], source);
    for (const kind of JSON.stringify(tree).match(/"t":"(\w+)"/g) || []) assert.match(kind, /"t":"(p|h|ul|ol|text|b|a|cite|br)"/, source);
    assert.ok(!hrefs(tree).some((h) => h.includes('evil')), source);
  }
});

test('paragraphs, lists, bold, links, markers', () => {
  assert.deepEqual(parseText('A **b** c. [1]\n\n- x\n- y [2]\n\nEnd'), [
    { t: 'p', c: [{ t: 'text', v: 'A ' }, { t: 'b', c: [{ t: 'text', v: 'b' }] }, { t: 'text', v: ' c.' }, { t: 'cite', n: 1 }] },
    { t: 'ul', start: 1, items: [[{ t: 'text', v: 'x' }], [{ t: 'text', v: 'y' }, { t: 'cite', n: 2 }]] },
    { t: 'p', c: [{ t: 'text', v: 'End' }] },
  ]);
  assert.equal(parseText('3. a\n\n4. b')[0].start, 3);
  assert.equal(parseText('3. a\n\n4. b')[0].items.length, 2);
  assert.equal(parseText('## Titel')[0].t, 'h');
  assert.equal(parseText('12. März ist der Tag')[0].t, 'ol', 'a numbered start is a list, as everywhere in Markdown');
  assert.deepEqual(parseInline('[Amt](https://a.de/x_(y))'), [{ t: 'a', href: 'https://a.de/x_(y)', c: [{ t: 'text', v: 'Amt' }] }]);
  assert.deepEqual(parseInline('siehe https://a.de/x.'), [{ t: 'text', v: 'siehe ' }, { t: 'a', href: 'https://a.de/x', c: [{ t: 'text', v: 'https://a.de/x' }] }, { t: 'text', v: '.' }]);
  assert.deepEqual(parseInline('[1](https://a.de)')[0].t, 'a');
  assert.deepEqual(parseInline('2 ** 3 ** 4'), [{ t: 'text', v: '2 ** 3 ** 4' }]);
  assert.deepEqual(parseInline('\\[1\\]'), [{ t: 'text', v: '[1]' }]);
  assert.equal(plainText('A **b** [1]\n\n1. x\n2. y'), 'A b\n\n1. x\n2. y');
});

test('hostile lengths end quickly', () => {
  for (const source of ['['.repeat(30000), '**a'.repeat(10000), '[a]('.repeat(9000), '- '.repeat(9000), '\n'.repeat(50000), '(('.repeat(9000)]) {
    const before = process.hrtime.bigint();
    parseText(source);
    assert.ok(Number(process.hrtime.bigint() - before) < 2e9 * 5, source.slice(0, 6));
  }
});

test('unfinished signs are held back', () => {
  const cases = [['Text [', 'Text '], ['Text [1', 'Text '], ['Text [1]', 'Text [1]'], ['a **b', 'a b'], ['a **b**', 'a **b**'], ['a *', 'a '], ['see [A](https://', 'see '], ['see [A](https://a.de)', 'see [A](https://a.de)']];
  for (const [given, expected] of cases) assert.equal(settle(given), expected);
});

test('telephone, mail, passage addresses', () => {
  const phones = [['0234 123-45', 'tel:023412345'], ['+49 (0)234 12345', 'tel:+4923412345'], ['115', 'tel:115'], ['keine', null], ['', null], [undefined, null]];
  for (const [given, expected] of phones) assert.equal(telUrl(given), expected);
  const mails = [['a@b.de', 'mailto:a@b.de'], ['a@b', null], ['a b@c.de', null], ['a@b.de?bcc=x@y.de', null]];
  for (const [given, expected] of mails) assert.equal(mailUrl(given), expected);
  assert.equal(passageUrl('https://a.de/x', 'Kurz und gut - ja'), 'https://a.de/x#:~:text=Kurz%20und%20gut%20%2D%20ja');
  assert.equal(passageUrl('https://a.de/x#y', 'eins zwei drei vier fünf sechs sieben acht neun'), 'https://a.de/x#y:~:text=eins%20zwei%20drei%20vier,sechs%20sieben%20acht%20neun');
  assert.equal(passageUrl('javascript:alert(1)', 'x'), null);
  assert.equal(passageUrl('https://a.de/', ''), 'https://a.de/');
});

test('sentences: finished ones once, abbreviations hold together', () => {
  assert.deepEqual(sentences('Das geht, z. B. am 12. März. Mehr', 'de'), [['Das geht, z. B. am 12. März. '], 'Mehr']);
  assert.deepEqual(sentences('One. Two. Thr', 'en'), [['One. ', 'Two. '], 'Thr']);
  assert.deepEqual(sentences('', 'de'), [[], '']);
});
