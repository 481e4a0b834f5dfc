/* The composer: one line until wanted, R and M, a draft per ticket and kind that stays until the text has arrived.

   The text stands in a plain field, until editor.js, if it can, puts an editor there: `composer.use(box)`. Either is a box:
   {get() → {text, html}, set({text, html}), isEmpty(), focus(), insert(html)}. uploads.js is `files`: {get() → [...], set([...])}. */
(() => {
  const form = document.querySelector('[data-composer]');
  if (!form || !window.desk) return;
  const { store, isSingleKey } = window.desk;
  const field = form.querySelector('textarea:not([hidden])');
  const html = form.querySelector('[data-html]');
  const saved = form.querySelector('[data-saved]');
  const sender = form.querySelector('[name=sender]');
  const kinds = [...form.querySelectorAll('.tabs input')];
  const kind = () => kinds.find((input) => input.checked)?.value;
  const name = (which) => `draft:${form.dataset.draft}:${which}`;
  const KEEP = 14 * 24 * 3600 * 1000;
  const isSaid = (draft) => Boolean(draft.text?.trim() || draft.html || draft.files?.length);

  const plain = {
    get: () => ({ text: field.value, html: '' }),
    set: (draft) => { field.value = draft.text ?? ''; },
    isEmpty: () => !field.value.trim(),
    focus: (options) => field.focus(options),
  };
  let box = plain;
  let files = { get: () => [], set: () => {} };

  const read = (which) => {
    try { return JSON.parse(store.get(name(which)) ?? '{}'); } catch { return {}; }
  };
  const now = () => ({ ...box.get(), files: files.get(), sender: current === 'note' ? undefined : sender?.value ?? '' });
  const keep = (which) => {
    const draft = now();
    if (isSaid(draft)) store.set(name(which), JSON.stringify({ ...draft, at: Date.now() }));
    else store.drop(name(which));
  };
  const forgetOld = () => store.keys().filter((key) => key.startsWith('draft:')).forEach((key) => {
    try { if (Date.now() - JSON.parse(store.get(key)).at > KEEP) store.drop(key); } catch { store.drop(key); }
  });
  const open = () => form.classList.remove('is-folded');
  const isEmpty = () => box.isEmpty() && !files.get().length;

  /* Whom a reply comes from is kept with its words; a note knows nothing of it. Which addresses there are may have changed since. */
  const comeFrom = (draft) => {
    if (draft.sender === undefined) return;
    /* Chosen before it was the usual one, it is as good. */
    const chosen = draft.sender === form.dataset.usualSender ? '' : draft.sender;
    if (sender && [...sender.options].some((option) => option.value === chosen)) sender.value = chosen;
    else if (chosen) say(form.dataset.lostSender);
  };
  sender?.addEventListener('change', () => changed());

  let timer;
  /* What somebody has to read stays a while: what it tells of was a change of the draft, too, which is saved at once. */
  const READ = 12_000;
  let told = 0;
  const show = (words, isTold) => {
    if (!saved) return;
    saved.textContent = words;
    saved.classList.toggle('is-told', isTold);
  };
  const say = (words) => { told = words ? performance.now() + READ : 0; show(words, Boolean(words)); };
  const state = (words) => { if (performance.now() >= told) show(words, false); };
  const save = () => { clearTimeout(timer); timer = undefined; keep(current); state(isEmpty() ? '' : form.dataset.savedText); };
  const changed = () => {
    if (!isEmpty()) state(form.dataset.savingText);
    clearTimeout(timer);
    timer = setTimeout(save, 700);
  };
  field.addEventListener('input', changed);
  addEventListener('pagehide', () => { if (timer) save(); });

  /* Each kind has its own text and files: what was meant for colleagues never turns into a reply by a click on a tab. */
  let current = kind();
  const put = (draft) => { box.set(draft); files.set(draft.files ?? []); };
  form.addEventListener('change', (e) => {
    if (!kinds.includes(e.target) || kind() === current) return;
    save();
    current = kind();
    put(read(current));
    told = 0;
    state(isEmpty() ? '' : form.dataset.savedText);
    comeFrom(read(current));
    open();
  });
  form.addEventListener('submit', () => { if (!form.dataset.busy || timer) save(); }, { capture: true });

  forgetOld();
  /* What the server sent back with its errors is newer than the draft. */
  let shown = { text: field.value, html: html.value.trim() };
  if (!isSaid(shown)) {
    const withDraft = [current, ...kinds.map((input) => input.value)].find((which) => isSaid(read(which)));
    if (withDraft) {
      kinds.find((input) => input.value === withDraft).checked = true;
      current = withDraft;
      shown = read(withDraft);
      field.value = shown.text ?? '';
      state(form.dataset.savedText);
      comeFrom(shown);
    }
  }
  if (isSaid(shown)) open();

  let isReady;
  window.desk.composer = {
    /* The box that editor.js made, whether it came before whoever asks or comes later: scripts arrive in any order. */
    ready: new Promise((resolve) => { isReady = resolve; }),
    form, field, html, changed, open, say,
    get box() { return box; },
    /* What was typed while the editor came is newer than what the page began with. */
    use(editor) {
      const had = document.activeElement === field;
      editor.set(field.value === (shown.text ?? '') ? shown : { text: field.value });
      box = editor;
      if (had) box.focus({ preventScroll: true });
      isReady(editor);
    },
    attach(list) { files = list; files.set(shown.files ?? []); },
  };

  /* Not yet when the pointer goes down on a tab: the box would grow under it, and the click miss the tab. */
  form.addEventListener('focusin', (e) => { if (!kinds.includes(e.target)) open(); });
  form.addEventListener('click', open);
  form.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || e.defaultPrevented || form.querySelector('details[open]')) return;
    if (isEmpty() && !form.querySelector('[data-file-list] li')) form.classList.add('is-folded');
    document.activeElement.blur();
  });

  /* A reply that was taken back is gone on with at once: not from where the page begins. */
  if (form.dataset.takenUp) {
    const goOn = () => box.focus({ preventScroll: innerWidth > 640 });
    /* Going to the place that the address names takes the focus away once more; the editor may come before or after. */
    if (document.readyState === 'complete') goOn();
    else addEventListener('load', () => setTimeout(goOn));
    window.desk.composer.ready.then(goOn);
  }

  const write = (which) => {
    const tab = kinds.find((input) => input.value === which);
    if (!tab) return false;
    open();
    if (!tab.checked) { tab.checked = true; tab.dispatchEvent(new Event('change', { bubbles: true })); }
    box.focus({ preventScroll: innerWidth > 640 });
    return true;
  };
  document.addEventListener('click', (e) => {
    const jump = e.target.closest?.('[data-kind]');
    if (jump && write(jump.dataset.kind)) { e.preventDefault(); form.scrollIntoView({ block: 'center' }); }
  });
  document.addEventListener('keydown', (e) => {
    const which = { r: 'reply', m: 'note' }[e.key.toLowerCase()];
    if (which && isSingleKey(e) && write(which)) e.preventDefault();
  });

  /* Who gets the reply, by one press. */
  form.addEventListener('click', (e) => {
    const who = e.target.closest?.('[data-to]')?.dataset.to;
    if (who) form.querySelectorAll('[data-part]').forEach((box) => { box.checked = who === 'all' || box.dataset.part === who; });
  });
})();
