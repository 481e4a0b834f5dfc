/* An agent's settings: the browser's time zone is offered, and the signature shown as it is typed. */
(() => {
  const offer = document.querySelector('[data-zone-offer]');
  const list = document.querySelector('select[name=time_zone]');
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const knows = list && [...list.options].some((option) => option.value === here);
  const show = () => { if (offer) offer.hidden = !knows || list.value === here; };
  if (offer && knows) {
    offer.querySelector('span').textContent = offer.dataset.zoneOffer.replace('{zone}', here.replaceAll('_', ' '));
    offer.querySelector('button').addEventListener('click', () => { list.value = here; show(); list.focus(); });
    list.addEventListener('change', show);
  }
  show();

  const text = document.querySelector('[data-signature]');
  const shown = document.querySelector('[data-signature-shown]');
  text?.addEventListener('input', () => { shown.textContent = text.value.trim() || shown.dataset.empty; });
})();
