// Bundles the client for pages without a build, and the demo that the server serves.
// `--check` writes nothing and fails when the committed demo is not what the sources give.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(dirname(fileURLToPath(import.meta.url)));

/** The server embeds these, so they live in its crate. */
export const DEMO = join(HERE, '../../crates/vigie-server/assets/demo');

const BANNER = '/*! Vigie, Apache-2.0 OR MIT; with socket.io-client and what it needs, MIT */';

/** What the server serves, by file name. */
export async function demo() {
  const source = (name) => readFileSync(join(HERE, 'demo', name), 'utf8');
  return {
    'index.html': source('index.html'),
    'demo.css': source('demo.css'),
    'demo.js': await script('demo/demo.ts'),
  };
}

async function script(entry) {
  const { outputFiles } = await build({
    absWorkingDir: HERE,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    banner: { js: BANNER },
  });
  return outputFiles[0].text;
}

/** The names of committed files that a fresh build would change. */
export async function outdated() {
  const fresh = Object.entries(await demo());
  return fresh.filter(([name, text]) => read(join(DEMO, name)) !== text).map(([name]) => name);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

async function write() {
  mkdirSync(DEMO, { recursive: true });
  for (const [name, text] of Object.entries(await demo())) writeFileSync(join(DEMO, name), text);
  writeFileSync(join(HERE, 'dist/vigie-client.bundle.js'), await script('src/index.ts'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) {
    const names = await outdated();
    if (names.length > 0) {
      console.error(`the committed demo is not the sources': run "npm run build" and commit ${names.join(', ')}`);
      process.exit(1);
    }
  } else {
    await write();
  }
}
