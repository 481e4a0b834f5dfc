/* The queue follows what happens, every 30 seconds. Rows never move under the pointer or the focus: then "3 new" is said instead. */
(() => {
  const EVERY = 30_000;
  const body = () => document.getElementById('queue-body');
  const news = document.querySelector('[data-news]');
  if (!body() || !news) return;
  const rows = (root) => [...root.querySelectorAll('[data-row]')].map((row) => row.id);
  let waiting;

  const counts = (page) => page.querySelectorAll('.sidebar .nav-item').forEach((fresh) => {
    const shown = [...document.querySelectorAll('.sidebar .nav-item')].find((item) => item.href === fresh.href);
    if (shown && shown.innerHTML !== fresh.innerHTML) { shown.innerHTML = fresh.innerHTML; shown.className = fresh.className; }
  });
  const swap = () => {
    if (!waiting) return;
    const focused = document.activeElement.closest?.('[data-row]')?.id;
    body().replaceWith(waiting.getElementById('queue-body'));
    document.querySelector('.page-head h1').replaceWith(waiting.querySelector('.page-head h1'));
    document.querySelector('.pager-note')?.replaceWith(waiting.querySelector('.pager-note') ?? '');
    if (focused) (document.querySelector(`#${focused} a`) ?? document.querySelector('[data-row] a'))?.focus();
    waiting = undefined;
    news.textContent = '';
    news.hidden = true;
  };
  const isInHand = () => body().contains(document.activeElement) || body().matches(':hover') || document.querySelector('dialog[open], details.menu[open]');

  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { 'HX-Request': 'true' } });
      if (!answer.ok || answer.redirected || answer.headers.has('HX-Redirect')) return;
      waiting = new DOMParser().parseFromString(await answer.text(), 'text/html');
    } catch { return; /* the next look may succeed */ }
    if (!waiting.getElementById('queue-body')) { waiting = undefined; return; }
    counts(waiting);
    if (!isInHand()) { swap(); return; }
    const known = new Set(rows(document));
    const fresh = rows(waiting).filter((id) => !known.has(id)).length;
    news.hidden = !fresh;
    news.textContent = fresh ? news.dataset.news.replace('{n}', fresh) : '';
  };
  news.addEventListener('click', swap);
  setInterval(look, EVERY);
})();
