// @ts-check
/** Runs the walks one after the other against one demo, and prints what was done and what went wrong. */
import { editor } from './editor.mjs';
import { Walk } from './walk.mjs';
import { visitor, visitorAway } from './visitor.mjs';

const wanted = process.argv.slice(2);
const walk = new Walk();
let code = 1;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, async () => { await walk.close(); process.exit(130); });
try {
  const demo = await walk.startDemo();
  if (!wanted.length || wanted.includes('visitor')) await visitor(walk, demo);
  // The town the editor reads is the demo's; so the demo is stopped last.
  if (!wanted.length || wanted.includes('editor')) await editor(walk, demo);
  if (!wanted.length || wanted.includes('visitor')) await visitorAway(walk, demo);
  code = walk.sum();
} catch (error) {
  console.error(error);
  walk.sum();
} finally {
  await walk.close();
}
process.exit(code);
