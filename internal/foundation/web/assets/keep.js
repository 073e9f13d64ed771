// Keeps what is being written in this tab, until it was sent and arrived. A lost line, a closed lid or an ended session loses nothing.
const store = sessionStorage;
const key = (field) => `antin:${field.dataset.keep}`;
const lost = document.querySelector("[data-lost]"); // a page that says that something did not work

if (!lost) {
  for (const sent of JSON.parse(store.getItem("antin-sent") ?? "[]")) store.removeItem(sent);
  store.removeItem("antin-sent");
}

for (const field of document.querySelectorAll("[data-keep]")) {
  const note = field.parentElement.querySelector("[data-kept]");
  const kept = store.getItem(key(field));
  if (kept && field.value === "") {
    field.value = kept;
    note.hidden = false;
    note.querySelector("button").addEventListener("click", () => {
      field.value = "";
      store.removeItem(key(field));
      note.hidden = true;
      field.focus();
    });
  }
  field.addEventListener("input", () => {
    try {
      store.setItem(key(field), field.value);
    } catch {
      // No room left: the text still stands in the field.
    }
  });
}

document.addEventListener("submit", (event) => {
  const fields = [...event.target.querySelectorAll("[data-keep]")];
  if (fields.length > 0) store.setItem("antin-sent", JSON.stringify(fields.map(key)));
});
