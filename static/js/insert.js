/* What is put into the text: canned responses, from their list or by typing / before their words, and quotations. */
(() => {
  const composer = window.desk?.composer;
  const menu = composer?.form.querySelector('[data-canned-url]');
  if (!menu) return;
  const { form } = composer;
  const words = form.querySelector('[data-upload-url]').dataset;
  const search = menu.querySelector('[data-canned-search]');
  const results = menu.querySelector('[data-canned-results]');
  const slash = form.querySelector('[data-canned-slash]');

  const ask = async (url, read) => {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok && !answer.redirected) return read(answer);
    composer.say(answer?.redirected ? words.signedOut : words.lost);
    return null;
  };
  const listed = (query) => ask(`${menu.dataset.cannedUrl}?${new URLSearchParams({ q: query })}`, (answer) => answer.text());
  const insert = async (button) => {
    const given = await ask(button.dataset.canned, (answer) => answer.json());
    if (!given) return;
    composer.box.insert(given.html);
    composer.keep(given.files);
    composer.say(given.left_out);
  };
  /* The newest answer alone counts, however late others come. */
  const later = (run) => {
    let timer;
    return (...given) => { clearTimeout(timer); timer = setTimeout(run, 120, ...given); };
  };

  /* --- From the list ---------------------------------------------------------------------------------- */
  let asked = 0;
  const fill = async () => {
    const mine = asked += 1;
    const html = await listed(search.value);
    if (html !== null && mine === asked) results.innerHTML = html;
  };
  menu.addEventListener('toggle', () => {
    if (!menu.open) return;
    search.value = '';
    search.focus();
    fill();
  });
  search.addEventListener('input', later(fill));
  search.addEventListener('keydown', (e) => {
    const first = results.querySelector('[data-canned]');
    if (e.key === 'Enter' && !e.ctrlKey && !e.metaKey) { e.preventDefault(); first?.click(); }
    if (e.key === 'ArrowDown') { e.preventDefault(); first?.focus(); }
  });
  results.addEventListener('click', (e) => {
    const button = e.target.closest('[data-canned]');
    if (!button) return;
    menu.open = false;
    insert(button);
  });

  /* --- By / ------------------------------------------------------------------------------------------- */
  let typed = null; // {from, to, query} in the text
  let dismissed = false;
  let side = null; // of that line, on which the list stands
  const options = () => [...slash.querySelectorAll('[data-canned]')];
  const chosen = () => slash.querySelector('[aria-selected="true"]');
  const choose = (option) => {
    options().forEach((other) => other.setAttribute('aria-selected', String(other === option)));
    option?.scrollIntoView({ block: 'nearest' });
    const dom = composer.box.editor.view.dom;
    if (option) dom.setAttribute('aria-activedescendant', option.id);
    else dom.removeAttribute('aria-activedescendant');
  };
  const close = () => { slash.hidden = true; side = null; slash.replaceChildren(); choose(null); };
  /* Never over the line that is being typed: under it, or over it where there is more room. While the list stands open it
     stays on its side. */
  const GAP = 4;
  const place = () => {
    if (slash.hidden || !typed) { side = null; return; }
    const { view } = composer.box.editor;
    const line = { top: view.coordsAtPos(typed.from).top, bottom: view.coordsAtPos(typed.to).bottom };
    const home = slash.offsetParent.getBoundingClientRect();
    const seen = window.visualViewport?.height ?? innerHeight;
    const bar = document.querySelector('.topbar')?.getBoundingClientRect().bottom ?? 0;
    const room = { under: seen - line.bottom - 2 * GAP, over: line.top - Math.max(bar, 0) - 2 * GAP };
    slash.style.maxBlockSize = '';
    side ??= slash.offsetHeight <= room.under || room.under >= room.over ? 'under' : 'over';
    slash.style.insetBlockStart = side === 'under' ? `${line.bottom + GAP - home.top}px` : 'auto';
    slash.style.insetBlockEnd = side === 'over' ? `${home.bottom - line.top + GAP}px` : 'auto';
    slash.style.maxBlockSize = `min(16rem, ${Math.max(room[side], 0)}px)`;
  };
  const look = later(async () => {
    const query = typed?.query;
    if (query === undefined || dismissed) return;
    const html = await listed(query);
    if (html === null || typed?.query !== query || dismissed) return;
    slash.innerHTML = html;
    const list = slash.querySelector('ul');
    list?.setAttribute('role', 'listbox');
    list?.setAttribute('aria-label', search.getAttribute('aria-label'));
    slash.querySelectorAll('li').forEach((item) => item.setAttribute('role', 'presentation'));
    options().forEach((option, i) => Object.assign(option, { id: `canned-${i}`, role: 'option', tabIndex: -1 }));
    // Whoever writes "and/or" is not bothered.
    slash.hidden = !options().length && query !== '';
    place();
    choose(options()[0]);
  });
  const watch = ({ editor }) => {
    const { empty, $from } = editor.state.selection;
    const before = empty && !editor.isActive('codeBlock') ? $from.parent.textBetween(0, $from.parentOffset, '\n', ' ') : '';
    const found = /(?:^|\s)\/(\S{0,30})$/.exec(before);
    typed = found ? { query: found[1], from: $from.pos - found[1].length - 1, to: $from.pos } : null;
    if (!typed) { dismissed = false; close(); } else look();
  };
  const pick = (option) => {
    const { editor } = composer.box;
    editor.chain().focus().deleteRange({ from: typed.from, to: typed.to }).run();
    insert(option);
  };
  /* Before the editor and the form see the key. */
  const keys = (e) => {
    if (slash.hidden || !options().length || e.ctrlKey || e.metaKey) return;
    const all = options();
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step) choose(all.at((all.indexOf(chosen()) + step) % all.length));
    else if (e.key === 'Enter' || e.key === 'Tab') pick(chosen());
    else if (e.key === 'Escape') { dismissed = true; close(); }
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  slash.addEventListener('mousedown', (e) => e.preventDefault());
  slash.addEventListener('click', (e) => {
    const option = e.target.closest('[data-canned]');
    if (option && typed) pick(option);
  });

  /* --- Quotations ------------------------------------------------------------------------------------- */
  form.addEventListener('click', async (e) => {
    const button = e.target.closest?.('[data-quote]');
    if (!button) return;
    button.closest('details').open = false;
    const quoted = await ask(button.dataset.quote, (answer) => answer.json());
    if (quoted) composer.box.insert(`${quoted.html}<p></p>`);
  });

  composer.ready.then(({ editor }) => {
    editor.on('transaction', watch);
    editor.on('blur', close);
    editor.view.dom.addEventListener('keydown', keys, { capture: true });
    addEventListener('resize', place);
    addEventListener('scroll', place, { capture: true, passive: true });
  });
})();
