// @ts-check
/**
 * Elements without a framework. Text always becomes a text node, never markup;
 * there is deliberately no way to hand in HTML.
 */

/**
 * Creates an element. `on*` properties with functions become listeners, `true` an empty
 * attribute, `null`/`undefined`/`false` nothing; everything else an attribute.
 * @param {string} tag
 * @param {Record<string, any>|null} [props]
 * @param {...any} children nodes, strings, numbers, arrays of these; null and false are left out
 * @returns {any} the element (typed loosely: callers know what they made)
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on') && typeof value === 'function') node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  put(node, children);
  return node;
}

/** Appends children, flattening arrays. @param {Node} node @param {any[]} children */
export function put(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === true) continue;
    node.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** 20 px icons, own drawings: stroke paths in `currentColor`. */
const ICONS = {
  chat: 'M3 4.5h14v9H9l-4 3.5v-3.5H3z M6.5 8h7 M6.5 10.5h4.5',
  close: 'M5 5l10 10 M15 5L5 15',
  send: 'M10 16V4 M5 9l5-5 5 5',
  stop: 'M5.5 5.5h9v9h-9z',
  down: 'M10 4v12 M5 11l5 5 5-5',
  copy: 'M7.5 7.5h9v9h-9z M12.5 7.5v-4h-9v9h4',
  check: 'M4 10.5l4 4 8-9',
  phone: 'M5 3.5h3l1.5 4-2 1.5c.8 1.8 1.9 2.9 3.5 3.5l1.5-2 4 1.5v3c0 .8-.7 1.5-1.5 1.5C9 16 4 11 3.5 5c0-.8.7-1.5 1.5-1.5z',
  mail: 'M3 5h14v10H3z M3 5.5l7 5.5 7-5.5',
  link: 'M8.5 5.5H4.5v10h10v-4 M11 4h5v5 M16 4l-7 7',
  info: 'M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4z M10 9v5 M10 6v.6',
  warn: 'M10 3l7.5 13.5h-15z M10 8v4 M10 13.8v.6',
  restart: 'M15.5 8A6 6 0 1 0 16 11 M16 4v4h-4',
  page: 'M5 2.5h7l3.5 3.5v11.5H5z M12 2.5V6h3.5',
};

/** @param {keyof typeof ICONS|string} name @returns {SVGElement} hidden from screen readers; give its button a name */
export function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('width', '20');
  svg.setAttribute('height', '20');
  svg.setAttribute('fill', 'none');
  svg.setAttribute('stroke', 'currentColor');
  svg.setAttribute('stroke-width', '1.6');
  svg.setAttribute('stroke-linejoin', 'round');
  svg.setAttribute('stroke-linecap', 'round');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  const path = document.createElementNS(ns, 'path');
  path.setAttribute('d', /** @type {Record<string,string>} */ (ICONS)[name] || ICONS.info);
  svg.appendChild(path);
  return svg;
}
