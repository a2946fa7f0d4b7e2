// @ts-check
import { call } from '../api.js';
import { field, form, h } from '../dom.js';
import { say } from '../i18n.js';
import { showPassword } from './setup.js';

/** @param {HTMLElement} place @param {string[]} _ @param {import('../main.js').Context} context */
export function signIn(place, _, context) {
  const email = field(say('email'), { type: 'email', autocomplete: 'username', required: true });
  const password = field(say('password'), { type: 'password', autocomplete: 'current-password', required: true });
  const { node } = form([email.node, password.node, showPassword(password.input)], say('signInDo'), async () => {
    const data = await call('POST', '/session', { email: email.input.value.trim(), password: password.input.value }, { quiet: true }).catch((error) => {
      if (error.status === 401) { error.code = 'credentials_wrong'; password.input.value = ''; password.input.focus(); }
      throw error;
    });
    context.signedIn(data.user);
  });
  place.append(h('h1', null, say('signInTitle')), node);
  email.input.focus();
}
