/* Passkeys (Web Authentication, level 2): <form data-passkey="get|create"> asks the browser before it is sent, and
   sends what the browser says in its field `credential`. The question stands in #passkey-options, else the form's
   own address tells it. */
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  const question = async (form) => {
    const here = document.getElementById('passkey-options');
    if (here) return JSON.parse(here.textContent);
    const answer = await fetch(form.action, { headers: { Accept: 'application/json' } });
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  };

  const create = async ({ creation_options: { publicKey } }, form) => {
    const alone = form.elements.passwordless?.checked;
    return navigator.credentials.create({
      publicKey: {
        ...publicKey,
        challenge: bytes(publicKey.challenge),
        user: { ...publicKey.user, id: bytes(publicKey.user.id) },
        excludeCredentials: known(publicKey.excludeCredentials),
        authenticatorSelection: {
          ...publicKey.authenticatorSelection,
          residentKey: alone ? 'required' : 'discouraged',
          requireResidentKey: Boolean(alone),
          ...(alone ? { userVerification: 'required' } : {}),
        },
      },
    });
  };

  const get = async ({ request_options: { publicKey } }) => navigator.credentials.get({
    publicKey: { ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials: known(publicKey.allowCredentials) },
  });

  const spelled = (credential) => ({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: Object.fromEntries(
      ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']
        .filter((name) => credential.response[name])
        .map((name) => [name, text(credential.response[name])]),
    ),
  });

  document.querySelectorAll('form[data-passkey]').forEach((form) => {
    const field = form.elements.credential;
    const problem = form.querySelector('[data-passkey-problem]');
    form.addEventListener('submit', async (e) => {
      if (field.value) return;
      e.preventDefault();
      if (problem) problem.hidden = true;
      try {
        const ask = form.dataset.passkey === 'create' ? create : get;
        field.value = JSON.stringify(spelled(await ask(await question(form), form)));
        form.requestSubmit();
      } catch {
        // Cancelled, timed out, or there is none: browsers do not tell which (section 14.5.1).
        if (problem) problem.hidden = false;
      }
    });
  });
  addEventListener('pageshow', (e) => { if (e.persisted) document.querySelectorAll('form[data-passkey]').forEach((form) => { form.elements.credential.value = ''; }); });
})();
