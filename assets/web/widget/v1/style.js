// @ts-check
/** The look of widget and dialog, as constructed sheets: no style attribute, so a strict CSP is content. */

/** Colour roles, the same as in `assets/web/base.css`. */
const LIGHT = '--surface:#fff;--raised:#f4f6f8;--text:#1b1f24;--muted:#57606a;--line:#d5dbe1;--edge:#7d8791;--danger:#b3261e;--ok:#176f30;--warn:#8a5300;--warn-soft:#fff4dc;--shadow:0 8px 32px rgb(20 30 40/.22);color-scheme:light';
const DARK = '--surface:#15181c;--raised:#1f242a;--text:#e8eaed;--muted:#a9b1ba;--line:#373e46;--edge:#818b95;--danger:#ff8f86;--ok:#6fcf87;--warn:#f0b95a;--warn-soft:#33290f;--shadow:0 8px 32px rgb(0 0 0/.6);color-scheme:dark';

export const CSS = `
:host{all:initial;display:block;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:var(--text);${LIGHT}}
@media (prefers-color-scheme:dark){:host{${DARK}}}
*,*::before,*::after{box-sizing:border-box}
[hidden]{display:none!important}
button,textarea{font:inherit;color:inherit}
button{cursor:pointer;background:none;border:1px solid transparent;border-radius:8px;padding:0}
button:disabled{cursor:default;opacity:.55}
a{color:var(--accent-text)}
:focus-visible{outline:2px solid var(--accent-text);outline-offset:2px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.icon{display:inline-flex;align-items:center;justify-content:center;min-width:44px;min-height:44px;color:var(--muted)}
.icon:hover{color:var(--text);background:var(--raised)}
.bubble{position:fixed;right:max(16px,env(safe-area-inset-right));bottom:calc(16px + env(safe-area-inset-bottom) + var(--lift,0px));z-index:2147483000;width:60px;height:60px;border-radius:30px;background:var(--accent);color:var(--on-accent);box-shadow:var(--shadow);display:flex;align-items:center;justify-content:center}
.bubble svg{width:28px;height:28px}
.bubble:focus-visible{outline:3px solid var(--surface);outline-offset:-6px;box-shadow:0 0 0 3px var(--accent-text)}
.panel{display:flex;flex-direction:column;background:var(--surface);color:var(--text);min-height:0;position:relative;overflow-wrap:anywhere}
.float .panel{position:fixed;right:max(16px,env(safe-area-inset-right));bottom:calc(88px + env(safe-area-inset-bottom));z-index:2147483001;width:min(420px,calc(100vw - 32px));height:min(680px,calc(100dvh - 112px));border:1px solid var(--line);border-radius:14px;box-shadow:var(--shadow);overflow:hidden}
.inline .panel{border:1px solid var(--line);border-radius:14px;height:min(680px,85dvh);overflow:hidden}
@media (max-width:520px),(max-height:460px){.float .panel{left:0;right:auto;top:var(--view-top,0px);bottom:auto;width:100%;height:var(--view-height,100dvh);border:0;border-radius:0}}
header{display:flex;align-items:center;gap:4px;padding:8px 8px 8px 16px;border-bottom:1px solid var(--line)}
header h2{flex:1;margin:0;font-size:16px;line-height:22px;font-weight:650}
.log{flex:1;overflow-y:auto;overscroll-behavior:contain;padding:16px;min-height:0;outline-offset:-2px}
.page .log{overflow:visible;overflow-x:clip;padding:0 0 24px}
.welcome{margin:0 0 12px;font-size:17px;line-height:26px}
.page .welcome{font-size:18px;line-height:28px}
.note{color:var(--muted);font-size:14px;line-height:20px;margin:0 0 12px}
.asks{list-style:none;display:flex;flex-direction:column;gap:8px;margin:8px 0 0;padding:0;align-items:flex-start}
.asks button{min-height:44px;padding:9px 14px;border:1px solid var(--edge);border-radius:22px;text-align:left;background:var(--surface);line-height:22px}
.asks button:hover{background:var(--raised);border-color:var(--accent-text)}
.turn{padding-top:20px;scroll-margin-top:8px}
.turn:first-child{padding-top:0}
.said{font:inherit;margin:0 0 12px auto;width:fit-content;max-width:88%;padding:10px 14px;background:var(--raised);border:1px solid var(--line);border-radius:14px 14px 4px 14px;white-space:pre-wrap}
.answer{max-width:72ch}
.answer p,.answer ul,.answer ol{margin:0 0 10px}
.answer .lead>div:first-child>p:first-child{font-size:17px;line-height:26px}
.page .answer .lead>div:first-child>p:first-child{font-size:18px;line-height:28px}
.answer h3,.answer h4{font-size:15px;line-height:22px;font-weight:650;margin:16px 0 6px}
.answer ul,.answer ol{padding-left:24px}
.answer li{margin:0 0 4px}
.cite{display:inline-flex;align-items:center;justify-content:center;min-width:24px;height:24px;margin:0 1px 0 3px;padding:0 6px;border:1px solid var(--edge);border-radius:12px;font-size:12px;line-height:1;font-weight:650;color:var(--accent-text);background:var(--surface);vertical-align:1px;position:relative}
.hold{white-space:nowrap}
.cite::after{content:"";position:absolute;inset:-10px -4px}
.cite:hover,.cite[aria-expanded=true]{background:var(--accent);color:var(--on-accent);border-color:var(--accent)}
.passage{margin:4px 0 12px;padding:12px 8px 12px 14px;background:var(--raised);border-left:3px solid var(--accent-text);border-radius:0 8px 8px 0;font-size:15px;line-height:22px}
.passage .top{display:flex;align-items:flex-start;gap:8px}
.passage .top>div{flex:1}
.passage .name{font-weight:650}
.passage .path,.passage .date,.sources .date{color:var(--muted);font-size:13px;line-height:18px}
.passage blockquote{margin:8px 0;white-space:pre-line}
.passage .icon{min-width:44px;min-height:44px;margin:-8px -4px -8px 0}
.go{display:inline-flex;align-items:center;gap:6px;min-height:44px}
.card{border:1px solid var(--line);border-radius:12px;padding:12px 14px;margin:0 0 10px;background:var(--surface)}
.card .who{font-weight:650}
.card .what{color:var(--muted);font-size:14px}
.reach{list-style:none!important;padding:0!important;margin:4px 0 0!important}
.reach li{margin:0}
.reach a,.linkcard{display:flex;align-items:center;gap:10px;min-height:44px}
.reach svg,.linkcard svg{flex:none;color:var(--muted)}
.linkcard{border:1px solid var(--line);border-radius:12px;padding:10px 14px;margin:0 0 8px;text-decoration:none}
.linkcard:hover{background:var(--raised)}
.linkcard span{text-decoration:underline;display:block}
.linkcard small{display:block;color:var(--muted);font-size:14px;line-height:20px}
.notice{display:flex;gap:10px;padding:12px 14px;border-radius:12px;background:var(--raised);border:1px solid var(--line);margin:0 0 10px}
.notice svg{flex:none;margin-top:2px;color:var(--muted)}
.notice.warning{background:var(--warn-soft)}
.notice.warning svg{color:var(--warn)}
.notice p{margin:0}
.refused .answer{border:1px solid var(--line);border-radius:14px;padding:14px 14px 6px}
.answer dl{display:grid;grid-template-columns:minmax(6em,auto) 1fr;gap:4px 16px;margin:0 0 10px}
.answer dt{color:var(--muted)}.answer dd{margin:0}
.wide{overflow-x:auto;margin:0 0 10px}
.wide table{border-collapse:collapse;font-size:15px;min-width:100%}
.wide th,.wide td{text-align:left;padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
.sources{margin:14px 0 0;padding:10px 0 0;border-top:1px solid var(--line);font-size:14px;line-height:20px}
.sources h3{margin:0 0 4px;font-size:14px}
.sources ul{list-style:none;padding:0;margin:0}
.sources li{display:flex;gap:8px;padding:3px 0;align-items:baseline}
.sources .n{flex:none;min-width:24px;font-weight:650;color:var(--muted);font-variant-numeric:tabular-nums}
.tools{display:flex;gap:4px;margin:4px 0 0 -12px;align-items:center;color:var(--muted);font-size:14px}
.tools button{display:inline-flex;align-items:center;gap:6px;min-height:44px;padding:0 12px}
.tools button:hover{background:var(--raised);color:var(--text)}
.wait{display:flex;align-items:center;gap:10px;color:var(--muted);margin:0 0 10px}
.again{display:inline-flex;align-items:center;gap:6px;min-height:44px;padding:0 12px;margin-left:-12px;color:var(--muted);font-size:14px}
.again:hover{background:var(--raised);color:var(--text)}
.dots{display:inline-flex;gap:4px}
.dots i{width:7px;height:7px;border-radius:50%;background:currentColor;animation:pulse 1.2s infinite}
.dots i:nth-child(2){animation-delay:.15s}.dots i:nth-child(3){animation-delay:.3s}
@keyframes pulse{0%,60%,100%{opacity:.25}30%{opacity:1}}
.trouble{border:1px solid var(--danger);border-radius:12px;padding:12px 14px;margin:0 0 10px}
.trouble p{margin:0 0 10px}
.main{min-height:44px;padding:9px 18px;border-radius:8px;background:var(--accent);color:var(--on-accent);font-weight:600}
.main:hover{filter:brightness(1.08)}
.newest{position:absolute;right:16px;bottom:100%;margin-bottom:8px;width:44px;height:44px;border-radius:22px;background:var(--surface);border:1px solid var(--edge);display:inline-flex;align-items:center;justify-content:center;box-shadow:0 2px 8px rgb(0 0 0/.18)}
form{position:relative;padding:10px 12px 8px;border-top:1px solid var(--line);background:var(--surface)}
.page form{position:sticky;bottom:0;padding:12px 0 8px;border-top:0;box-shadow:0 -10px 10px var(--surface)}
.box{display:flex;align-items:flex-end;gap:6px;border:1px solid var(--edge);border-radius:14px;padding:5px 5px 5px 14px;background:var(--surface)}
.box:focus-within{outline:2px solid var(--accent-text);outline-offset:1px}
textarea{flex:1;min-width:0;border:0;outline:0;background:none;resize:none;padding:9px 0;margin:0;font-size:16px;line-height:24px;max-height:132px;min-height:42px}
textarea:focus-visible{outline:none}
textarea::placeholder{color:var(--muted);opacity:1}
.send{flex:none;width:44px;height:44px;border-radius:11px;background:var(--accent);color:var(--on-accent);display:inline-flex;align-items:center;justify-content:center}
.count{font-size:13px;line-height:18px;color:var(--muted);text-align:right;margin:4px 4px 0}
.count.over{color:var(--danger);font-weight:600}
.foot{padding:0 16px 10px;font-size:12px;line-height:17px;color:var(--muted)}
.page .foot{display:none}
.foot a{color:inherit;display:inline-block;padding:4px 0;margin-right:12px}
.foot p{margin:0}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important;scroll-behavior:auto!important}}
@media (forced-colors:active){.cite,.bubble,.send,.main{border:1px solid ButtonText}}
@media print{.bubble,form,.tools,.newest,.icon{display:none!important}.log{overflow:visible}}
`;

