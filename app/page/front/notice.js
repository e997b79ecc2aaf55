// What stands in place of a gallery is an address too.
watch('value', () => document.dispatchEvent(new CustomEvent('address')));
