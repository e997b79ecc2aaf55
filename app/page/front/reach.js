// Says in one sentence that questions do not reach the server, and takes it back when one does.
{
  const fetched = window.fetch, said = document.createElement('p');
  said.id = 'unreached';
  said.setAttribute('role', 'alert');
  const tell = unreached => {
    document.body.append(said);
    document.documentElement.classList.toggle('unreached', unreached);
    said.textContent = unreached ? document.querySelector('meta[name=unreached]').content : '';
  };
  window.fetch = async (...request) => {
    if (!/\/gradio_api\/(queue\/join|app_id)/.test(request[0].url ?? request[0])) return fetched(...request);
    try {
      const answer = await fetched(...request);
      tell(!(answer.headers.get('content-type') ?? '').includes('json'));  // else somebody before the server spoke
      return answer;
    } catch (error) {
      if (error.name !== 'AbortError') tell(true);
      throw error;
    }
  };
}
