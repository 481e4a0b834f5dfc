/* A reply that is about to go counts down, by how long it takes and not by this machine's clock; then the thread, and
   what stands above and beside it, is read anew. */
(() => {
  if (!window.desk) return;
  const AGAIN = [300, 700, 1500, 3000, 5000];
  const thread = () => document.getElementById('thread');

  /* The status, the clocks and what is offered are others now. What somebody has in hand stays as it is. */
  const swapAround = (page) => ['.ticket-head', '.panel .props'].forEach((name) => {
    const own = document.querySelector(name);
    const fresh = page.querySelector(name);
    if (!own || !fresh || own.contains(document.activeElement) || document.querySelector('dialog[open]')) return;
    own.replaceWith(fresh);
    window.htmx?.process(fresh);
  });

  const look = async (place, tries) => {
    try {
      const address = new URL(location.href);
      address.searchParams.delete('edit');
      const answer = await fetch(address);
      const page = answer.ok && !answer.redirected && new DOMParser().parseFromString(await answer.text(), 'text/html');
      const fresh = page && page.getElementById('thread');
      const still = fresh && fresh.querySelector(`#${place.id}:not(.is-stopped)`);
      if (fresh && !still) {
        thread().replaceChildren(...fresh.childNodes);
        window.htmx?.process(thread());
        swapAround(page);
        page.querySelectorAll('#composer [name=seen]').forEach((seen) => {
          const own = document.querySelector('#composer [name=seen]');
          if (own) own.value = seen.value;
        });
        start();
        return;
      }
    } catch { /* the next look may succeed */ }
    if (tries.length) setTimeout(look, tries[0], place, tries.slice(1));
  };
  const start = () => document.querySelectorAll('[data-held]').forEach((place) => {
    if (place.dataset.counts) return;
    place.dataset.counts = 'yes';
    window.desk.countDown(place, () => setTimeout(look, AGAIN[0], place, AGAIN.slice(1)));
  });
  start();
})();
