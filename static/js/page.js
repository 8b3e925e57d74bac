/** What every page does: a form is sent once, and fonts and the shell are kept for when there is no network. */

/** A double click on Start must not begin two rounds for a new player. */
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}

// A page restored from the browser's cache may send again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[method=post]")) delete form.dataset.sent;
});

// A first visit is drawn without our fonts; the next page has them.
if (document.documentElement.classList.contains("first-visit")) {
  addEventListener("load", () => document.fonts.forEach((font) => font.load().catch(() => {})));
}

const { worker } = document.documentElement.dataset;
if (worker && "serviceWorker" in navigator) {
  // After the page is drawn: it needs none of it.
  addEventListener("load", () => navigator.serviceWorker.register(worker).catch(() => {}));
}
