// Tabs by arrow keys, and the slider over gallery sizes.
element.addEventListener('keydown', event => {
  const tabs = [...element.querySelectorAll('[role=tab]')], at = tabs.indexOf(event.target);
  const moves = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1};
  if (at < 0 || !(event.key in moves)) return;
  event.preventDefault();
  const next = tabs[(moves[event.key] + tabs.length) % tabs.length];
  next.focus();
  trigger('view', {view: next.dataset.view});
});
const sized = event => {
  const {sizes, words} = event.target.dataset;
  if (!sizes) return;
  const word = words.split('|')[event.target.value];
  event.target.setAttribute('aria-valuetext', word);
  element.querySelector('output').textContent = word;
  if (event.type === 'change') trigger('view', {view: `speed:${sizes.split(',')[event.target.value]}`});
};
element.addEventListener('input', sized);
element.addEventListener('change', sized);
const arrived = () => {
  document.dispatchEvent(new CustomEvent('address'));
  const tab = element.querySelector('[aria-selected=true]'), row = tab.parentElement;
  row.scrollLeft = tab.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
};
watch('value', arrived);
