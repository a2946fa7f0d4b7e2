// @ts-check
/** As an editor: from `init` in an empty folder to a question asked on a page of another origin. */
import { mkdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { ANSWER_MS_MAX, check, freePort, until } from './walk.mjs';
import { ask } from './visitor.mjs';

/** @typedef {import('./walk.mjs').Walk} Walk */
/** @typedef {import('./walk.mjs').Demo} Demo */
/** @typedef {import('./walk.mjs').Page} Page */

const EMAIL = 'editor@musterstadt.example';
const PASSWORD = 'ein langes Kennwort';
const QUESTION = 'Wann ist das Freibad geöffnet?';
const SITE = 'Musterstadt zur Probe';
const CRAWL_MS_MAX = 180_000;

/** @param {Walk} walk @param {Demo} demo */
export async function editor(walk, demo) {
  const origin = `http://127.0.0.1:${await freePort()}`;
  const folder = path.join(await walk.folder(), 'new');
  await mkdir(folder);
  // The address of the walk, as an operator would set it: links and snippets carry it.
  const env = { DIALOGENGINE_SERVER__LISTEN: new URL(origin).host };

  const link = await walk.step('editor: init writes config.toml and prints the set-up link', async () => {
    const init = walk.start(['init'], folder, env);
    const code = await init.ended;
    check(code === 0, `init ended with ${code}: ${init.err()}`);
    check((await readFile(path.join(folder, 'config.toml'), 'utf8')).includes('listen'), 'config.toml is empty');
    const found = /https?:\/\/\S+\/setup\?token=\S+/.exec(init.out() + init.err());
    check(found, `no link in: ${init.out()}${init.err()}`);
    check(found?.[0].startsWith(`${origin}/`), `the link is not of ${origin}: ${found?.[0]}`);
    return found?.[0] || '';
  });
  const server = await walk.step('editor: serve says when it is ready', async () => {
    const child = walk.start(['serve'], folder, env);
    const [, address] = await walk.printed(child, /ready (http\S+)/, 'out');
    check(address === origin, `it listens on ${address}`);
    return child;
  });

  const page = await walk.page();
  await walk.step('editor: without an account the console leads to the set-up', async () => {
    /** @type {any} */ (page).expected.push(/status 401: GET .*\/session/, /console: .*401.*\/session/);
    await page.goto(`${origin}/console/`);
    await page.getByRole('heading', { name: 'Willkommen bei DialogEngine' }).waitFor();
    await walk.look(page, 'console-setup-no-link');
  });
  await walk.step('editor: the link makes the account', async () => {
    await page.goto(link);
    await page.getByLabel('E-Mail-Adresse').fill(EMAIL);
    await page.getByLabel('Name').fill('Erika Muster');
    await page.getByLabel('Kennwort', { exact: true }).fill('kurz');
    await page.getByRole('button', { name: 'Konto anlegen' }).click();
    await page.getByText('Das Kennwort braucht mindestens 10 Zeichen.').waitFor();
    await walk.look(page, 'console-setup');
    await page.getByLabel('Kennwort', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Konto anlegen' }).click();
    await page.getByRole('heading', { name: 'Website hinzufügen' }).waitFor();
  });
  await walk.step('editor: the link works once', async () => {
    const other = await walk.page();
    /** @type {any} */ (other).expected.push(/status 40\d: POST .*\/setup/, /console: .*40\d.*\/setup/);
    await other.goto(link);
    await other.getByLabel('E-Mail-Adresse').fill('zweite@musterstadt.example');
    await other.getByLabel('Kennwort', { exact: true }).fill(PASSWORD);
    await other.getByRole('button', { name: 'Konto anlegen' }).click();
    await other.getByText(/user setup-link/).waitFor();
    await walk.look(other, 'console-setup-used');
    await walk.done(other);
  });

  await walk.step('editor: an overview without a website says what to do', async () => {
    await page.goto(`${origin}/console/#/`);
    await page.getByRole('heading', { name: 'Noch keine Website' }).waitFor();
    await walk.look(page, 'console-empty');
    await page.getByRole('main').getByRole('link', { name: 'Website hinzufügen' }).click();
  });
  await walk.step('editor: an address is typed; a local one needs consent', async () => {
    await page.getByLabel('Adresse der Website').fill('kein ort');
    await page.getByRole('button', { name: 'Seiten suchen' }).click();
    await page.getByText('Bitte geben Sie eine Adresse wie www.musterstadt.de ein.').waitFor();
    await page.getByLabel('Adresse der Website').fill(new URL(demo.town).host);
    await page.getByLabel('Name', { exact: true }).fill(SITE);
    await page.getByRole('button', { name: 'Seiten suchen' }).click();
    await page.getByLabel(/Ja, diese lokale Adresse einlesen/).check();
    await walk.look(page, 'console-new-consent');
    await page.getByRole('button', { name: 'Seiten suchen' }).click();
  });
  await walk.step('editor: pages found, expected time, folders', async () => {
    const heading = page.getByRole('heading', { name: /\d+ Seiten gefunden/ });
    await heading.waitFor({ timeout: CRAWL_MS_MAX });
    check(Number(/\d+/.exec(await heading.innerText())?.[0]) >= 70, `only ${await heading.innerText()}`);
    check(/voraussichtlich/.test(await page.getByRole('main').innerText()), 'no expected time');
    await chooseFolders(page);
    check(/^\d+ Seiten ausgewählt/m.test(await page.getByRole('main').innerText()), 'the choice is not counted');
    await walk.look(page, 'console-found');
    await page.getByRole('button', { name: 'Website einlesen' }).click();
  });
  await walk.step('editor: reading can be stopped, and begun again', async () => {
    await page.getByRole('button', { name: 'Anhalten' }).click();
    await page.getByRole('heading', { name: 'Angehalten' }).waitFor();
    check(/Was bis dahin gelesen wurde, ist durchsuchbar/.test(await page.getByRole('main').innerText()), 'it is not said what became of the pages read so far');
    await walk.look(page, 'console-stopped');
    await page.goBack();
    await page.getByRole('heading', { name: /\d+ Seiten gefunden/ }).waitFor();
    await chooseFolders(page);
    await page.getByRole('button', { name: 'Website einlesen' }).click();
  });
  await walk.step('editor: reading shows its progress, survives a reload, and ends with a report', async () => {
    await page.getByRole('heading', { name: 'Die Website wird eingelesen' }).waitFor();
    const seen = new Set();
    const main = page.getByRole('main');
    await until(async () => /** @type {any} */ (seen.add(await main.locator('.phases .now').innerText({ timeout: 1000 }).catch(() => ''))).size > 1, 'a second phase', CRAWL_MS_MAX);
    await walk.look(page, 'console-reading', { axe: false });
    await page.reload();
    await page.getByRole('heading', { name: 'Fertig eingelesen' }).waitFor({ timeout: CRAWL_MS_MAX });
    // Most of it was read before it was stopped.
    await page.locator('.tag.indexed, .tag.unchanged').first().waitFor();
    const report = await main.innerText();
    check(/Freibad/.test(report), 'the report does not name the pages');
    check(!/\/bildung\//.test(report) || /Von Ihren Ordnern ausgeschlossen/.test(report), 'a folder that was not chosen has been read');
    await walk.look(page, 'console-report');
  });

  await walk.step('editor: a question with its explanation', async () => {
    await page.getByRole('link', { name: 'Erste Frage stellen' }).click();
    await tryQuestion(page);
    check(await page.locator('.answerbox .sources a').count() > 0, 'no sources');
    check(await page.locator('.hits > li').count() > 2, 'no passages');
    check(/Beleg-Wert/.test(await page.getByRole('main').innerText()), 'the decision is not explained');
    await walk.look(page, 'console-try');
  });
  await walk.step('editor: a page that is excluded is not used any more', async () => {
    const first = page.locator('.hits > li').first();
    const title = await first.locator('a').first().innerText();
    await first.getByRole('button', { name: 'Diese Seite ausschließen' }).click();
    await page.locator('#toasts').getByText(/ist ausgeschlossen/).waitFor();
    await walk.look(page, 'console-try-excluded');
    await tryQuestion(page);
    check(!(await page.locator('.hits > li > p:first-child > a').allInnerTexts()).includes(title), `„${title}“ is still found`);
    await page.getByRole('link', { name: 'Dokumente', exact: true }).click();
    await page.getByRole('button', { name: 'Ausgeschlossen', exact: true }).click();
    const row = page.locator('tbody tr', { hasText: title });
    await row.getByRole('button', { name: /Wieder aufnehmen/ }).click();
    await page.locator('#toasts').getByText(/wird wieder für Antworten benutzt/).waitFor();
    await page.getByRole('button', { name: 'Alle', exact: true }).click();
    await page.locator('tbody tr', { hasText: title }).locator('.linkbutton').first().click();
    await page.locator('.pane .chunks li').first().waitFor();
    await walk.look(page, 'console-document');
  });
  await walk.step('editor: what is deleted can be taken back for a while, then it is gone', async () => {
    await page.goto(`${origin}/console/#/`);
    await page.goto(`${origin}/console/#/sites/${await slugOf(page)}/documents`);
    const count = page.getByText(/^\d+ Dokumente$/);
    await count.waitFor();
    const before = Number.parseInt(await count.innerText(), 10);
    await page.getByRole('button', { name: /^Löschen: / }).first().click();
    await page.getByRole('button', { name: 'Rückgängig' }).click();
    check(Number.parseInt(await count.innerText(), 10) === before, 'undo did not bring it back');
    await page.getByRole('button', { name: /^Löschen: / }).last().click();
    const [response] = await Promise.all([page.waitForResponse((r) => r.request().method() === 'DELETE'), page.locator('#toasts').getByRole('button', { name: 'Schließen' }).click()]);
    check(response.status() === 204, `status ${response.status()}`);
    await page.reload();
    await count.waitFor();
    check(Number.parseInt(await count.innerText(), 10) === before - 1, `before ${before}, after ${await count.innerText()}`);
  });

  await walk.step('editor: a website is read again by itself from now on', async () => {
    await page.goto(`${origin}/console/#/sites/${await slugOf(page)}/sources`);
    const choice = page.getByLabel('Von selbst neu einlesen');
    await choice.selectOption('Jede Nacht');
    await page.getByText(/^Nächstes Mal: /).waitFor();
    await page.reload();
    await page.getByText(/^Nächstes Mal: /).waitFor();
    check(await choice.inputValue() === 'daily', `after a reload: ${await choice.inputValue()}`);
    await walk.look(page, 'console-schedule');
  });

  await walk.step('editor: the snippet works on a page of another origin with a strict policy', () => embedded(walk, page, origin));

  const slug = await slugOf(page);
  const state = await page.context().storageState();
  await walk.step('editor: every page of the console, small and wide, light and dark, both languages', () => gallery(walk, origin, slug, state));

  await walk.step('editor: sign out, a wrong password, sign in', async () => {
    await page.goto(`${origin}/console/#/`);
    await page.getByRole('button', { name: 'Abmelden' }).click();
    await page.getByRole('heading', { name: 'Anmelden' }).waitFor();
    await page.getByLabel('E-Mail-Adresse').fill(EMAIL);
    await page.getByLabel('Kennwort', { exact: true }).fill('ein falsches Kennwort');
    /** @type {any} */ (page).expected.push(/status 401: POST .*\/session/);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.getByText('E-Mail-Adresse oder Kennwort stimmt nicht.').waitFor();
    await walk.look(page, 'console-signin-wrong');
    await page.getByLabel('Kennwort', { exact: true }).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Übersicht' }).waitFor();
    await page.getByRole('link', { name: SITE }).first().waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Übersicht' }).waitFor();
  });
  await walk.done(page);
  await walk.stop(server);
}

/** Waits until every part of the page is there. @param {Page} page */
async function loaded(page) {
  await until(async () => await page.locator('.skeleton').count() === 0, 'all parts of the page');
}

/** @param {Page} page */
async function chooseFolders(page) {
  for (const name of ['/freizeit/', '/buergerservice/']) await page.locator(`.folders input[value="${name}"]`).check();
}

/** @param {Page} page @returns {Promise<string>} slug of the only site */
async function slugOf(page) {
  const { sites } = await page.evaluate(async () => (await fetch('/api/v1/sites')).json());
  check(sites.length === 1, `${sites.length} sites instead of one`);
  return sites[0].slug;
}

/** @param {Page} page */
async function tryQuestion(page) {
  await page.getByRole('textbox', { name: 'Frage' }).fill(QUESTION);
  await page.getByRole('button', { name: 'Fragen' }).click();
  await loaded(page);
  await page.locator('.answerbox .answer').waitFor({ timeout: ANSWER_MS_MAX });
}

/** A page that allows scripts and calls of one origin only. @param {string} server @param {() => string} snippet @returns {Promise<{origin:string, close:() => void}>} */
async function host(server, snippet) {
  const site = http.createServer((request, response) => {
    if (request.url !== '/') { response.writeHead(204).end(); return; }
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': `default-src 'none'; img-src 'self'; script-src ${server}; connect-src ${server}` });
    response.end(`<!doctype html><html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Stadtwerke</title></head><body><main><h1>Stadtwerke Musterstadt</h1><p>Bäder, Strom und Wasser.</p></main>\n${snippet()}\n</body></html>`);
  });
  await new Promise((resolve) => { site.listen(0, '127.0.0.1', () => resolve(null)); });
  const { port } = /** @type {import('node:net').AddressInfo} */ (site.address());
  return { origin: `http://127.0.0.1:${port}`, close: () => { site.closeAllConnections(); site.close(); } };
}

/** @param {Walk} walk @param {Page} page @param {string} origin */
async function embedded(walk, page, origin) {
  let snippet = '';
  const allowed = await host(origin, () => snippet);
  const stranger = await host(origin, () => snippet);
  try {
    const slug = await slugOf(page);
    await page.goto(`${origin}/console/#/sites/${slug}/settings`);
    const origins = page.getByLabel('Erlaubte Websites');
    await origins.waitFor();
    await origins.fill(`${await origins.inputValue()}\n${allowed.origin}`);
    await page.getByRole('button', { name: 'Speichern' }).click();
    await page.getByText('Gespeichert.').first().waitFor();
    await page.getByRole('link', { name: 'Einbinden', exact: true }).click();
    await page.getByRole('button', { name: 'Kopieren', exact: true }).click();
    snippet = await page.evaluate(() => navigator.clipboard.readText());
    check(/^<script src="[^"]+\/widget\/v1\.js" data-site="[^"]+" data-key="pk_[^"]+" async><\/script>$/.test(snippet.trim()), `the snippet is ${snippet}`);
    check(snippet.includes(`src="${origin}/`), `the snippet is not of ${origin}: ${snippet}`);

    for (const [width, height, scheme] of /** @type {const} */ ([[1200, 900, 'light'], [360, 740, 'dark']])) {
      const visitor = await walk.page({ width, height, scheme, touch: width < 400 });
      await visitor.goto(allowed.origin);
      const bubble = visitor.getByRole('button', { name: 'Assistent öffnen: Fragen stellen' });
      await bubble.waitFor();
      await walk.look(visitor, `widget-${scheme}-${width}-closed`, { full: false });
      await bubble.click();
      await visitor.locator('.panel .welcome').waitFor();
      await walk.look(visitor, `widget-${scheme}-${width}-open`, { full: false });
      const turn = await ask(visitor, QUESTION);
      check((await turn.getAttribute('class'))?.includes('answered'), `not answered: ${await turn.innerText()}`);
      await turn.locator('button.cite').first().click();
      await turn.locator('.passage').waitFor();
      await walk.look(visitor, `widget-${scheme}-${width}-answer`, { full: false });
      await visitor.reload();
      await visitor.locator('article.turn .tools').first().waitFor();
      await visitor.keyboard.press('Tab');
      await visitor.locator('.panel textarea').focus();
      await visitor.keyboard.press('Escape');
      await visitor.locator('.panel').waitFor({ state: 'hidden' });
      await walk.done(visitor);
    }

    const visitor = await walk.page();
    /** @type {any} */ (visitor).expected.push(/status 403/, /CORS policy/, /net::ERR_FAILED/, /console: Failed to load resource.*403/);
    await visitor.goto(stranger.origin);
    await visitor.getByRole('button', { name: 'Assistent öffnen: Fragen stellen' }).click();
    const trouble = visitor.locator('.trouble, .plain').first();
    await until(async () => /nicht freigegeben|nicht erreichbar/.test(await trouble.innerText().catch(() => '')), 'the word about a website that is not allowed');
    check(/nicht freigegeben/.test(await trouble.innerText()), `a website that is not allowed is told: ${await trouble.innerText()}`);
    await walk.look(visitor, 'widget-not-allowed', { full: false });
    await walk.done(visitor);
  } finally {
    allowed.close();
    stranger.close();
  }
}

/** @param {Walk} walk @param {string} origin @param {string} slug @param {any} state */
async function gallery(walk, origin, slug, state) {
  for (const [lang, scheme, width] of /** @type {const} */ ([['de', 'light', 1440], ['de', 'dark', 360], ['en', 'light', 360], ['en', 'dark', 1440]])) {
    const page = await walk.page({ locale: lang === 'de' ? 'de-DE' : 'en-GB', scheme, width, height: width < 400 ? 740 : 900, touch: width < 400, state });
    // The account is a German one; this browser has chosen for itself.
    await page.addInitScript((tag) => localStorage.setItem('dialogengine:locale', tag), lang);
    for (const [name, hash] of [['overview', ''], ['new', 'new'], ['try', `sites/${slug}/try`], ['documents', `sites/${slug}/documents`], ['sources', `sites/${slug}/sources`], ['topics', `sites/${slug}/topics`], ['repeated', `sites/${slug}/repeated`], ['audit', `sites/${slug}/audit`], ['settings', `sites/${slug}/settings`], ['snippet', `sites/${slug}/snippet`], ['signin', 'signin'], ['not-found', 'gibt-es-nicht']]) {
      await page.goto(`${origin}/console/#/${hash}`);
      await page.locator('h1, .empty h2').first().waitFor();
      await loaded(page);
      if (name === 'documents' || name === 'sources') {
        const opener = name === 'sources' ? page.locator('.card .button:not(.main)').first() : page.locator('tbody .linkbutton').first();
        await opener.click();
        await page.locator(name === 'sources' ? '.card .tag' : '.pane .chunks li').first().waitFor();
      }
      if (name === 'try') {
        await page.locator('.askrow input').fill(lang === 'de' ? QUESTION : 'Wie wird das Wetter morgen in Rom?');
        await page.locator('.askrow button').click();
        await page.locator('.answerbox .answer').waitFor({ timeout: ANSWER_MS_MAX });
      }
      check(await page.locator('html').getAttribute('lang') === lang, `${name} is not in ${lang}`);
      await walk.look(page, `console-${lang}-${scheme}-${width}-${name}`);
    }
    await walk.done(page);
  }
}
