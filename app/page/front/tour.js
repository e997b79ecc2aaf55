// Each step shows the part of the page that it speaks of.
watch('value', () => {
  document.dispatchEvent(new CustomEvent('address'));
  const card = element.querySelector('[data-look]');
  const what = card && document.getElementById(card.dataset.look);
  if (!what) return;
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const top = what.getBoundingClientRect().top + scrollY - 24;
  scrollTo({top, behavior: calm ? 'auto' : 'smooth'});
});
