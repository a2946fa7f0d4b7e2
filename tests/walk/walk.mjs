// @ts-check
/**
 * What every walk needs: the binary as a child process, one browser with a new profile, pages that are watched
 * (console errors, failed requests, foreign hosts), steps with names, screenshots and axe.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const OUT = path.join(path.dirname(fileURLToPath(import.meta.url)), 'out');
const BINARY = process.env.DIALOGENGINE_BIN || '';
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const BROWSER_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic', '--no-first-run'];
const START_MS_MAX = 60_000;
export const ANSWER_MS_MAX = 30_000;

/** @typedef {{process: import('node:child_process').ChildProcess, out: () => string, err: () => string, ended: Promise<number|null>}} Child */
/** @typedef {{page: string, origin: string, town: string, folder: string, child: Child}} Demo */
/** @typedef {import('playwright-core').Page} Page */

/** @param {any} good @param {string} message */
export function check(good, message) {
  if (!good) throw new Error(message);
}

/** A port nobody listens on now. @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** Asks again until there is an answer. @template T @param {() => Promise<T>|T} ask @param {string} what @param {number} [limit] ms @returns {Promise<T>} */
export async function until(ask, what, limit = ANSWER_MS_MAX) {
  const end = Date.now() + limit;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${limit} ms for ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

export class Walk {
  constructor() {
    /** @type {Child[]} */
    this.children = [];
    /** @type {string[]} */
    this.folders = [];
    /** @type {string[]} */
    this.faults = [];
    /** @type {Map<string, string>} */
    this.stored = new Map();
    this.steps = 0;
    this.shots = 0;
    /** @type {import('playwright-core').Browser|undefined} */
    this.browser = undefined;
    this.axe = '';
  }

  /** One named step; what it throws is a fault of the walk and ends it. @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
  async step(name, work) {
    const begin = Date.now();
    const before = this.faults.length;
    try {
      const result = await work();
      this.steps += 1;
      console.log(`${this.faults.length > before ? 'FAULT' : 'ok   '} ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
      return result;
    } catch (error) {
      console.log(`FAIL  ${name}: ${/** @type {any} */ (error).message?.split('\n').slice(0, 6).join('\n      ')}`);
      this.faults.push(name);
      const open = this.browser?.contexts().flatMap((context) => context.pages()) || [];
      for (const [i, page] of open.entries()) await page.screenshot({ path: path.join(OUT, `fail-${this.faults.length}-${i}.png`) }).catch(() => {});
      throw error;
    }
  }

  /** @param {string} text */
  fault(text) {
    if (this.faults.includes(text)) return;
    this.faults.push(text);
    console.log(`fault ${text}`);
  }

  /** @returns {number} exit code */
  sum() {
    console.log(`\n${this.steps} steps, ${this.shots} screenshots in tests/walk/out, ${this.faults.length} faults`);
    for (const fault of this.faults) console.log(`- ${fault}`);
    return this.faults.length ? 1 : 0;
  }

  /** @returns {Promise<string>} a new folder, removed at the end */
  async folder() {
    const folder = await mkdtemp(path.join(tmpdir(), 'walk-'));
    this.folders.push(folder);
    return folder;
  }

  /** Starts the binary. @param {string[]} args @param {string} cwd @param {Record<string,string>} [env] @returns {Child} */
  start(args, cwd, env = {}) {
    const child = spawn(BINARY, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (part) => { out += part; });
    child.stderr.on('data', (part) => { err += part; });
    /** @type {Promise<number|null>} */
    const ended = new Promise((resolve) => {
      child.on('error', (error) => { err += String(error); resolve(-1); });
      child.on('exit', (code) => resolve(code));
    });
    const handle = { process: child, out: () => out, err: () => err, ended };
    this.children.push(handle);
    return handle;
  }

  /** Waits for something the child prints. @param {Child} child @param {RegExp} pattern @param {'out'|'err'} where @returns {Promise<RegExpExecArray>} */
  async printed(child, pattern, where) {
    return until(async () => {
      const found = pattern.exec(child[where]());
      if (!found && child.process.exitCode !== null) throw new Error(`ended with ${child.process.exitCode} before it printed ${pattern}:\n${child.err().slice(-1500)}`);
      return found;
    }, String(pattern), START_MS_MAX).catch((error) => { throw new Error(`${error.message}\n${child.err().slice(-1500)}`); });
  }

  /** Ends a child and waits for it. @param {Child} child @param {NodeJS.Signals} [signal] */
  async stop(child, signal = 'SIGTERM') {
    if (child.process.exitCode === null && child.process.signalCode === null) child.process.kill(signal);
    const timer = setTimeout(() => child.process.kill('SIGKILL'), 15_000);
    await child.ended;
    clearTimeout(timer);
  }

  /** The sample town with all its pages and vectors. @returns {Promise<Demo>} */
  async startDemo() {
    return this.step('demo: starts and reads the town', async () => {
      const folder = path.join(await this.folder(), 'kept');
      const child = this.start(['demo', '--json', '--keep', folder, '--listen', '127.0.0.1:0'], path.dirname(folder));
      // The result is printed when all vectors are there.
      await until(async () => {
        if (child.process.exitCode !== null) throw new Error(`demo ended with ${child.process.exitCode}:\n${child.err().slice(-1500)}`);
        return child.out().includes('\n');
      }, 'the result of the demo', 400_000);
      const { page, town, crawl } = JSON.parse(child.out().trim().split('\n').at(-1) || '{}');
      check(crawl.documents >= 70, `only ${crawl.documents} documents`);
      return { page, origin: new URL(page).origin, town: town.replace(/\/$/, ''), folder, child };
    });
  }

  /**
   * A page that is watched until it is closed. @param {{width?:number, height?:number, scheme?:'light'|'dark', locale?:string, script?:boolean, touch?:boolean, state?:any}} [options] state: cookies of a session
   * @returns {Promise<Page>}
   */
  async page({ width = 1200, height = 900, scheme = 'light', locale = 'de-DE', script = true, touch = false, state } = {}) {
    this.browser ||= await chromium.launch({ executablePath: process.env.CHROMIUM, args: BROWSER_ARGS });
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale, javaScriptEnabled: script, hasTouch: touch, isMobile: touch, storageState: state, reducedMotion: 'reduce', permissions: ['clipboard-read', 'clipboard-write'], acceptDownloads: false });
    const page = await context.newPage();
    page.setDefaultTimeout(ANSWER_MS_MAX);
    this.watch(page);
    return page;
  }

  /** Notes what must not happen on a page. `page.expected` holds patterns of what a step brings about itself. @param {Page} page */
  watch(page) {
    const state = /** @type {any} */ (page);
    /** @type {RegExp[]} */
    state.expected = [];
    const note = (/** @type {string} */ text) => { if (!state.expected.some((/** @type {RegExp} */ p) => p.test(text))) this.fault(text.slice(0, 300)); };
    page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') note(`console: ${message.text()} (${message.location().url})`); });
    page.on('pageerror', (error) => note(`page error: ${error.stack || error.message}`));
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^https?:$|^wss?:$/.test(protocol) && hostname !== '127.0.0.1') note(`foreign host: ${request.url()} on ${page.url()}`);
    });
    // A page that is left aborts what it was still loading.
    page.on('requestfailed', (request) => { if (request.failure()?.errorText !== 'net::ERR_ABORTED') note(`request failed: ${request.url()} ${request.failure()?.errorText}`); });
    page.on('response', (response) => { if (response.status() >= 400) note(`status ${response.status()}: ${response.request().method()} ${response.url()}`); });
  }

  /** @param {Page} page */
  async done(page) { await page.context().close(); }

  /** A screenshot, and the rules of accessibility. @param {Page} page @param {string} name @param {{full?:boolean, axe?:boolean}} [options] */
  async look(page, name, { full = true, axe = true } = {}) {
    await page.screenshot({ path: path.join(OUT, `${name}.png`), fullPage: full, animations: 'disabled' });
    this.shots += 1;
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 1) this.fault(`${name}: ${wide} px wider than the window`);
    if (axe) await this.inspect(page, name);
  }

  /** axe in an isolated world: the page's own policy stays in force. A skip link stands before all landmarks on purpose. @param {Page} page @param {string} name */
  async inspect(page, name) {
    this.axe ||= await readFile(AXE, 'utf8');
    const session = await page.context().newCDPSession(page);
    try {
      const { frameTree } = await session.send('Page.getFrameTree');
      const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'axe' });
      const run = async (/** @type {string} */ expression) => {
        const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
        return result.value;
      };
      await run(`${this.axe};0`);
      const text = await run(`axe.run({exclude:['.skip']},{runOnly:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice'],resultTypes:['violations']}).then(r=>JSON.stringify(r.violations.map(v=>[v.id,v.help,v.nodes.slice(0,3).map(n=>n.target.flat().join(' ')+' | '+n.html.slice(0,140)+' | '+(n.any[0]?.message||n.all[0]?.message||n.none[0]?.message||''))])))`);
      for (const [id, help, nodes] of JSON.parse(text)) this.fault(`axe ${name}: ${id} – ${help}: ${nodes.join(' ;; ')}`);
    } finally {
      await session.detach();
    }
  }

  async close() {
    await this.browser?.close().catch(() => {});
    await Promise.all(this.children.map((child) => this.stop(child)));
    await Promise.all(this.folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}
