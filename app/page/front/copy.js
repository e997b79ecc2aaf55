// Copies the address of what is on the page.
const button = element.querySelector('button');
button.addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(location.href);
  } catch (error) {  // only pages on a safe connection may use the clipboard
    const area = document.createElement('textarea');
    area.value = location.href;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
    button.focus();
  }
  button.textContent = props.words.copied;
  setTimeout(() => { button.textContent = props.words.copy; }, 2000);
});
