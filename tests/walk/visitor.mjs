// @ts-check
/** As a visitor: ask in two languages, look at the proof, be refused kindly, come back, and meet a server that is away. */
import { ANSWER_MS_MAX, check, until } from './walk.mjs';

/** @typedef {import('./walk.mjs').Walk} Walk */
/** @typedef {import('./walk.mjs').Demo} Demo */
/** @typedef {import('./walk.mjs').Page} Page */

const ANSWERED = 'Wann ist das Freibad geöffnet?';
const UNANSWERABLE = 'Wie wird das Wetter morgen in Rom?';
const ENGLISH = 'How much is an ID card?';

/** Types a question and waits until its answer is whole. @param {Page} page @param {string} question */
export async function ask(page, question) {
  const turns = page.locator('article.turn');
  const before = await turns.count();
  await page.locator('.panel textarea').fill(question);
  await page.locator('.panel textarea').press('Enter');
  await turns.nth(before).locator('.tools').waitFor({ timeout: ANSWER_MS_MAX });
  return turns.nth(before);
}

/** Names of the events of one answer, in order; runs in the page. @param {string} question @returns {Promise<string[]>} */
async function eventsOf(question) {
  const { site, key } = /** @type {HTMLElement} */ (document.querySelector('[data-dialog-engine]')).dataset;
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  const response = await fetch(`/api/v1/sites/${site}/ask`, { method: 'POST', headers, body: JSON.stringify({ question, stream: true }) });
  return [...(await response.text()).matchAll(/^event: *(\S+)/gm)].map((m) => m[1]);
}

