// @ts-check
/** Calls to the server, with errors in words an editor can act on. */
import { say, sayOr } from './i18n.js';

export class ApiError extends Error {
  /** @param {number} status 0: not reached @param {any} problem */
  constructor(status, problem) {
    super(problem?.detail || problem?.title || String(status));
    this.status = status;
    this.code = String(problem?.code || (status ? `http_${status}` : 'server_away'));
    this.detail = String(problem?.detail || '');
    this.requestId = String(problem?.request_id || '');
  }

  /** One or two sentences. */
  get words() {
    if (this.status === 0 || [502, 503, 504].includes(this.status)) return sayOr(`code_${this.code}`, say('errAway'));
    return sayOr(`code_${this.code}`, this.detail || say('errUnknown', { code: this.code }));
  }
}

/** Set by the shell: what happens when the session has ended. @type {{onSignedOut: () => void}} */
export const hooks = { onSignedOut() {} };

/**
 * @param {string} method @param {string} path below /api/v1 @param {any} [body] @param {{keepalive?:boolean, quiet?:boolean}} [options]
 * @returns {Promise<any>} parsed JSON, null for an empty answer
 */
export async function call(method, path, body, options = {}) {
  let response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      // Unsafe methods need it even without a body: the server's guard against foreign forms.
      headers: method === 'GET' ? {} : { 'Content-Type': 'application/json' },
      body: method === 'GET' ? undefined : JSON.stringify(body ?? {}),
      credentials: 'same-origin',
      cache: 'no-store',
      keepalive: options.keepalive,
    });
  } catch {
    throw new ApiError(0, null);
  }
  const text = await response.text().catch(() => '');
  let data = null;
  try { data = text ? JSON.parse(text) : null; } catch { /* a proxy's page is no answer */ }
  if (response.ok) return data;
  const error = new ApiError(response.status, data);
  if (response.status === 401 && !options.quiet) hooks.onSignedOut();
  throw error;
}

export const get = (/** @type {string} */ path) => call('GET', path);
export const post = (/** @type {string} */ path, /** @type {any} */ body) => call('POST', path, body);
export const patch = (/** @type {string} */ path, /** @type {any} */ body) => call('PATCH', path, body);
export const del = (/** @type {string} */ path, /** @type {{keepalive?:boolean}} */ options = {}) => call('DELETE', path, undefined, options);

/** A path with its parts escaped. @param {TemplateStringsArray} parts @param {...any} values */
export function url(parts, ...values) {
  return parts.reduce((out, part, i) => out + part + (i < values.length ? encodeURIComponent(String(values[i])) : ''), '');
}
