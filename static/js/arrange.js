/* Help topics: dragged among those beside them. Without this the buttons move them. */
(() => {
  const form = document.getElementById('arrange');
  if (!form) return;
  let dragged = null;
  const place = (row) => [...row.parentElement.children].indexOf(row);
  let before = 0;

  /* Several steps are several presses: on the page that comes the focus is on the same button of the same topic. */
  form.addEventListener('submit', (event) => {
    try { sessionStorage.setItem('arrange', event.submitter?.name ?? ''); } catch { /* private mode: not kept */ }
  });
  const moved = location.hash.startsWith('#topic-') && document.getElementById(location.hash.slice(1));
  if (moved) {
    let name = '';
    try { name = sessionStorage.getItem('arrange') ?? ''; sessionStorage.removeItem('arrange'); } catch { /* as above */ }
    const buttons = [...moved.querySelectorAll(':scope > .arrange-row button:not(:disabled)')];
    // Only then: going to the fragment takes the focus off whatever has it.
    if (name) addEventListener('load', () => setTimeout(() => (buttons.find((one) => one.name === name) ?? buttons[0])?.focus()));
  }

  form.classList.add('can-drag');
  form.querySelectorAll('[data-topic]').forEach((row) => {
    // A topic is taken by its handle alone: its name stays a link, and can be selected.
    const handle = row.querySelector('.arrange-handle');
    handle.addEventListener('pointerdown', () => { row.draggable = true; });
    handle.addEventListener('pointerup', () => { row.draggable = false; });
    row.addEventListener('dragstart', (event) => {
      event.stopPropagation();
      dragged = row;
      before = place(row);
      event.dataTransfer.effectAllowed = 'move';
      event.dataTransfer.setData('text/plain', row.dataset.topic);
      row.classList.add('is-dragged');
    });
    row.addEventListener('dragover', (event) => {
      if (!dragged || row.parentElement !== dragged.parentElement) return;
      event.preventDefault();
      event.stopPropagation();
      if (row === dragged) return;
      const box = row.getBoundingClientRect();
      row[event.clientY < box.top + box.height / 2 ? 'before' : 'after'](dragged);
    });
    row.addEventListener('dragend', (event) => {
      event.stopPropagation();
      row.draggable = false;
      row.classList.remove('is-dragged');
      dragged = null;
      if (place(row) === before) return;
      const field = (name, value) => {
        const input = document.createElement('input');
        input.type = 'hidden';
        input.name = name;
        input.value = value;
        form.append(input);
      };
      field('topic', row.dataset.topic);
      field('place', place(row));
      form.submit();
    });
  });
})();