/** @param {number[]} rgb */
function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG contrast of two colours `[r, g, b]`. @param {number[]} a @param {number[]} b */
export function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

/** @param {string|null|undefined} hex @returns {number[]|null} */
export function parseColor(hex) {
  const m = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec((hex || '').trim());
  if (!m) return null;
  const full = m[1].length === 3 ? m[1].replace(/./g, '$&$&') : m[1];
  return [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16));
}

/** Moves a colour towards white or black until it can be read on `ground`. @param {number[]} color @param {number[]} ground */
function readable(color, ground) {
  const target = luminance(ground) < 0.2 ? 255 : 0;
  let out = color;
  for (let i = 0; i < 20 && contrast(out, ground) < 4.5; i += 1) out = out.map((v) => Math.round(v + (target - v) * 0.12));
  return out;
}

/** Rules for the site's accent: as ground with legible ink on it, and as ink on light and dark. @param {string|null|undefined} hex */
export function accentCss(hex) {
  const given = parseColor(hex) || [26, 95, 180];
  const css = (/** @type {number[]} */ c) => `rgb(${c.join(' ')})`;
  const dark = [31, 36, 42];
  const ink = (/** @type {number[]} */ c) => (contrast(c, [255, 255, 255]) >= contrast(c, [20, 20, 20]) ? '#fff' : '#141414');
  const onDark = readable(given, dark);
  return `:host{--accent:${css(given)};--on-accent:${ink(given)};--accent-text:${css(readable(given, [244, 246, 248]))}}`
    + `@media (prefers-color-scheme:dark){:host{--accent:${css(onDark)};--on-accent:${ink(onDark)};--accent-text:${css(onDark)}}}`;
}

/** Puts CSS text into a shadow root without a style element where the browser can. @param {ShadowRoot} root @param {string} css */
export function dress(root, css) {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  } catch {
    const style = document.createElement('style');
    style.textContent = css;
    root.prepend(style);
  }
}
