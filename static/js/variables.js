/* Names of variables while typing "{{": arrows choose, Enter and Tab take, Escape goes on as it is. The field says what
   there is in data-variables, [[name, meaning]]. Without this the names are typed as any other words. */
(() => {
  const MOST = 8;
  const OPEN = /\{\{\s*([a-z._]*)$/;

  document.querySelectorAll('[data-variables]').forEach((field, number) => {
    let names;
    try { names = JSON.parse(field.dataset.variables); } catch { return; }
    const list = document.createElement('ul');
    list.id = `variables-${number}`;
    list.className = 'variables';
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-label', field.labels?.[0]?.textContent.trim().replace(/:$/, '') ?? '');
    list.hidden = true;
    // Around both, so that the list lies below the field and moves nothing.
    const box = document.createElement('div');
    box.className = 'variables-field';
    const had = document.activeElement === field;
    field.replaceWith(box);
    box.append(field, list);
    if (had) field.focus();
    /* A field of several lines may not be a combobox: it stays a text field whose list is beside it. */
    const isLine = field.matches('input');
    if (isLine) field.setAttribute('role', 'combobox');
    field.setAttribute('aria-autocomplete', 'list');
    if (isLine) field.setAttribute('aria-expanded', 'false');
    field.setAttribute('aria-controls', list.id);
    let chosen = -1;

    const typed = () => field.value.slice(0, field.selectionStart).match(OPEN);
    const close = () => {
      list.hidden = true;
      list.replaceChildren();
      chosen = -1;
      if (isLine) field.setAttribute('aria-expanded', 'false');
      field.removeAttribute('aria-activedescendant');
    };
    const choose = (place) => {
      const options = [...list.children];
      chosen = (place + options.length) % options.length;
      options.forEach((option, i) => option.setAttribute('aria-selected', String(i === chosen)));
      options[chosen].scrollIntoView({ block: 'nearest' });
      field.setAttribute('aria-activedescendant', options[chosen].id);
    };
    const take = (name) => {
      const start = field.selectionStart - typed()[0].length;
      const rest = field.value.slice(field.selectionStart).match(/^[a-z._]*\s*\}\}/)?.[0].length ?? 0;
      field.setRangeText(`{{ ${name} }}`, start, field.selectionStart + rest, 'end');
      field.dispatchEvent(new Event('input', { bubbles: true }));
      close();
    };
    const offer = () => {
      const begun = typed();
      if (!begun || field.selectionStart !== field.selectionEnd) return close();
      const word = begun[1];
      const starts = names.filter(([name]) => name.startsWith(word));
      const has = names.filter(([name]) => !name.startsWith(word) && name.includes(word));
      const found = [...starts, ...has].slice(0, MOST);
      if (!found.length) return close();
      list.replaceChildren(...found.map(([name, meaning], i) => {
        const option = document.createElement('li');
        option.id = `${list.id}-${i}`;
        option.setAttribute('role', 'option');
        option.dataset.name = name;
        const code = document.createElement('code');
        code.textContent = name;
        const words = document.createElement('span');
        words.textContent = meaning;
        option.append(code, ' ', words);
        return option;
      }));
      list.hidden = false;
      if (isLine) field.setAttribute('aria-expanded', 'true');
      choose(0);
    };

    field.addEventListener('input', offer);
    field.addEventListener('click', () => { if (!list.hidden && !typed()) close(); });
    field.addEventListener('blur', close);
    // Before the field loses the focus.
    list.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      const option = event.target.closest('[data-name]');
      if (option) take(option.dataset.name);
    });
    field.addEventListener('keydown', (event) => {
      if (list.hidden || event.isComposing) return;
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') choose(chosen + (event.key === 'ArrowDown' ? 1 : -1));
      else if (event.key === 'Enter' || event.key === 'Tab') take(list.children[chosen].dataset.name);
      else if (event.key === 'Escape') close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  });
})();
