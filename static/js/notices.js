/* The bell: its menu is filled when it opens; every 30 seconds it hears what is new, counts it and announces it once in this browser. */
(() => {
  const EVERY = 30_000;
  const bell = document.querySelector('[data-bell]');
  if (!bell || !window.desk) return;
  const { store } = window.desk;
  const parse = async (url) => {
    const answer = await fetch(url, { headers: { 'HX-Request': 'true' } });
    if (!answer.ok || answer.redirected || answer.headers.has('HX-Redirect')) return undefined;
    return new DOMParser().parseFromString(await answer.text(), 'text/html');
  };
  const show = (text) => {
    const count = bell.querySelector('[data-bell-count]');
    count.textContent = text;
    count.hidden = !text;
    bell.querySelector('[data-bell-words]').textContent = text ? bell.dataset.words.replace('{n}', text) : bell.dataset.none;
  };

  bell.addEventListener('toggle', async () => {
    if (!bell.open) return;
    try {
      const page = await parse(bell.dataset.list);
      if (page) bell.querySelector('[data-bell-list]').replaceChildren(...page.body.children);
    } catch { /* the link to all of them stays */ }
  });

  const look = async () => {
    if (document.hidden) return;
    const known = store.get('notices-newest');
    try {
      const page = await parse(`${bell.dataset.poll}${known ? `?after=${encodeURIComponent(known)}` : ''}`);
      const news = page?.querySelector('[data-newest]');
      if (!news) return;
      show(news.dataset.unread);
      // Another tab may have announced them meanwhile.
      if (store.get('notices-newest') === known) document.querySelector('[data-toasts]')?.append(...news.children);
      store.set('notices-newest', news.dataset.newest);
    } catch { /* the next look may succeed */ }
  };
  setInterval(look, EVERY);
})();
