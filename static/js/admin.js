/* The administration's lists that complete names: the box one types in has no name of its own (WCAG 4.1.2). Django
   makes them when the page is ready; who asks to be told after it is told after it. */
window.django?.jQuery?.(() => {
  document.querySelectorAll('select.admin-autocomplete').forEach((select) => {
    const box = select.nextElementSibling?.querySelector('.select2-search__field');
    const name = select.labels[0]?.textContent.trim().replace(/:$/, '');
    if (box && name) box.setAttribute('aria-label', name);
  });
});