/** @param {Walk} walk @param {Demo} demo */
export async function visitor(walk, demo) {
  const page = await walk.page();
  await walk.step('visitor: the page shows who answers and what it is', async () => {
    await page.goto(demo.page);
    await page.locator('.panel textarea').waitFor();
    check((await page.locator('footer').innerText()).includes('Automatischer Assistent'), 'the page does not say that it is an automated assistant');
    check(await page.locator('html').getAttribute('lang') === 'de', 'the page is not in German');
    await walk.look(page, 'site-de-light-1200-start');
  });

  await walk.step('visitor: a German question is answered as a stream with sources', async () => {
    const [response, turn] = await Promise.all([page.waitForResponse((r) => r.url().endsWith('/ask')), ask(page, ANSWERED)]);
    check((response.headers()['content-type'] || '').startsWith('text/event-stream'), 'the answer is no stream');
    const events = await page.evaluate(eventsOf, ANSWERED);
    check(events[0] === 'meta' && events.at(-1) === 'done', `the stream is ${events}`);
    check(events.filter((name) => name === 'delta').length > 1 && events.includes('citation'), `the answer did not grow: ${events}`);
    check(await turn.locator('.sources a').count() > 0, 'the answer has no sources');
    check(/\d/.test(await turn.locator('.answer').innerText()), 'the answer has no opening hours');
  });

  await walk.step('visitor: a citation opens in place and links to its passage', async () => {
    const turn = page.locator('article.turn').first();
    const marker = turn.locator('button.cite').first();
    await marker.click();
    const passage = turn.locator('.passage');
    await passage.waitFor();
    check(await marker.getAttribute('aria-expanded') === 'true', 'the marker does not say that it is open');
    check((await passage.locator('blockquote').innerText()).length > 10, 'the passage is empty');
    check(/Stand \d\d\.\d\d\.\d{4}/.test(await passage.innerText()), 'the passage has no date');
    await walk.look(page, 'site-de-light-1200-answer');
    const [source] = await Promise.all([page.context().waitForEvent('page'), passage.locator('a.go').click()]);
    walk.watch(source);
    // A browser asks every website for this; the town has none.
    /** @type {any} */ (source).expected.push(/favicon\.ico/);
    await source.waitForLoadState();
    check(source.url().startsWith(demo.town), `the link leads to ${source.url()}`);
    check((await source.locator('main').innerText()).length > 100, 'the page of the town is empty');
    await source.close();
    await passage.locator('button.icon').click();
    check(await turn.locator('.passage').count() === 0, 'the passage does not close');
  });

  await walk.step('visitor: what the pages do not know is refused, with near pages and a contact', async () => {
    const turn = await ask(page, UNANSWERABLE);
    check((await turn.getAttribute('class'))?.includes('refused'), `not refused: ${await turn.innerText()}`);
    check(await turn.locator('a.linkcard').count() > 0, 'no near pages');
    check(await turn.locator('a[href^="tel:"]').count() > 0, 'no telephone number to tap');
    check(await turn.locator('a[href^="mailto:"]').count() > 0, 'no e-mail address');
    await walk.look(page, 'site-de-light-1200-refusal');
  });

  await walk.step('visitor: the conversation is there after a reload', async () => {
    const before = await page.locator('article.turn .said').allInnerTexts();
    await page.reload();
    await page.locator('article.turn .tools').nth(1).waitFor();
    const after = await page.locator('article.turn .said').allInnerTexts();
    check(before.length === 2 && JSON.stringify(before) === JSON.stringify(after), `before ${before}, after ${after}`);
    check((await page.locator('article.turn').nth(1).getAttribute('class'))?.includes('refused'), 'the refusal came back as an answer');
  });

  await walk.step('visitor: a follow-up belongs to the same conversation, and a new one begins empty', async () => {
    await ask(page, 'Was kostet der Eintritt ins Hallenbad?');
    await page.reload();
    await page.locator('article.turn .tools').nth(2).waitFor();
    await page.getByRole('button', { name: 'Neue Unterhaltung beginnen' }).click();
    check(await page.locator('article.turn').count() === 0, 'the old conversation is still there');
  });
  await walk.done(page);

  await walk.step('visitor: English page, English answer', async () => {
    const english = await walk.page({ locale: 'en-GB' });
    await english.goto(`${demo.page}?lang=en`);
    await english.locator('.panel textarea').waitFor();
    check(await english.locator('html').getAttribute('lang') === 'en', 'the page is not in English');
    const turn = await ask(english, ENGLISH);
    const text = await turn.innerText();
    check(/46/.test(text), `no fee in: ${text}`);
    check(/Sources/.test(text), `not in English: ${text}`);
    await walk.look(english, 'site-en-light-1200-answer');
    const refused = await ask(english, 'What will the weather be like in Rome tomorrow?');
    check((await refused.getAttribute('class'))?.includes('refused'), 'not refused');
    check(!/Dazu habe ich/.test(await refused.innerText()), 'refused in German');
    await walk.look(english, 'site-en-light-1200-refusal');
    await walk.done(english);
  });

  await walk.step('visitor: with the keyboard alone', () => keyboard(walk, demo));
  await walk.step('visitor: without JavaScript', () => plain(walk, demo));
  await walk.step('visitor: with the keyboard of a telephone over half the screen', () => onScreenKeyboard(walk, demo));
  await walk.step('visitor: small, wide, light, dark, both languages', async () => {
    for (const [width, height] of [[360, 740], [1440, 900]]) {
      for (const scheme of /** @type {const} */ (['light', 'dark'])) {
        for (const lang of ['de', 'en']) {
          const name = `site-${lang}-${scheme}-${width}`;
          const view = await walk.page({ width, height, scheme, locale: lang, touch: width < 400 });
          await view.goto(`${demo.page}?lang=${lang}`);
          await view.locator('.panel textarea').waitFor();
          await walk.look(view, `${name}-start`);
          const turn = await ask(view, lang === 'de' ? ANSWERED : ENGLISH);
          await turn.locator('button.cite').first().click();
          await walk.look(view, `${name}-answer`);
          await ask(view, lang === 'de' ? UNANSWERABLE : 'What will the weather be like in Rome tomorrow?');
          await walk.look(view, `${name}-refusal`, { full: false });
          await walk.done(view);
        }
      }
    }
  });
  await walk.step('visitor: handbook and error page', async () => {
    for (const scheme of /** @type {const} */ (['light', 'dark'])) {
      for (const width of [360, 1440]) {
        const view = await walk.page({ width, scheme });
        await view.goto(`${demo.origin}/handbook/`);
        await walk.look(view, `handbook-${scheme}-${width}`);
        // The other chapters once, where room is scarce.
        const chapters = width > 400 || scheme === 'dark' ? [] : await view.locator('.book nav a').evaluateAll((links) => links.map((a) => /** @type {HTMLAnchorElement} */ (a).href));
        for (const chapter of chapters) {
          await view.goto(chapter);
          await walk.look(view, `handbook-chapter-${chapter.split('/').at(-1)}`);
        }
        /** @type {any} */ (view).expected.push(/status 404/, /console: Failed to load resource.*404/);
        const response = await view.goto(`${demo.origin}/s/gibt-es-nicht`);
        check(response?.status() === 404, `status ${response?.status()}`);
        await walk.look(view, `error-${scheme}-${width}`);
        await walk.done(view);
      }
    }
  });
}

