// Follows long work. The state is the server's: leaving the page or loading it again changes nothing.
for (const box of document.querySelectorAll("[data-progress]")) {
  const bar = box.querySelector("progress");
  const text = box.querySelector("[data-text]");
  const source = new EventSource(box.dataset.progress);
  let misses = 0;
  source.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    misses = 0;
    if (told.known) bar.value = told.percent;
    else bar.removeAttribute("value");
    if (text.textContent !== told.text) text.textContent = told.text;
    if (told.state !== "done" && told.state !== "failed") return;
    source.close();
    if (told.state === "done" && told.next) location.assign(told.next);
    else location.reload();
  });
  source.addEventListener("error", () => {
    misses += 1;
    if (source.readyState !== EventSource.CLOSED && misses < 5) return;
    source.close();
    setTimeout(() => location.reload(), 10_000);
  });
}
