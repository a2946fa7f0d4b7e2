// @ts-check
/** First start: the account behind the one-time link. */
import { post } from '../api.js';
import { field, form, h } from '../dom.js';
import { locale, say } from '../i18n.js';

/** @param {HTMLElement} place @param {string[]} params @param {import('../main.js').Context} context */
export function setup(place, [token], context) {
  if (!token) { place.append(h('h1', null, say('setupTitle')), h('p', { class: 'lede' }, say('setupNone'))); return; }
  const name = field(say('name'), { autocomplete: 'name' });
  const email = field(say('email'), { type: 'email', autocomplete: 'username', required: true });
  const password = field(say('password'), { type: 'password', autocomplete: 'new-password', hint: say('passwordHint'), required: true });
  const { node } = form([name.node, email.node, password.node, showPassword(password.input)], say('setupDo'), async () => {
    email.fail('');
    password.fail('');
    if (!/^\S+@\S+$/.test(email.input.value.trim())) { email.fail(say('email')); return; }
    if (password.input.value.length < 10) { password.fail(say('passwordShort')); return; }
    const { user } = await post('/setup', { token, email: email.input.value.trim(), password: password.input.value, name: name.input.value.trim() || undefined, locale: locale() });
    context.signedIn(user);
    context.go('#/new');
  });
  place.append(h('h1', null, say('setupTitle')), h('p', { class: 'lede' }, say('setupLead')), node);
  name.input.focus();
}

/** @param {HTMLInputElement} input */
export function showPassword(input) {
  const box = h('input', { type: 'checkbox', onchange: () => { input.type = box.checked ? 'text' : 'password'; } });
  return h('label', { class: 'check' }, box, say('showPassword'));
}
