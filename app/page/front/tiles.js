// Buttons say in a data attribute what they want; what is pending asks again; pictures tell their code.
const wants = {
  photo: data => trigger('select', {photo: data.photo}),
  query: data => trigger('select', {query: data.query}),
  step: data => trigger('step', {step: data.step}),
  shuffle: () => trigger('shuffle'),
  fetch: () => trigger('fetch'),
  again: () => trigger('again'),
  go: data => {
    const tab = document.querySelector(`.tabs [data-view="${data.go}"]`);
    tab.click();
    tab.scrollIntoView({behavior: 'smooth'});
  },
};
let held = null, looked = false;  // by a finger that rests
element.addEventListener('click', event => {
  if (looked) {  // that was a look
    looked = false;
    return;
  }
  const button = event.target.closest('button');
  const want = button && Object.keys(wants).find(name => name in button.dataset);
  if (want) wants[want](button.dataset);
});

const look = event => {
  const button = event.target.closest && event.target.closest('[data-code]');
  const detail = button ? {code: button.dataset.code, name: button.dataset.name} : null;
  document.dispatchEvent(new CustomEvent('look', {detail}));
};
const away = () => document.dispatchEvent(new CustomEvent('look', {detail: null}));
element.addEventListener('mouseover', look);
element.addEventListener('focusin', look);
element.addEventListener('mouseleave', away);
element.addEventListener('focusout', away);

// A finger that rests on a picture looks, and one that taps it asks.
element.addEventListener('touchstart', event => {
  looked = false;
  if (!event.target.closest('[data-code]')) return;
  held = setTimeout(() => { looked = true; look(event); }, 350);
}, {passive: true});
const release = () => { clearTimeout(held); if (looked) away(); };
['touchend', 'touchcancel', 'touchmove'].forEach(name => element.addEventListener(name, release, {passive: true}));
element.addEventListener('contextmenu', event => { if (looked) event.preventDefault(); });

const wait = () => { if (element.querySelector('[data-pending]')) setTimeout(() => trigger('poll'), 400); };
watch('value', wait);
wait();
