// Lets a file be dropped on a file field, and says what was chosen and whether it is too large before it is sent.
const size = (bytes) => (bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / (1 << 20)).toFixed(1)} MB`);

for (const box of document.querySelectorAll("[data-drop]")) {
  const input = box.querySelector("input[type=file]");
  const output = box.querySelector("output");
  const over = (on) => (event) => {
    event.preventDefault();
    box.classList.toggle("over", on);
  };
  const tell = () => {
    const files = [...input.files];
    const large = files.some((file) => file.size > Number(box.dataset.limit));
    output.textContent = files.map((file) => `${file.name} (${size(file.size)})`).join(", ") + (large ? " – " + output.dataset.large : "");
    output.classList.toggle("error", large);
  };
  box.addEventListener("dragover", over(true));
  box.addEventListener("dragleave", over(false));
  box.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length > 0) {
      input.files = event.dataTransfer.files;
      tell();
    }
  });
  input.addEventListener("change", tell);
}
