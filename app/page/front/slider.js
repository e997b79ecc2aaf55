const input = element.querySelector('input'), ruler = element.querySelector('.ruler');
const strip = element.querySelector('.strip'), output = element.querySelector('output');
const look = element.querySelector('.look');
const hint = matchMedia('(hover: none)').matches ? props.words.look_by_touch : props.words.look;
const longest = props.choices[props.choices.length - 1];
let drawn = null;
const place = () => Math.max(0, props.choices.indexOf(Number(props.value)));
const paint = () => {
  const i = place(), length = props.choices[i];
  input.value = i;
  input.setAttribute('aria-valuetext', props.names[i]);
  output.textContent = props.names[i];
  ruler.style.setProperty('--cut', length / longest);
  if (drawn !== props.code) {
    strip.innerHTML = [...props.code].map(bit => `<i class="b${bit}"></i>`).join('');
    drawn = props.code;
  }
  [...strip.children].forEach((cell, n) => cell.classList.toggle('used', n < length));
  compare();
  [...element.querySelectorAll('.ticks span')].forEach((tick, n) => tick.classList.toggle('now', n === i));
};
let other = null;
const compare = () => {  // with the code of the picture that is pointed at
  const length = props.choices[place()];
  const digits = other ? [...other.code].map(digit => parseInt(digit, 16).toString(2).padStart(4, '0')).join('') : '';
  const differs = n => other !== null && digits[n] !== props.code[n];
  [...strip.children].forEach((cell, n) => cell.classList.toggle('differs', differs(n)));
  const count = [...strip.children].filter((cell, n) => n < length && differs(n)).length;
  look.textContent = other ? `${other.name}: ${count} / ${length} ${props.words.differ}` : hint;
};
document.addEventListener('look', event => { other = event.detail; compare(); });
const set = i => {
  if (props.choices[i] === Number(props.value)) return;
  props.value = props.choices[i];
  paint();
  trigger('input');
};
const nearest = event => {  // the stop whose length is nearest on a logarithmic scale
  const box = strip.getBoundingClientRect();
  const bits = Math.max(1, (event.clientX - box.left) / box.width * longest);
  const far = props.choices.map(b => Math.abs(Math.log(b / bits)));
  return far.indexOf(Math.min(...far));
};
input.addEventListener('input', () => set(Number(input.value)));
ruler.addEventListener('pointerdown', event => {
  if (event.button) return;
  ruler.setPointerCapture(event.pointerId);
  set(nearest(event));
  input.focus({preventScroll: true, focusVisible: false});
  event.preventDefault();
});
ruler.addEventListener('pointermove', event => {
  if (ruler.hasPointerCapture(event.pointerId)) set(nearest(event));
});
watch(['value', 'code'], paint);
paint();
