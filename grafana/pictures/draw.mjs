// node draw.mjs JOBS.json: draws each job's board, or the page at its URL, in a headless Chromium, into a PNG file.
// A job: {board or url, out, prometheus, window: {start, end}, chosen, width, theme}. CHROMIUM says where the browser is.
// Exits with 1 where a board fails, or shows an error or a number that is none.
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const WAIT = { timeout: 60_000 };
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html', '.json': 'application/json' };
const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, 'built');
const jobs = JSON.parse(readFileSync(process.argv[2]));
let failed = false;

function complain(job, text) {
  failed = true;
  console.error(`${job.out}: ${text}`);
}

async function bundle() {
  await build({
    entryPoints: [join(here, 'board.jsx')], outdir: built, bundle: true, splitting: true, format: 'esm', minify: true, jsx: 'automatic', logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'text' },
  });
}

// The page, its scripts, the job, and the way to Prometheus.
async function serve(job) {
  const made = { '/job.json': () => JSON.stringify(job), '/board.json': () => readFileSync(job.board), '/': () => readFileSync(join(here, 'index.html')) };
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, 'http://localhost');
    try {
      if (pathname.startsWith('/prometheus/')) {
        const answer = await fetch(job.prometheus + pathname.slice('/prometheus'.length) + search);
        response.writeHead(answer.status, { 'content-type': TYPES['.json'] }).end(await answer.text());
      } else {
        const body = made[pathname]?.() ?? readFileSync(join(built, pathname));
        response.writeHead(200, { 'content-type': TYPES[extname(pathname) || '.html'] ?? 'application/octet-stream' }).end(body);
      }
    } catch (error) {
      response.writeHead(404).end(String(error));
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

async function draw(browser, job) {
  const page = await browser.newPage({ viewport: { width: job.width, height: 860 }, colorScheme: job.theme });
  page.on('pageerror', (error) => complain(job, error.message));
  const server = job.board && (await serve(job));
  try {
    await page.goto(job.url ?? `http://127.0.0.1:${server.address().port}/`);
    if (job.board) {
      await page.waitForFunction(() => window.panels && window.drawn >= window.panels, null, WAIT);
      // Tables draw only the rows that can be seen.
      await page.setViewportSize({ width: job.width, height: await page.evaluate(() => document.documentElement.scrollHeight) });
      await page.waitForTimeout(1500); // charts are drawn some frames after their data is there
      const shown = await page.evaluate(() => [...document.querySelectorAll('[data-panel]')].map((one) => [one.dataset.panel, one.innerText.replace(/\s+/g, ' ')]));
      for (const [title, text] of shown) if (/NaN|Error:|No data|undefined/.test(text)) complain(job, `${title}: ${text.slice(0, 200)}`);
    }
    const picture = await page.screenshot({ fullPage: job.whole ?? true });
    await sharp(picture).png({ palette: true, colours: 128, effort: 10 }).toFile(job.out);
    console.log(job.out);
  } catch (error) {
    complain(job, error.message);
  } finally {
    await page.close();
    server?.close();
  }
}

if (jobs.some((job) => job.board)) await bundle();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
for (const job of jobs) await draw(browser, job);
await browser.close();
process.exitCode = failed ? 1 : 0;
