// Several files, uploaded one after the other.
const find = what => element.querySelector(what);
const file = find('input'), note = find('.note');
const give = async files => {
  if (!files.length) return;
  const arrived = [];
  try {
    for (const one of files) {
      note.textContent = `${props.words.sending} ${arrived.length + 1} / ${files.length}`;
      arrived.push((await upload(one)).path);
    }
  } catch (error) {  // too large, or no connection: Gradio has said so in a toast
  }
  note.textContent = props.words.hint;
  file.value = '';
  if (arrived.length) trigger('give', {paths: arrived});
};
find('[data-choose]').addEventListener('click', () => file.click());
file.addEventListener('change', () => give([...file.files].slice(0, props.most)));
