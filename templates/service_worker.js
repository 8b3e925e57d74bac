/**
 * Keeps the shell and the last result for when there is no network. A game is never kept: what is
 * asked now only the server knows.
 */

const SHELL = "shell-{{ fingerprint }}";
const RESULTS = "results";
const OFFLINE = "{{ offline_url }}";
const FILES = {{ files | tojson }};
const STATIC = "{{ static_url }}";
const RESULT = /\/rounds\/[\w-]+\/result$/;

addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll([OFFLINE, ...FILES])).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith("shell-") && name !== SHELL;
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request, url));
  else if (url.pathname.startsWith(STATIC)) event.respondWith(file(request));
});

/** From the network; without one, the last result, or a page that says so and leads to it. */
async function page(request, url) {
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected && RESULT.test(url.pathname)) await keepResult(request, answer.clone());
    return answer;
  } catch {
    return (await caches.match(request)) ?? (await caches.match(OFFLINE)) ?? Response.error();
  }
}

async function keepResult(request, answer) {
  await caches.delete(RESULTS);
  const cache = await caches.open(RESULTS);
  await cache.put(request, answer);
}

/** A static file's address changes with its content, so what is kept is never stale. */
async function file(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    const cache = await caches.open(SHELL);
    await cache.put(request, answer.clone());
  }
  return answer;
}
