/* The editor of pages in the administration: django-prose-editor's library in the place of a plain field, with a toolbar of our
   own and without its styles, which the policy would refuse. Where it does not come, the field stays, and takes HTML. */
(() => {
  const places = [...document.querySelectorAll('[data-rich]')];
  if (!places.length) return;
  const token = () => document.querySelector('[name=csrfmiddlewaretoken]').value;

  /* Of images, those alone that are stored here. */
  const isOurs = (src, uploads) => {
    try {
      const url = new URL(src, location.href);
      return url.origin === location.origin && ((url.pathname === uploads && url.searchParams.has('file')) || /^\/pages\/pictures\/\d+\/$/.test(url.pathname));
    } catch { return false; }
  };
  /* The policy has a word to say about styles and handlers, even in what is only read. */
  const withoutLooks = (pasted) => pasted.replace(/<style[\s\S]*?<\/style>/gi, '').replace(/\s(?:style|on\w+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, '');
  /* What was typed as plain words, or is not formatted yet. */
  const asHtml = (text) => {
    if (/<[a-z][^>]*>/i.test(text)) return text;
    const box = document.createElement('div');
    text.split(/\n{2,}/).filter((part) => part.trim()).forEach((part) => { const p = document.createElement('p'); p.innerText = part.trim(); box.append(p); });
    return box.innerHTML;
  };

  const start = (lib, rich) => {
    const area = rich.querySelector('textarea');
    const tools = rich.querySelector('[data-rich-tools]');
    const place = rich.querySelector('[data-rich-place]');
    const file = rich.querySelector('[data-rich-file]');
    const problem = rich.querySelector('[data-rich-problem]');
    const bar = rich.querySelector('[data-rich-link]');
    const address = bar.querySelector('input');
    const uploads = rich.dataset.uploadUrl;

    const Picture = lib.Image.extend({
      inline: true,
      group: 'inline',
      parseHTML: () => [{ tag: 'img[src]', getAttrs: (img) => (isOurs(img.getAttribute('src'), uploads) ? null : false) }],
      addInputRules: () => [],
    }).configure({ inline: true });
    const Address = lib.Link.extend({ addKeyboardShortcuts: () => ({}) })
      .configure({ autolink: true, linkOnPaste: true, openOnClick: false, enableTarget: false, defaultProtocol: 'https' });
    const upload = async (chosen) => {
      problem.hidden = true;
      for (const one of chosen) {
        const body = new FormData();
        body.append('file', one);
        let told;
        try {
          const answer = await fetch(uploads, { method: 'POST', body, headers: { 'X-CSRFToken': token() } });
          told = await answer.json();
        } catch { told = { error: rich.dataset.failed }; }
        if (told.image) editor.chain().focus().insertContent([{ type: 'image', attrs: { src: told.image, alt: told.name } }, { type: 'text', text: ' ' }]).run();
        else { problem.textContent = told.error || rich.dataset.failed; problem.hidden = false; }
      }
    };
    const files = (data) => [...(data?.files ?? [])].filter((one) => one.type.startsWith('image/'));

    const editor = new lib.Editor({
      element: place,
      injectCSS: false,
      content: asHtml(area.value),
      extensions: [lib.Document, lib.Paragraph, lib.Text, lib.Heading.configure({ levels: [2, 3, 4] }), lib.Bold, lib.Italic, lib.Underline, lib.Strike, lib.Code,
        lib.CodeBlock, lib.Blockquote, lib.BulletList, lib.OrderedList, lib.ListItem, lib.HorizontalRule, lib.HardBreak, lib.History, lib.Gapcursor, Address, Picture],
      editorProps: {
        attributes: { class: 'rich-prose', role: 'textbox', 'aria-multiline': 'true', 'aria-label': rich.dataset.label, dir: 'auto', lang: area.lang },
        handlePaste: (_view, e) => {
          const found = files(e.clipboardData);
          if (!found.length || e.clipboardData.getData('text/plain').trim()) return false;
          upload(found);
          return true;
        },
        handleDrop: (_view, e) => {
          const found = files(e.dataTransfer);
          if (!found.length) return false;
          e.preventDefault();
          upload(found);
          return true;
        },
        transformPastedHTML: withoutLooks,
      },
      onUpdate: () => {
        area.value = editor.isEmpty ? '' : editor.getHTML();
        area.dispatchEvent(new Event('input', { bubbles: true }));
      },
      onTransaction: () => mark(),
    });

    /* --- The toolbar ---------------------------------------------------------------------------------- */
    const does = {
      heading2: (chain) => chain.toggleHeading({ level: 2 }),
      heading3: (chain) => chain.toggleHeading({ level: 3 }),
      bold: (chain) => chain.toggleBold(),
      italic: (chain) => chain.toggleItalic(),
      bulletList: (chain) => chain.toggleBulletList(),
      orderedList: (chain) => chain.toggleOrderedList(),
      blockquote: (chain) => chain.toggleBlockquote(),
    };
    const buttons = window.editorToolbar(tools, (tool) => {
      if (tool === 'link') openBar();
      else if (tool === 'picture') file.click();
      else does[tool](editor.chain().focus()).run();
    });
    const isOn = (tool) => (tool.startsWith('heading') ? editor.isActive('heading', { level: Number(tool.at(-1)) }) : editor.isActive(tool));
    function mark() {
      buttons.filter((button) => button.dataset.tool !== 'picture').forEach((button) => button.setAttribute('aria-pressed', String(isOn(button.dataset.tool))));
    }
    file.addEventListener('change', () => { upload([...file.files]); file.value = ''; });
    tools.querySelector('[data-rich-variable]')?.addEventListener('change', (e) => {
      if (e.target.value) editor.chain().focus().insertContent({ type: 'text', text: `{{ ${e.target.value} }}` }).run();
      e.target.value = '';
    });

    /* --- Links ---------------------------------------------------------------------------------------- */
    const openBar = () => {
      bar.hidden = false;
      address.value = editor.getAttributes('link').href ?? '';
      address.focus();
      address.select();
    };
    const closeBar = () => { bar.hidden = true; editor.view.focus(); };
    const setLink = () => {
      const typed = address.value.trim();
      if (!typed) { dropLink(); return; }
      const href = /^([a-z][a-z0-9+.-]*:|\/)/i.test(typed) ? typed : typed.includes('@') && !typed.includes('/') ? `mailto:${typed}` : `https://${typed}`;
      const chain = editor.chain().focus();
      if (editor.state.selection.empty && !editor.isActive('link')) chain.insertContent({ type: 'text', text: typed, marks: [{ type: 'link', attrs: { href } }] }).run();
      else chain.extendMarkRange('link').setLink({ href }).run();
      closeBar();
    };
    const dropLink = () => { editor.chain().focus().extendMarkRange('link').unsetLink().run(); closeBar(); };
    bar.querySelector('[data-link-set]').addEventListener('click', setLink);
    bar.querySelector('[data-link-drop]').addEventListener('click', dropLink);
    bar.addEventListener('keydown', (e) => {
      if (e.key === 'Enter' && e.target === address) { e.preventDefault(); e.stopPropagation(); setLink(); }
      if (e.key === 'Escape') { e.preventDefault(); e.stopPropagation(); closeBar(); }
    });

    /* --- Taking the place of the field ---------------------------------------------------------------- */
    place.hidden = false;
    tools.hidden = false;
    (area.closest('.variables-field') ?? area).hidden = true;
    document.querySelector(`label[for="${area.id}"]`)?.addEventListener('click', () => editor.view.focus());
  };

  import(places[0].dataset.editorUrl).then((lib) => { places.forEach((rich) => start(lib, rich)); }, () => {});
})();
