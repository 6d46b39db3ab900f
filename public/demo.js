// Asks for each of the page's own files and shows how the answer travelled, as Server-Timing tells it.

const FILES = [
  'favicon.svg',
  'index.html',
  'demo.css',
  'demo.js',
  'assets/dunes-small.png',
  'assets/dunes-medium.png',
  'assets/dunes-large.png',
];
const LARGE = 'assets/large.bin';

const totals = { mmap: 0, sendfile: 0, read: 0 };
const again = document.querySelector('#again');
const download = document.querySelector('#download');
const progress = document.querySelector('#progress');
const result = document.querySelector('#result');
const rows = new Map(FILES.map((file) => [file, addRow(file)]));

again.addEventListener('click', askAll);
download.addEventListener('click', downloadLarge);
await askAll();

async function askAll() {
  again.disabled = true;
  for (const [file, row] of rows) {
    try {
      show(row, await ask(file));
    } catch (error) {
      row.cells[1].textContent = error.message;
    }
  }
  again.disabled = false;
}

/** One fresh request; `onProgress` gets the share that has arrived. */
async function ask(file, onProgress = () => {}) {
  const start = performance.now();
  const response = await fetch(file, { cache: 'no-store' });
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  const length = Number(response.headers.get('content-length'));
  let size = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    onProgress(size / length);
  }
  const answer = { size, ms: performance.now() - start, ...readTiming(response.headers) };
  count(answer);
  return answer;
}

/** `zc;desc="sendfile:size"` → its two words. */
function readTiming(headers) {
  const words = /\bzc;desc="(\w+):([\w-]+)"/.exec(headers.get('server-timing') ?? '');
  return { strategy: words?.[1], reason: words?.[2] };
}

function count({ strategy, size }) {
  if (!(strategy in totals)) return;
  totals[strategy] += size;
  const output = document.querySelector(`article[data-strategy="${strategy}"] output`);
  output.textContent = `${formatSize(totals[strategy])} to this page`;
}

function addRow(file) {
  const row = document.querySelector('#files').insertRow();
  const kinds = ['', 'way', '', 'number', 'number', 'number'];
  for (const kind of kinds) row.insertCell().className = kind;
  row.cells[0].textContent = file;
  return row;
}

function show(row, { size, ms, strategy, reason }) {
  row.dataset.strategy = strategy ?? '';
  const texts = [
    strategy ?? 'not told',
    reason ?? 'start with --server-timing',
    formatSize(size),
    `${ms.toFixed(1)} ms`,
    formatSpeed(size, ms),
  ];
  texts.forEach((text, i) => {
    row.cells[i + 1].textContent = text;
  });
}

async function downloadLarge() {
  download.disabled = true;
  try {
    const { size, ms, strategy, reason } = await ask(LARGE, (share) => {
      progress.value = share;
    });
    const way = strategy ? `by ${strategy} (${reason})` : '';
    result.textContent = `${formatSize(size)} ${way} in ${Math.round(ms)} ms: ${formatSpeed(size, ms)}`;
  } catch (error) {
    result.textContent = error.message;
  }
  download.disabled = false;
}

function formatSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 2 ** 20) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function formatSpeed(bytes, ms) {
  return `${(bytes / 2 ** 20 / (ms / 1000)).toFixed(bytes < 2 ** 20 ? 1 : 0)} MiB/s`;
}
