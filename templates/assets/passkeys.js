/* Passkeys: a browser offers them to scripts only. What the device signed goes into the form, and the form to the shop. */
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const ask = {
    async create(options) {
      const credential = await navigator.credentials.create({ publicKey: {
        ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: known(options.excludeCredentials) } });
      return { client_data_json: text(credential.response.clientDataJSON), attestation_object: text(credential.response.attestationObject) };
    },
    async get(options) {
      const credential = await navigator.credentials.get({ publicKey: {
        ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) } });
      const answer = credential.response;
      return { id: text(credential.rawId), client_data_json: text(answer.clientDataJSON), authenticator_data: text(answer.authenticatorData),
        signature: text(answer.signature), user_handle: answer.userHandle ? text(answer.userHandle) : "" };
    },
  };

  const optionsOf = async (form) => {
    const answer = await fetch(form.dataset.options, { method: "POST", headers: { "X-CSRF-Token": form.elements.csrf.value } });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || form.dataset.failed);
    return body.public_key;
  };

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    const says = form.querySelector("[data-passkey-says]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      says.textContent = "";
      let options;
      try {
        options = await optionsOf(form);
      } catch (error) {
        says.textContent = error.message;
        return;
      }
      try {
        const fields = await ask[form.dataset.passkey](options);
        Object.entries(fields).forEach(([name, value]) => { form.elements[name].value = value; });
        form.submit();
      } catch {
        says.textContent = form.dataset.failed;
      }
    });
  });
})();
