// Makes or asks a passkey, and sends what it says as the form it belongs to. Without it the page has another way.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function make(box) {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: bytes(box.challenge),
      rp: { id: box.rp, name: box.house },
      user: { id: new TextEncoder().encode(box.user), name: box.login, displayName: box.name },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
    },
  });
  const said = made.response;
  return { client: said.clientDataJSON, auth: said.getAuthenticatorData(), public: said.getPublicKey() };
}

async function ask(box) {
  const key = await navigator.credentials.get({
    publicKey: { challenge: bytes(box.challenge), rpId: box.rp, userVerification: "required" },
  });
  const said = key.response;
  return { credential: key.rawId, client: said.clientDataJSON, auth: said.authenticatorData, signature: said.signature };
}

for (const box of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  const form = box.querySelector("form");
  const failed = box.querySelector("[data-failed]");
  let ready = false;
  box.hidden = false;
  for (const other of document.querySelectorAll("[data-no-passkey]")) other.hidden = true;
  form.addEventListener("submit", async (event) => {
    if (ready) return;
    event.preventDefault();
    event.stopPropagation();
    failed.hidden = true;
    try {
      const said = await (box.dataset.passkey === "make" ? make : ask)(box.dataset);
      for (const [name, value] of Object.entries(said)) form.elements[name].value = text(value);
      ready = true;
      form.requestSubmit();
    } catch {
      failed.hidden = false;
    }
  });
}
