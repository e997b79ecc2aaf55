// Tabs by arrow keys, and the slider over gallery sizes; the last wish holds, in whatever order answers come.
let wished = null, again = 0;
const look_at = view => {
  [wished, again] = [view, 2];  // a view that is none would be asked for without end
  trigger('view', {view});
};
document.addEventListener('click', event => { if (!element.contains(event.target)) wished = null; }, true);
window.addEventListener('popstate', () => { wished = null; });
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-view]');
  if (button) look_at(button.dataset.view);
});
element.addEventListener('keydown', event => {
  const tabs = [...element.querySelectorAll('[role=tab]')], at = tabs.indexOf(event.target);
  const moves = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1};
  if (at < 0 || !(event.key in moves)) return;
  event.preventDefault();
  const next = tabs[(moves[event.key] + tabs.length) % tabs.length];
  next.focus();
  look_at(next.dataset.view);
});
const sized = event => {
  const {sizes, words} = event.target.dataset;
  if (!sizes) return;
  const word = words.split('|')[event.target.value];
  event.target.setAttribute('aria-valuetext', word);
  element.querySelector('output').textContent = word;
  if (event.type === 'change') look_at(`speed:${sizes.split(',')[event.target.value]}`);
};
element.addEventListener('input', sized);
element.addEventListener('change', sized);
const arrived = () => {
  const {shown} = element.querySelector('#section').dataset;
  if (wished && wished !== shown && again-- > 0) trigger('view', {view: wished});
  document.dispatchEvent(new CustomEvent('address'));
  const tab = element.querySelector('[aria-selected=true]'), row = tab.parentElement;
  row.scrollLeft = tab.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
};
const picture = () => {  // the query's and its name, from its card: a visitor's own is nowhere else
  const [from, to] = [document.querySelector('.query .frame'), element.querySelector('[data-asked]')];
  if (from && to && to.innerHTML !== from.innerHTML) to.innerHTML = from.innerHTML;
  const [name, called] = [document.querySelector('.query strong'), to && to.parentElement.querySelector('b')];
  if (name && called && called.textContent !== name.textContent) called.textContent = called.title = name.textContent;
};
watch('value', arrived);
watch('value', picture);
new MutationObserver(picture).observe(document.body, {childList: true, subtree: true});
picture();
