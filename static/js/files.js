/* File inputs: show what was chosen, let it be taken back, drop and paste. Without this the plain input does. */
(() => {
  const size = (bytes) => {
    if (bytes < 1024) return `${bytes} B`;
    if (Math.round(bytes / 1024) < 1024) return `${Math.round(bytes / 1024)} KB`;
    return `${(bytes / 1048576).toFixed(1).replace(/\.0$/, '')} MB`;
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  if (window.desk) window.desk.size = size;

  /* The composer sends each file at once (uploads.js). */
  document.querySelectorAll('[data-files]:not([data-upload-url])').forEach((root) => {
    const input = root.querySelector('input[type=file]');
    const list = root.querySelector('[data-file-list]');
    if (!input || !list) return;
    const maxBytes = Number(root.dataset.maxBytes) || Infinity;
    const maxFiles = Number(root.dataset.maxFiles) || Infinity;
    let chosen = []; // [{file, problem}]

    const judge = () => {
      let good = 0;
      chosen.forEach((item) => {
        item.problem = '';
        if (item.file.size > maxBytes) item.problem = fill(root.dataset.tooBig, { size: size(item.file.size), max: size(maxBytes) });
        else if (good >= maxFiles) item.problem = fill(root.dataset.tooMany, { max: maxFiles });
        else good += 1;
      });
    };
    const draw = () => {
      judge();
      const kept = new DataTransfer();
      list.replaceChildren(...chosen.map((item) => {
        const template = root.querySelector(item.problem ? '[data-file-bad-row]' : '[data-file-row]');
        const row = template.content.firstElementChild.cloneNode(true);
        const button = row.querySelector('button');
        row.querySelector('.file-name').textContent = item.file.name;
        row.querySelector(item.problem ? '.error' : '.file-size').textContent = item.problem || size(item.file.size);
        button.setAttribute('aria-label', fill(root.dataset.remove, { name: item.file.name }));
        button.addEventListener('click', () => { chosen = chosen.filter((other) => other !== item); draw(); input.focus(); });
        if (!item.problem) kept.items.add(item.file);
        return row;
      }));
      input.files = kept.files;
    };
    const add = (files) => {
      const known = new Set(chosen.map(({ file }) => `${file.name}/${file.size}/${file.lastModified}`));
      [...files].forEach((file) => { if (!known.has(`${file.name}/${file.size}/${file.lastModified}`)) chosen.push({ file }); });
      draw();
    };
    input.addEventListener('change', () => add(input.files));
    addEventListener('pageshow', () => { if (input.files.length && !chosen.length) add(input.files); });
    root.closest('form')?.addEventListener('paste', (e) => {
      if (e.clipboardData?.files.length) { e.preventDefault(); add(e.clipboardData.files); }
    });

    const zone = root.querySelector('[data-dropzone]');
    if (!zone) return;
    ['dragenter', 'dragover'].forEach((name) => zone.addEventListener(name, (e) => {
      if (!e.dataTransfer?.types.includes('Files')) return;
      e.preventDefault();
      zone.classList.add('is-over');
    }));
    ['dragleave', 'drop'].forEach((name) => zone.addEventListener(name, () => zone.classList.remove('is-over')));
    zone.addEventListener('drop', (e) => { if (e.dataTransfer?.files.length) { e.preventDefault(); add(e.dataTransfer.files); } });
  });
})();
