/* The queue: J and K move between rows. Enter follows the focused link by itself. */
(() => {
  document.addEventListener('keydown', (e) => {
    const key = e.key.toLowerCase();
    if (!['j', 'k'].includes(key) || !window.desk?.isSingleKey(e)) return;
    /* Asked anew: live.js replaces the table. */
    const rows = [...document.querySelectorAll('[data-rows] tr[data-row]')];
    if (!rows.length) return;
    const now = rows.findIndex((row) => row.contains(document.activeElement));
    const next = Math.max(0, Math.min(rows.length - 1, key === 'j' ? now + 1 : now - 1));
    e.preventDefault();
    rows[next].querySelector('a').focus({ focusVisible: true });
    rows[next].scrollIntoView({ block: 'nearest' });
  });
})();
