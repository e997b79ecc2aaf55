// Each step shows the part of the page that it speaks of, as soon as that is there.
const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
let waiting = null;
const show = what => scrollTo({
  top: what.getBoundingClientRect().top + scrollY - 8,
  behavior: calm ? 'auto' : 'smooth',
});
const turn = () => {
  const card = element.querySelector('[data-look]'), what = card && document.querySelector(card.dataset.look);
  if (!card || what) waiting.disconnect();
  if (what) show(what);
  return Boolean(what);
};
waiting = new MutationObserver(turn);
['wheel', 'touchmove', 'keydown'].forEach(name => addEventListener(name, () => waiting.disconnect(), {passive: true}));
watch('value', () => {
  document.dispatchEvent(new CustomEvent('address'));
  waiting.disconnect();
  if (turn() || !element.querySelector('[data-look]')) return;
  show(document.getElementById('panel'));
  waiting.observe(document.getElementById('closer'), {childList: true, subtree: true});
});
