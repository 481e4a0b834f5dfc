/* What the platform does not give: menus that close, dialogs by attribute, single keys, forms sent once, toasts. */
(() => {
  const store = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: not kept */ } },
    drop: (key) => { try { localStorage.removeItem(key); } catch { /* private mode: nothing there */ } },
    keys: () => { try { return Object.keys(localStorage); } catch { return []; } },
  };
  const isTyping = (e) => e.target.closest?.('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]');

  /* Single keys: <a data-key="t">, <button data-key="c">. Off while typing, in dialogs, and by choice: in the agent's settings everywhere, or in this browser (WCAG 2.1.4). */
  const keysOn = () => document.body.dataset.singleKeys !== 'off' && store.get('single-keys') !== 'off';
  const isSingleKey = (e) => keysOn() && !e.ctrlKey && !e.metaKey && !e.altKey && !e.isComposing && !e.defaultPrevented
    && !isTyping(e) && !document.querySelector('dialog[open], details.menu[open]');
  window.desk = { isSingleKey, store };

  document.addEventListener('keydown', (e) => {
    if (!isSingleKey(e)) return;
    if (e.key === '?') { e.preventDefault(); document.getElementById('shortcuts')?.showModal(); return; }
    const target = [...document.querySelectorAll('[data-key]')].find((el) => el.dataset.key === e.key.toLowerCase());
    if (!target || target.getAttribute('aria-disabled') === 'true') return;
    e.preventDefault();
    if (target.matches('input')) target.focus();
    else target.click();
  });
  document.addEventListener('change', (e) => {
    if (e.target.matches?.('[data-keys-switch]')) store.set('single-keys', e.target.checked ? 'on' : 'off');
  });

  /* Menus are <details>: they close on a click outside, Escape, or when the focus leaves. */
  const openMenus = () => document.querySelectorAll('details.menu[open]');
  const close = (menu, focus) => { menu.open = false; if (focus) menu.querySelector('summary').focus(); };
  document.addEventListener('click', (e) => {
    openMenus().forEach((menu) => { if (!menu.contains(e.target) || e.target.closest('[data-dialog]')) close(menu); });
  });
  document.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') openMenus().forEach((menu) => close(menu, menu.contains(document.activeElement)));
    const menu = e.target.closest?.('details.menu[open]');
    if (!menu || !['ArrowDown', 'ArrowUp'].includes(e.key) || e.target.matches('input')) return;
    e.preventDefault();
    const items = [...menu.querySelectorAll('.menu-item')].filter((item) => item.checkVisibility());
    const next = items.indexOf(document.activeElement) + (e.key === 'ArrowDown' ? 1 : -1);
    items.at(next % items.length)?.focus();
  });
  document.addEventListener('focusout', (e) => {
    const menu = e.target.closest?.('details.menu[open]');
    if (menu && e.relatedTarget && !menu.contains(e.relatedTarget)) close(menu);
  });

  /* Dialogs. The opener is a link to the same form as a page of its own, for where no script runs. */
  document.addEventListener('click', (e) => {
    const opener = e.target.closest?.('[data-dialog]');
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog instanceof HTMLDialogElement && !(e.ctrlKey || e.metaKey || e.shiftKey)) {
      e.preventDefault();
      document.querySelectorAll('[popover]:popover-open').forEach((drawer) => drawer.hidePopover());
      if (opener.checkVisibility()) opener.focus(); // where the focus goes back to, also after a single key
      dialog.showModal();
      dialog.querySelector('.dialog-body :is(input:not([type=hidden]), select, textarea)')?.focus();
      return;
    }
    const closer = e.target.closest?.('[data-close]');
    if (closer) closer.closest('dialog') ? closer.closest('dialog').close() : closer.closest('.toast, .banner')?.remove();
  });
  /* A press and a release on the backdrop, so that marking text does not close it. */
  let pressed;
  document.addEventListener('pointerdown', (e) => { pressed = e.target; });
  document.addEventListener('click', (e) => { if (e.target instanceof HTMLDialogElement && pressed === e.target) e.target.close(); });

  /* Forms are sent once; Ctrl+Enter sends with the button in sight. */
  document.addEventListener('submit', (e) => {
    const form = e.target;
    if (e.defaultPrevented || form.method === 'dialog') return;
    if (form.dataset.busy) { e.preventDefault(); return; }
    form.dataset.busy = 'yes';
    e.submitter?.setAttribute('aria-busy', 'true');
    setTimeout(free, 10_000, form);
    if (form.matches('[data-sign-out]')) store.keys().filter((key) => key.startsWith('draft:')).forEach(store.drop);
  });
  const free = (form) => {
    delete form.dataset.busy;
    form.querySelectorAll('[aria-busy]').forEach((button) => button.removeAttribute('aria-busy'));
  };
  addEventListener('pageshow', (e) => { if (e.persisted) document.querySelectorAll('form[data-busy]').forEach(free); });
  document.addEventListener('keydown', (e) => {
    if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey) || e.isComposing) return;
    const form = e.target.closest?.('form');
    const button = form && [...form.querySelectorAll('button:not([type=button], [name=refresh], [aria-hidden])')].find((b) => b.checkVisibility());
    if (!button) return;
    e.preventDefault();
    form.requestSubmit(button);
  });

  /* By how long it takes, not by the clock of this machine. */
  const countDown = (place, over) => {
    const end = performance.now() + Number(place.dataset.count) * 1000;
    const tick = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (!place.isConnected) return;
      if (left <= 0) { over(); return; }
      place.querySelectorAll('[data-left]').forEach((words) => { if (words.textContent !== String(left)) words.textContent = left; });
      setTimeout(tick, 250);
    };
    tick();
  };
  window.desk.countDown = countDown;

  /* Toasts go after eight seconds, unless read with the pointer or the keyboard, and unless they tell of a failure. */
  const watch = (toast) => {
    if (toast.matches('.toast-error, .toast-warning')) return;
    /* What can be taken back until then counts down, and stays no longer than it can. */
    if (toast.dataset.count) { countDown(toast, () => toast.remove()); return; }
    let timer;
    const start = () => { timer = setTimeout(() => toast.remove(), 8000); };
    ['pointerenter', 'focusin'].forEach((name) => toast.addEventListener(name, () => clearTimeout(timer)));
    ['pointerleave', 'focusout'].forEach((name) => toast.addEventListener(name, start));
    start();
  };
  const toasts = document.querySelector('[data-toasts]');
  if (toasts) {
    toasts.querySelectorAll('[data-sent]').forEach((toast) => store.drop(`draft:${toast.dataset.sent}`));
    new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => {
      if (node instanceof HTMLElement && node.matches('[data-toast]')) watch(node);
    }))).observe(toasts, { childList: true });
    /* A live region speaks when it changes: what came with the page is put in once more. */
    const waiting = [...toasts.children];
    toasts.replaceChildren();
    setTimeout(() => toasts.append(...waiting), 150);
  }

  /* htmx: a request that failed keeps the page and says so. */
  ['htmx:sendError', 'htmx:responseError', 'htmx:timeout'].forEach((name) => document.body.addEventListener(name, () => {
    const toast = document.createElement('div');
    toast.className = 'toast toast-error';
    toast.dataset.toast = '';
    const words = document.createElement('span');
    words.textContent = document.body.dataset.lost ?? '';
    toast.append(words);
    toasts?.append(toast);
  }));
  /* What was typed into a box that had just come and did not listen yet is heard once it does. */
  document.body.addEventListener('htmx:afterSettle', (e) => e.target.querySelectorAll?.('[hx-trigger$="settled"]').forEach((box) => {
    if (box.value !== box.defaultValue) window.htmx.trigger(box, 'settled');
  }));

  document.addEventListener('click', (e) => { if (e.target.closest?.('[data-print]')) print(); });
  document.querySelectorAll('[data-keys-switch]').forEach((box) => { box.checked = keysOn(); });
  document.querySelector('[data-error-summary]')?.focus();
  document.addEventListener('click', (e) => {
    const filler = e.target.closest?.('[data-fill-email]');
    const form = filler && document.querySelector('form:has([type=password])');
    if (!form) return;
    form.querySelector('[name=login]').value = filler.dataset.fillEmail;
    form.querySelector('[type=password]').value = filler.dataset.fillPassword;
    form.querySelector('button').focus();
  });
})();
