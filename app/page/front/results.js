// The address bar always opens what is on the page: gallery, query, length, number, section; or a step of the tour.
const state = () => new URLSearchParams(element.querySelector('[data-link]').dataset.link);
let query = state().get('q');
const address = () => {
  const link = state(), there = new URL(location.href), visit = query === link.get('q') ? 'replaceState' : 'pushState';
  const step = document.querySelector('#tour [data-now]'), shown = document.querySelector('#panel [data-shown]');
  query = link.get('q');
  if (shown) link.set('view', shown.dataset.shown);
  ['gallery', 'q', 'bits', 'k', 'view', 'tour'].forEach(name => there.searchParams.delete(name));
  if (step) there.searchParams.set('tour', step.dataset.now);
  else link.forEach((value, name) => there.searchParams.set(name, value));
  const next = there.href.replaceAll('%3A', ':');
  if (next !== location.href) history[visit](null, '', next);
};
watch('value', address);
document.addEventListener('address', address);
window.addEventListener('popstate', () => {
  trigger('restore', Object.fromEntries(new URLSearchParams(location.search)));
});
