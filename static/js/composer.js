/* The composer: one line until wanted, R and M, a draft per ticket and kind that stays until the text has arrived. */
(() => {
  const form = document.querySelector('[data-composer]');
  if (!form || !window.desk) return;
  const { store, isSingleKey } = window.desk;
  const text = form.querySelector('textarea');
  const saved = form.querySelector('[data-saved]');
  const kinds = [...form.querySelectorAll('.tabs input')];
  const kind = () => kinds.find((input) => input.checked)?.value;
  const name = (which) => `draft:${form.dataset.draft}:${which}`;
  const KEEP = 14 * 24 * 3600 * 1000;

  const read = (which) => {
    try { return JSON.parse(store.get(name(which)) ?? '{}').text ?? ''; } catch { return ''; }
  };
  const keep = (which) => {
    if (text.value.trim()) store.set(name(which), JSON.stringify({ text: text.value, at: Date.now() }));
    else store.drop(name(which));
  };
  const forgetOld = () => store.keys().filter((key) => key.startsWith('draft:')).forEach((key) => {
    try { if (Date.now() - JSON.parse(store.get(key)).at > KEEP) store.drop(key); } catch { store.drop(key); }
  });
  const open = () => form.classList.remove('is-folded');

  let timer;
  const say = (words) => { if (saved) saved.textContent = words; };
  const save = () => { clearTimeout(timer); timer = undefined; keep(current); say(text.value.trim() ? form.dataset.savedText : ''); };
  text.addEventListener('input', () => {
    if (text.value.trim()) say(form.dataset.savingText);
    clearTimeout(timer);
    timer = setTimeout(save, 700);
  });
  addEventListener('pagehide', () => { if (timer) save(); });

  /* Each kind has its own text: what was meant for colleagues never turns into a reply by a click on a tab. */
  let current = kind();
  form.addEventListener('change', (e) => {
    if (!kinds.includes(e.target) || kind() === current) return;
    save();
    current = kind();
    text.value = read(current);
    say(text.value ? form.dataset.savedText : '');
    open();
  });
  form.addEventListener('submit', () => { if (!form.dataset.busy || timer) save(); }, { capture: true });

  forgetOld();
  /* What the server sent back with its errors is newer than the draft. */
  if (!text.value) {
    const withDraft = [current, ...kinds.map((input) => input.value)].find((which) => read(which));
    if (withDraft) {
      kinds.find((input) => input.value === withDraft).checked = true;
      current = withDraft;
      text.value = read(withDraft);
      say(form.dataset.savedText);
    }
  }
  if (text.value) open();

  /* Not yet when the pointer goes down on a tab: the box would grow under it, and the click miss the tab. */
  form.addEventListener('focusin', (e) => { if (!kinds.includes(e.target)) open(); });
  form.addEventListener('click', open);
  form.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || e.defaultPrevented || form.querySelector('details[open]')) return;
    if (!text.value.trim() && !form.querySelector('[data-file-list] li')) form.classList.add('is-folded');
    document.activeElement.blur();
  });

  const write = (which) => {
    const tab = kinds.find((input) => input.value === which);
    if (!tab) return false;
    open();
    if (!tab.checked) { tab.checked = true; tab.dispatchEvent(new Event('change', { bubbles: true })); }
    text.focus({ preventScroll: innerWidth > 640 });
    return true;
  };
  document.addEventListener('click', (e) => {
    const jump = e.target.closest?.('[data-kind]');
    if (jump && write(jump.dataset.kind)) { e.preventDefault(); text.scrollIntoView({ block: 'center' }); }
  });
  document.addEventListener('keydown', (e) => {
    const which = { r: 'reply', m: 'note' }[e.key.toLowerCase()];
    if (which && isSingleKey(e) && write(which)) e.preventDefault();
  });
})();
