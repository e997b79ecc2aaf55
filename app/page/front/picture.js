const find = what => element.querySelector(what);
const file = find('input'), note = find('.note'), dialog = find('dialog'), video = find('video');
const words = {...props.words};
if (matchMedia('(hover: none), (max-width: 820px)').matches) words.hint = '';  // nothing to drop or paste, or no room to say so
const say = text => { note.textContent = text; };
const give = async picture => {
  if (!picture) return;
  if (picture.size > props.most) return say(words.too_large);
  say(words.reading);
  try {
    const {path} = await upload(picture);
    props.value = {path, meta: {_type: 'gradio.FileData'}};
    trigger('input');
  } catch (error) {  // too large, or no connection: Gradio has said so in a toast
  } finally {
    say(words.hint);
    file.value = '';
  }
};
say(words.hint);
find('[data-choose]').addEventListener('click', () => file.click());
file.addEventListener('change', () => give(file.files[0]));

document.addEventListener('paste', event => give([...event.clipboardData.files][0]));
const dropping = on => event => {
  if (event.dataTransfer && [...event.dataTransfer.types].includes('Files')) {
    event.preventDefault();
    document.body.classList.toggle('dropping', on);
  }
};
document.addEventListener('dragover', dropping(true));
document.addEventListener('dragleave', event => { if (!event.relatedTarget) dropping(false)(event); });
document.addEventListener('drop', event => {
  dropping(false)(event);
  give(event.dataTransfer.files[0]);
});

let stream = null;
const stop = () => {
  if (stream) stream.getTracks().forEach(track => track.stop());
  stream = null;
};
find('[data-camera]').hidden = !(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
find('[data-camera]').addEventListener('click', async () => {
  try {
    stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: 'environment'}});
    video.srcObject = stream;
    dialog.showModal();
  } catch (error) {
    say(words.no_camera);
  }
});
find('[data-take]').addEventListener('click', () => {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  canvas.toBlob(blob => give(new File([blob], 'camera.jpg', {type: 'image/jpeg'})), 'image/jpeg', 0.92);
  dialog.close();
});
find('[data-cancel]').addEventListener('click', () => dialog.close());
dialog.addEventListener('close', stop);
