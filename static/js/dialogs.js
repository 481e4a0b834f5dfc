/* Dialogs of the desk: a form is fetched from its own page's address when it is wanted, so that it is never stale. */
(() => {
  let opener;
  const show = (html) => {
    const holder = document.createElement('template');
    holder.innerHTML = html;
    const dialog = holder.content.querySelector('dialog');
    if (!dialog) return false;
    document.body.append(dialog);
    window.htmx?.process(dialog);
    document.querySelectorAll('[popover]:popover-open').forEach((drawer) => drawer.hidePopover());
    dialog.showModal();
    dialog.querySelector('.dialog-body :is(input:not([type=hidden]), select, textarea)')?.focus();
    dialog.addEventListener('close', () => { dialog.remove(); opener?.focus(); });
    return true;
  };
  document.addEventListener('click', async (e) => {
    const link = e.target.closest?.('a[data-dialog]');
    if (!link || e.defaultPrevented || e.ctrlKey || e.metaKey || e.shiftKey || !window.htmx) return;
    e.preventDefault();
    if (link.getAttribute('aria-busy') || document.querySelector('dialog[open]')) return;
    opener = link.closest('details.menu')?.querySelector('summary') ?? link;
    link.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(link.href, { headers: { 'HX-Request': 'true' } });
      if (answer.headers.has('HX-Redirect')) location.href = answer.headers.get('HX-Redirect');
      else if (!show(await answer.text())) location.href = link.href;
    } catch {
      location.href = link.href;
    } finally {
      link.removeAttribute('aria-busy');
    }
  });
  /* A form that was refused comes back into its dialog: read what is wrong with it. Not before htmx has settled:
     until then its new fields do not listen yet, and a choice made in them would go unheard. */
  document.body.addEventListener('htmx:afterSettle', (e) => {
    const dialog = e.target.closest?.('dialog') ?? e.detail.target?.closest?.('dialog');
    dialog?.querySelector('[data-error-summary]')?.focus();
  });
})();
