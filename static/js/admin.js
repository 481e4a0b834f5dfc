/* The administration's lists that complete names: neither the box one types in nor what is chosen has a name of its own
   (WCAG 4.1.2). Django makes them when the page is ready; who asks to be told after it is told after it. */
window.django?.jQuery?.(() => {
  document.querySelectorAll('select.admin-autocomplete').forEach((select) => {
    const label = select.labels[0];
    const made = select.nextElementSibling;
    if (!label || !made) return;
    const name = label.textContent.trim().replace(/:$/, '');
    made.querySelector('.select2-search__field')?.setAttribute('aria-label', name);
    const chosen = made.querySelector('.select2-selection__rendered[role=textbox]');
    if (!chosen) return;
    label.id ||= `${select.id}-label`;
    chosen.setAttribute('aria-label', name);
    made.querySelector('.select2-selection').setAttribute('aria-labelledby', `${label.id} ${chosen.id}`);
  });
});

/* The buttons above a form, such as a test, work on what is saved and lead away: who changed something is asked first. */
{
  let isChanged = false;
  document.querySelector('#content-main > form')?.addEventListener('input', () => { isChanged = true; });
  document.addEventListener('submit', (event) => {
    const tools = event.target.closest('[data-unsaved]');
    if (tools && isChanged && !window.confirm(tools.dataset.unsaved)) event.preventDefault();
  });
}

/* What a form as it stands would do is asked without leaving it; without this the answer comes in a window of its own. */
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-ask]');
  if (!button) return;
  event.preventDefault();
  const told = document.getElementById(button.dataset.ask);
  button.setAttribute('aria-busy', 'true');
  told.textContent = '';
  let words = told.dataset.failed;
  try {
    const answer = await fetch(button.formAction, { method: 'POST', body: new FormData(button.form) });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    words = page.getElementById('moves-words')?.textContent ?? words;
  } catch { /* The network is gone: said below. */ }
  told.textContent = words;
  button.removeAttribute('aria-busy');
});

/* A table within a form does not fit a phone: there its rows are cards, each cell with the name of its column. */
document.querySelectorAll('.inline-group .tabular').forEach((tabular) => {
  const names = [...tabular.querySelectorAll('thead th')].filter((head) => !head.classList.contains('original')).map((head) => head.textContent.trim());
  tabular.querySelectorAll('tbody tr.form-row').forEach((row) => {
    [...row.children].filter((cell) => !cell.classList.contains('original')).forEach((cell, at) => { if (names[at]) cell.dataset.label = names[at]; });
  });
  tabular.classList.add('is-labelled');
});

/* Of a form that was refused one begins with what is wrong, not with its first field, which Django goes to. */
addEventListener('load', () => {
  if (!document.querySelector('.errornote')) return;
  document.querySelector(':is(.form-row.errors, td:has(> .errorlist)) :is(input:not([type=hidden]), select, textarea)')?.focus();
});