/** Where the focus is, through shadow roots. @param {Page} page */
const focused = (page) => page.evaluate(() => {
  let at = /** @type {any} */ (document.activeElement);
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at ? `${at.tagName.toLowerCase()}.${at.className} ${at.getAttribute('aria-label') || at.textContent.trim().slice(0, 60)}` : '';
});

/** Presses Tab until the focus is on something. @param {Page} page @param {RegExp} what @param {string} [key] */
async function tabTo(page, what, key = 'Tab') {
  for (let i = 0; i < 40; i += 1) {
    if (what.test(await focused(page))) return;
    await page.keyboard.press(key);
  }
  throw new Error(`the keyboard does not reach ${what}; last ${await focused(page)}`);
}

/** @param {Walk} walk @param {Demo} demo */
async function keyboard(walk, demo) {
  const page = await walk.page();
  await page.goto(demo.page);
  await page.locator('.panel textarea').waitFor();
  await page.keyboard.press('Tab');
  check(/Zum Inhalt/.test(await focused(page)), `the first stop is ${await focused(page)}`);
  await page.keyboard.press('Enter');
  await tabTo(page, /^textarea/);
  await page.keyboard.type(ANSWERED);
  await page.keyboard.press('Enter');
  const turn = page.locator('article.turn').first();
  await turn.locator('.tools').waitFor();
  check(/^textarea/.test(await focused(page)), `after asking the focus is on ${await focused(page)}`);
  await tabTo(page, /^button\.cite/, 'Shift+Tab');
  const marker = await focused(page);
  await page.keyboard.press('Enter');
  await turn.locator('.passage').waitFor();
  check(/^aside\.passage/.test(await focused(page)), `the open passage has no focus: ${await focused(page)}`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  check(/^a\.go/.test(await focused(page)), `no way to the link: ${await focused(page)}`);
  await walk.look(page, 'site-keyboard', { axe: false });
  await page.keyboard.press('Escape');
  check(await turn.locator('.passage').count() === 0 && await focused(page) === marker, `Escape does not lead back: ${await focused(page)}`);
  const heard = await page.locator('[aria-live=polite]').innerText();
  check(heard.length > 20, `screen readers hear nothing: ${heard}`);
  await walk.done(page);
}

/** A telephone's keyboard leaves less than half of the window. @param {Walk} walk @param {Demo} demo */
async function onScreenKeyboard(walk, demo) {
  const page = await walk.page({ width: 360, height: 740, touch: true });
  await page.goto(demo.page);
  const input = page.locator('.panel textarea');
  await input.tap();
  await page.setViewportSize({ width: 360, height: 330 });
  await input.fill(ANSWERED);
  const inside = async (/** @type {import('playwright-core').Locator} */ part) => {
    const box = await part.boundingBox();
    return box && box.y >= 0 && box.y + box.height <= 330;
  };
  await until(() => inside(input), 'the question to stay above the keyboard');
  const send = page.locator('.panel button[type=submit]');
  check(await inside(send), `the button is behind the keyboard: ${JSON.stringify(await send.boundingBox())}`);
  await send.tap();
  const turn = page.locator('article.turn').first();
  await turn.locator('.tools').waitFor({ timeout: ANSWER_MS_MAX });
  check(await inside(input), 'after the answer the question box is behind the keyboard');
  const seen = await turn.evaluate((element) => { const box = element.getBoundingClientRect(); return Math.min(box.bottom, innerHeight) - Math.max(box.top, 0); });
  check(seen > 60, `only ${seen} px of the answer can be seen`);
  await walk.look(page, 'site-keyboard-of-a-telephone', { full: false });
  await walk.done(page);
}

/** @param {Walk} walk @param {Demo} demo */
async function plain(walk, demo) {
  for (const [width, scheme] of /** @type {const} */ ([[1200, 'light'], [360, 'dark']])) {
    const page = await walk.page({ script: false, width, scheme });
    await page.goto(demo.page);
    await walk.look(page, `plain-${scheme}-${width}-start`, { axe: false });
    await page.locator('#q').fill(ANSWERED);
    await page.locator('form.ask button').click();
    await page.waitForURL(/[?&]q=/);
    check(await page.locator('.answer.answered').count() === 1, 'no answer without JavaScript');
    check(await page.locator('.sources li a').count() > 0, 'no sources without JavaScript');
    await walk.look(page, `plain-${scheme}-${width}-answer`, { axe: false });
    await page.goto(`${demo.page}?q=${encodeURIComponent(UNANSWERABLE)}`);
    check(await page.locator('.answer.refused').count() === 1, 'no refusal without JavaScript');
    await walk.look(page, `plain-${scheme}-${width}-refusal`, { axe: false });
    await walk.done(page);
  }
  // axe itself needs scripts: it looks at the same pages without theirs.
  const bare = await walk.page({ width: 360 });
  await bare.route((url) => url.origin === demo.origin, async (route) => {
    const response = await route.fetch();
    const isPage = (response.headers()['content-type'] || '').startsWith('text/html');
    await route.fulfill(isPage ? { response, body: (await response.text()).replace(/<script[^]*?<\/script>/g, '') } : { response });
  });
  for (const [name, query] of [['start', ''], ['answer', ANSWERED], ['refusal', UNANSWERABLE]]) {
    await bare.goto(query ? `${demo.page}?q=${encodeURIComponent(query)}` : demo.page);
    check(await bare.locator('script').count() === 0 && await bare.locator('#q').isVisible(), `${name} is not the page without scripts`);
    await walk.look(bare, `plain-axe-${name}`);
  }
  await walk.done(bare);
  // The same page with JavaScript: the written answer stays.
  const page = await walk.page();
  await page.goto(`${demo.page}?q=${encodeURIComponent(ANSWERED)}`);
  await page.locator('.panel textarea').waitFor();
  check(await page.locator('main > section .answer').count() === 1, 'the written answer is gone');
  await walk.look(page, 'plain-enhanced');
  await walk.done(page);
}

/** The server goes away and comes back. Ends the demo. @param {Walk} walk @param {Demo} demo */
export async function visitorAway(walk, demo) {
  await walk.step('visitor: a server that is away is said plainly, and the question is not lost', async () => {
    const page = await walk.page();
    await page.goto(demo.page);
    await page.locator('.panel textarea').waitFor();
    await ask(page, ANSWERED);
    await walk.stop(demo.child);
    /** @type {any} */ (page).expected.push(/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/);
    await page.locator('.panel textarea').fill('Was kostet ein Reisepass?');
    await page.locator('.panel textarea').press('Enter');
    const trouble = page.locator('article.turn').nth(1).locator('.trouble');
    await trouble.waitFor({ timeout: 60_000 });
    check(/nicht erreichbar/.test(await trouble.innerText()), await trouble.innerText());
    await walk.look(page, 'site-away');
    const back = walk.start(['serve', '--data-dir', demo.folder, '--listen', new URL(demo.origin).host], demo.folder);
    await walk.printed(back, /ready (http\S+)/, 'out');
    await trouble.getByRole('button').click();
    await page.locator('article.turn').nth(1).locator('.tools').waitFor();
    check(await page.locator('article.turn').count() === 2, 'the failed question is there twice');
    await walk.look(page, 'site-back');
    await walk.stop(back);
    await walk.done(page);
  });
}
