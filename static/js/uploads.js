/* Files of the composer: each goes to the server at once and tells how far it is; an image stands in the text.
   On a page without a composer they stand in a form of their own, and no text shows them. */
(() => {
  const root = document.querySelector('[data-upload-url]');
  if (!root || !window.desk) return;
  const alone = () => ({
    form: root.closest('form'),
    box: { focus: () => root.querySelector('input[type=file]').focus() },
    changed() {},
    open() {},
    attach() {},
    say: (words) => { root.querySelector('[data-said]').textContent = words; },
  });
  const composer = window.desk.composer ?? alone();
  const { form } = composer;
  const input = root.querySelector('input[type=file]');
  const list = root.querySelector('[data-file-list]');
  const row = root.querySelector('[data-upload-row]');
  const words = root.dataset;
  const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
  // The server keeps what nothing refers to for twelve hours (core.uploads).
  const KEPT = 11 * 3600 * 1000;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const { size } = window.desk;
  let items = []; // {name, size, file, reference, image, inline, error, node, at}

  const draw = (item) => {
    const { node } = item;
    node.querySelector('.file-size').textContent = size(item.size);
    node.querySelector('progress').hidden = Boolean(item.reference || item.error);
    node.querySelector('.error').textContent = item.error ?? '';
    node.querySelector('[data-retry]').hidden = !item.error || !item.file || item.final;
    node.classList.toggle('is-bad', Boolean(item.error));
    node.classList.toggle('is-uploading', !item.reference && !item.error);
    const sent = node.querySelector('input');
    if (item.reference && !item.inline && !sent) {
      const hidden = Object.assign(document.createElement('input'), { type: 'hidden', name: `${input.name}-kept`, value: item.reference });
      node.append(hidden);
    }
    if (item.inline && item.reference) node.remove();
  };
  const remove = (item) => {
    item.request?.abort();
    items = items.filter((other) => other !== item);
    item.node.remove();
    composer.changed();
    if (!items.some(isUnderway)) goOn();
  };
  const isUnderway = (item) => !item.reference && !item.error;

  const show = (item) => {
    item.node = row.content.firstElementChild.cloneNode(true);
    item.node.querySelector('.file-name').textContent = item.name;
    const away = item.node.querySelector('[data-remove]');
    away.setAttribute('aria-label', fill(words.remove, { name: item.name }));
    away.addEventListener('click', () => { remove(item); composer.box.focus(); });
    item.node.querySelector('[data-retry]').addEventListener('click', () => { item.error = undefined; draw(item); send(item); });
    item.node.querySelector('progress').setAttribute('aria-label', item.name);
    list.append(item.node);
    draw(item);
  };

  const send = (item) => {
    const data = new FormData();
    data.append('file', item.file, item.name);
    const request = item.request = new XMLHttpRequest();
    request.open('POST', words.uploadUrl);
    request.setRequestHeader('X-CSRFToken', form.elements.csrfmiddlewaretoken.value);
    request.setRequestHeader('Accept', 'application/json');
    request.upload.addEventListener('progress', (e) => { if (e.lengthComputable) item.node.querySelector('progress').value = e.loaded / e.total; });
    const fail = (error, final = false) => { Object.assign(item, { error, final }); draw(item); goOn(); };
    request.addEventListener('error', () => fail(words.lost));
    request.addEventListener('load', () => {
      let answer;
      try { answer = JSON.parse(request.responseText); } catch { /* A page: that of the sign-in, or of an error. */ }
      if (!answer) { fail(request.responseURL.includes(words.uploadUrl) ? words.lost : words.signedOut); return; }
      if (request.status !== 201) { fail(answer.error ?? words.lost, request.status === 422); return; }
      Object.assign(item, { name: answer.name, size: answer.size, reference: answer.reference, image: answer.image, at: Date.now() });
      item.inline = Boolean(item.inline && item.image && composer.box.insertImage);
      if (item.inline) composer.box.insertImage({ src: item.image, alt: item.name });
      draw(item);
      composer.changed();
      goOn();
    });
    request.send(data);
  };

  /* Return true: whoever asks has nothing left to do with the files. */
  composer.upload = (files, inline = false) => {
    composer.open();
    [...files].forEach((file) => {
      const name = file.name || 'image.png';
      const item = { name, size: file.size, file, inline: inline && IMAGES.includes(file.type) };
      const most = Number(words.maxBytes) || Infinity;
      const count = items.filter((other) => !other.error).length + (composer.box.images?.().length ?? 0);
      if (file.size > most) Object.assign(item, { final: true, error: fill(words.tooBig, { size: size(file.size), max: size(most) }) });
      else if (count >= Number(words.maxFiles)) Object.assign(item, { final: true, error: fill(words.tooMany, { max: words.maxFiles }) });
      items.push(item);
      show(item);
      if (!item.error) send(item);
    });
    return true;
  };
  /* Files that are stored already, such as those of a canned response. */
  composer.keep = (files) => {
    files.forEach((file) => { items.push({ ...file, at: Date.now() }); show(items.at(-1)); });
    composer.changed();
  };
  input.addEventListener('change', () => { composer.upload(input.files); input.value = ''; });
  /* Into the plain field, too; into the editor it goes by the editor's own hand. */
  form.addEventListener('paste', (e) => {
    if (e.defaultPrevented || !e.clipboardData?.files.length || e.clipboardData.getData('text/plain')) return;
    e.preventDefault();
    composer.upload(e.clipboardData.files, true);
  });
  ['dragenter', 'dragover'].forEach((name) => root.addEventListener(name, (e) => {
    if (!e.dataTransfer?.types.includes('Files')) return;
    e.preventDefault();
    root.classList.add('is-over');
  }));
  ['dragleave', 'drop'].forEach((name) => root.addEventListener(name, () => root.classList.remove('is-over')));
  root.addEventListener('drop', (e) => {
    if (e.defaultPrevented || !e.dataTransfer?.files.length) return;
    e.preventDefault();
    composer.upload(e.dataTransfer.files);
  });

  /* Sent while files are on their way, the form waits for them. */
  let waiting;
  const goOn = () => {
    if (!waiting || items.some(isUnderway)) return;
    const button = waiting;
    waiting = undefined;
    if (items.some((item) => item.error && !item.final)) { composer.say(words.failed); return; }
    composer.say('');
    form.requestSubmit(button);
  };
  form.addEventListener('submit', (e) => {
    if (!items.some(isUnderway)) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    waiting = e.submitter ?? undefined;
    composer.say(words.waiting);
  }, { capture: true });

  /* With the draft: what stands in its text needs no row. */
  composer.attach({
    get: () => items.filter((item) => item.reference && !item.inline).map(({ name, size: bytes, reference, at }) => ({ name, size: bytes, reference, at })),
    set: (kept) => {
      items.forEach((item) => { item.request?.abort(); item.node.remove(); });
      items = [];
      kept.filter((item) => Date.now() - item.at < KEPT).forEach((item) => { items.push({ ...item }); show(items.at(-1)); });
    },
  });
})();
