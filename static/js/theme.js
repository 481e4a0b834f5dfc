/* First script of every page, not deferred: says that scripts run, and sets the chosen theme before the first paint.
   The choice is a cookie, so that the server draws the next page right from the start. */
(() => {
  const root = document.documentElement;
  root.classList.add('js');
  const chosen = () => document.cookie.match(/(?:^|; )theme=(light|dark)(?:;|$)/)?.[1] ?? '';
  const show = (theme) => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    document.querySelectorAll('[data-theme-choice] input').forEach((i) => { i.checked = i.value === (theme || 'system'); });
  };
  const choose = (theme) => {
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `theme=${theme}; Path=/; Max-Age=${theme ? 31536000 : 0}; SameSite=Lax${secure}`;
    show(theme);
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);
  show(chosen());
  addEventListener('pageshow', () => show(chosen()));
  document.addEventListener('click', (e) => {
    if (e.target.closest?.('[data-theme-toggle]')) choose(isDark() ? 'light' : 'dark');
  });
  document.addEventListener('change', (e) => {
    if (e.target.matches?.('[data-theme-choice] input')) choose(e.target.value === 'system' ? '' : e.target.value);
  });
})();
