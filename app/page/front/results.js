// The address bar always opens what is on the page: gallery, query, length, number, section; or a step of the tour.
// Another query, or gallery, is another place to come back to, unless it is what the address, or the way back, asked for.
const found = () => new URLSearchParams(element.querySelector('[data-link]').dataset.link);
const state = () => {
  const instead = document.querySelector('#notice [data-place]');  // of a gallery that is not here
  return instead ? new URLSearchParams({gallery: instead.dataset.place}) : found();
};
const home = found();
let asked = document.documentElement.classList.contains('opening');
const address = () => {
  const link = state(), there = new URL(location.href);
  const same = ['gallery', 'q'].every(name => (there.searchParams.get(name) ?? home.get(name)) === link.get(name));
  const step = document.querySelector('#tour [data-now]'), shown = document.querySelector('#panel [data-shown]');
  if (shown && link.has('q')) link.set('view', shown.dataset.shown);
  ['gallery', 'q', 'bits', 'k', 'view', 'tour'].forEach(name => there.searchParams.delete(name));
  if (step) there.searchParams.set('tour', step.dataset.now);
  else link.forEach((value, name) => there.searchParams.set(name, value));
  const next = there.href.replaceAll('%3A', ':');
  if (next !== location.href) history[same || asked ? 'replaceState' : 'pushState'](null, '', next);
};
watch('value', address);
document.addEventListener('address', address);
document.addEventListener('opened', () => setTimeout(() => {
  if (asked) address();  // of what is shown, which may not be what the link says
  asked = false;
}));
window.addEventListener('popstate', () => {
  asked = true;
  setTimeout(() => { asked = false; }, 2000);
  trigger('restore', Object.fromEntries(new URLSearchParams(location.search)));
});
