"""The parts of the page that Gradio does not have: a slider over code lengths, picture input, tiles.

All are `gr.HTML`. Text of visitors or galleries only ever enters through `${value}`, as HTML escaped in
`views`: Gradio reads the result of a `{{...}}` field as code.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import component_meta
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder, is_in_or_equal
from PIL import Image

from nhl.images import ImageError, load_image

from . import texts

# For each new component Gradio writes a stub beside its source, which type checkers then believe.
component_meta.create_or_modify_pyi = lambda *_: None


class Argument(gr.HTML):
    """A value of the API without a place on the page; its JSON arrives as it was sent."""

    def __init__(self, value: Any = None, schema: dict[str, Any] | None = None, **settings: Any) -> None:
        self.schema = schema or {"type": "string"}
        super().__init__(value, visible=False, schema=schema, **settings)

    def api_info(self) -> dict[str, Any]:
        return self.schema


class BitsSlider(gr.HTML):
    """A slider whose track is the query's code: its handle stands where the code is cut.

    Args:
        value: the code length in bits.
        choices: the lengths it stops at.
        code: the query's bits as a text of 0 and 1, shown above the track.
    """

    def __init__(self, value: int = 32, choices: Sequence[int] = (), code: str = "", **settings: Any) -> None:
        self.code = code  # else Gradio takes the name, which is in the script, for an event
        super().__init__(
            value=value,
            choices=list(choices),
            code=code,
            names=[texts.bits(length) for length in choices],
            label=texts.LENGTH,
            html_template=_SLIDER_HTML,
            js_on_load=_SLIDER_JS,
            apply_default_css=False,
            **settings,
        )


class PictureInput(gr.HTML):
    """A picture by file, drop, paste or camera; a handler gets it read, or the ImageError that says why not."""

    def __init__(self, value: Any = None, **settings: Any) -> None:
        words = {"choose": texts.CHOOSE, "camera": texts.CAMERA, "take": texts.TAKE, "cancel": texts.CANCEL}
        words |= {"hint": texts.HINT, "reading": texts.READING, "no_camera": texts.NO_CAMERA}
        super().__init__(
            value=value,
            words=words,
            html_template=_PICTURE_HTML,
            js_on_load=_PICTURE_JS,
            apply_default_css=False,
            **settings,
        )

    def preprocess(self, payload: Any) -> Image.Image | ImageError | None:  # type: ignore[override]
        if payload is None:
            return None
        path = payload.get("path") if isinstance(payload, dict) else None
        try:
            if not isinstance(path, str) or not is_in_or_equal(path, get_upload_folder()):
                raise ImageError(texts.UNREADABLE_UPLOAD)
            return load_image(Path(path))
        except ImageError as error:
            return error

    def api_info(self) -> dict[str, Any]:
        schema = ImageData.model_json_schema()
        return {**schema, "additional_description": schema.pop("description", None)}

    def example_payload(self) -> Any:
        return {"path": "leopard.png", "meta": {"_type": "gradio.FileData"}}


class Choice(gr.Radio):
    """Radio buttons whose value, whatever was sent, is for the handler to check."""

    def preprocess(self, payload: Any) -> Any:
        return payload

    def get_block_name(self) -> str:
        return "radio"


class Tiles(gr.HTML):
    """HTML whose buttons with `data-query` trigger select, and with `data-shuffle` shuffle."""

    def __init__(self, value: str = "", **settings: Any) -> None:
        super().__init__(value, js_on_load=_TILES_JS, apply_default_css=False, **settings)


_SLIDER_HTML = """
<div class="bar"><h2><label for="bits-range">${label}</label></h2><output for="bits-range"></output></div>
<div class="ruler">
  <div class="strip" aria-hidden="true"></div>
  <input id="bits-range" type="range" min="0" max="${choices.length - 1}" step="1">
  <div class="track" aria-hidden="true"><div class="fill"></div><div class="handle"></div></div>
  <div class="ticks" aria-hidden="true">${choices.map(b =>
    `<span style="left:${100 * b / choices[choices.length - 1]}%">${b}</span>`).join('')}</div>
</div>
"""

_SLIDER_JS = """
const input = element.querySelector('input'), ruler = element.querySelector('.ruler');
const strip = element.querySelector('.strip'), output = element.querySelector('output');
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
  [...element.querySelectorAll('.ticks span')].forEach((tick, n) => tick.classList.toggle('now', n === i));
};
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
"""

_PICTURE_HTML = """
<div class="give">
  <button type="button" class="primary" data-choose>${words.choose}</button>
  <button type="button" data-camera>${words.camera}</button>
  <input type="file" accept="image/*" aria-label="${words.choose}" tabindex="-1">
  <p class="note" role="status">${words.hint}</p>
</div>
<dialog aria-label="${words.camera}">
  <video autoplay playsinline muted></video>
  <div class="give"><button type="button" class="primary" data-take>${words.take}</button>
  <button type="button" data-cancel>${words.cancel}</button></div>
</dialog>
"""

_PICTURE_JS = """
const find = what => element.querySelector(what);
const file = find('input'), note = find('.note'), dialog = find('dialog'), video = find('video');
const words = props.words;
const say = text => { note.textContent = text; };
const give = async picture => {
  if (!picture) return;
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
"""

_TILES_JS = """
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  if ('shuffle' in button.dataset) trigger('shuffle');
  else trigger('select', {query: button.dataset.query});
});
const state = () => new URLSearchParams(element.querySelector('[data-link]').dataset.link);
if (element.querySelector('[data-link]')) {  // the address bar always opens what is on the page
  let query = state().get('q');
  watch('value', () => {
    const address = new URL(location.href), visit = query === state().get('q') ? 'replaceState' : 'pushState';
    state().forEach((value, name) => address.searchParams.set(name, value));
    query = state().get('q');
    if (address.href !== location.href) history[visit](null, '', address);
  });
  window.addEventListener('popstate', () => {
    trigger('restore', Object.fromEntries(new URLSearchParams(location.search)));
  });
}
"""
