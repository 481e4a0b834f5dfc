/* The editor in the composer: django-prose-editor's library, with our own toolbar and without its styles, which a strict policy
   would refuse. It is fetched on pages with a composer alone. Where it does not come, the plain field stays. */
(() => {
  const composer = window.desk?.composer;
  const place = composer?.form.querySelector('[data-editor]');
  if (!place) return;
  const { form, field, html } = composer;
  const tools = form.querySelector('[data-tools]');
  const bar = form.querySelector('[data-link-bar]');
  const address = bar.querySelector('input');
  const uploads = form.querySelector('[data-upload-url]').dataset.uploadUrl;

  const escape = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);
  const paragraphs = (text) => text.replace(/\r\n?/g, '\n').split(/\n{2,}/)
    .map((part) => `<p>${escape(part).replace(/\n/g, '<br>')}</p>`).join('');
  /* Of images, those alone that this page has stored. */
  const isOurs = (src) => {
    try { const url = new URL(src, location.href); return url.origin === location.origin && url.pathname === uploads && url.searchParams.has('file'); } catch { return false; }
  };

  const make = (lib) => {
    const Picture = lib.Image.extend({
      inline: true,
      group: 'inline',
      parseHTML: () => [{ tag: 'img[src]', getAttrs: (img) => (isOurs(img.getAttribute('src')) ? null : false) }],
      addInputRules: () => [],
    }).configure({ inline: true });
    const Keys = lib.Extension.create({
      name: 'composerKeys',
      priority: 1000,
      /* Ctrl+Enter sends (ui.js), and Tab goes on to the next field: nobody is caught in here (WCAG 2.1.2). */
      addKeyboardShortcuts: () => ({ 'Mod-Enter': () => true, 'Mod-k': () => { openBar(); return true; } }),
    });
    const TypedBreak = lib.HardBreak.extend({ addKeyboardShortcuts() { return { 'Shift-Enter': () => this.editor.commands.setHardBreak() }; } });
    const Address = lib.Link.extend({ addKeyboardShortcuts: () => ({}) })
      .configure({ autolink: true, linkOnPaste: true, openOnClick: false, enableTarget: false, defaultProtocol: 'https' });
    return new lib.Editor({
      element: place,
      injectCSS: false,
      extensions: [lib.Document, lib.Paragraph, lib.Text, lib.Bold, lib.Italic, lib.Underline, lib.Strike, lib.Code, lib.CodeBlock,
        lib.Blockquote, lib.BulletList, lib.OrderedList, lib.ListItem, TypedBreak, lib.History, lib.Gapcursor, Address, Picture, Keys,
        lib.Placeholder.configure({ placeholder: field.placeholder })],
      editorProps: {
        attributes: { id: 'id_editor', class: 'prose composer-prose', role: 'textbox', 'aria-multiline': 'true', 'aria-label': form.querySelector('label[for=id_body]').textContent, dir: 'auto' },
        /* Escape leaves, as it leaves every field of ours; the library would keep it to itself. */
        handleDOMEvents: { keydown: (_view, e) => e.key === 'Escape' },
        handlePaste: (_view, e) => pastedFiles(e.clipboardData) && composer.upload?.(e.clipboardData.files, true),
        handleDrop: (_view, e) => Boolean(e.dataTransfer?.files.length) && composer.upload?.(e.dataTransfer.files, true),
        transformPastedHTML: withoutLooks,
        clipboardTextParser: (text, context, _plain, view) => {
          const slice = document.createElement('div');
          slice.innerHTML = paragraphs(text);
          return lib.pm.model.DOMParser.fromSchema(view.state.schema).parseSlice(slice, { preserveWhitespace: true, context });
        },
      },
      onUpdate: () => composer.changed(),
      onTransaction: ({ editor }) => mark(editor),
    });
  };

  /* Word and spreadsheets put a picture of the text beside the text: then the text is meant. */
  const pastedFiles = (data) => {
    if (!data?.files.length) return false;
    const rich = new DOMParser().parseFromString(withoutLooks(data.getData('text/html')), 'text/html');
    return !rich.body.textContent.trim() && !data.getData('text/plain').trim();
  };
  /* The policy has a word to say about styles and handlers, even in what is only read. */
  const withoutLooks = (pasted) => pasted.replace(/<style[\s\S]*?<\/style>/gi, '').replace(/\s(?:style|on\w+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, '');

  let editor;
  const box = {
    get: () => (editor.isEmpty ? { text: '', html: '' } : { text: editor.getText({ blockSeparator: '\n\n' }), html: editor.getHTML() }),
    set: (draft) => {
      /* A space at the end stays: whoever types while the editor comes goes on behind it. */
      editor.commands.setContent(draft.html || (draft.text ? paragraphs(draft.text) : ''), { emitUpdate: false, parseOptions: { preserveWhitespace: true } });
      editor.commands.setTextSelection(editor.state.doc.content.size);
    },
    isEmpty: () => editor.isEmpty,
    /* At once: the library's own waits for the next frame, and the keys until then would go astray. */
    focus: (options = {}) => {
      editor.view.focus();
      if (!options.preventScroll) editor.commands.scrollIntoView();
    },
    /* Where the cursor stands. */
    insert: (content) => editor.chain().focus().insertContent(content).run(),
    insertImage: (attributes) => editor.chain().focus().insertContent([{ type: 'image', attrs: attributes }, { type: 'text', text: ' ' }]).run(),
    removeImage: (src) => {
      const found = [];
      editor.state.doc.descendants((node, at) => { if (node.type.name === 'image' && node.attrs.src === src) found.push([at, at + node.nodeSize]); });
      found.reverse().forEach(([from, to]) => editor.commands.deleteRange({ from, to }));
    },
    images: () => {
      const found = [];
      editor.state.doc.descendants((node) => { if (node.type.name === 'image') found.push(node.attrs.src); });
      return found;
    },
    get editor() { return editor; },
  };

  /* --- The toolbar ------------------------------------------------------------------------------------ */
  const does = {
    bold: (chain) => chain.toggleBold(),
    italic: (chain) => chain.toggleItalic(),
    bulletList: (chain) => chain.toggleBulletList(),
    orderedList: (chain) => chain.toggleOrderedList(),
    blockquote: (chain) => chain.toggleBlockquote(),
    code: (chain) => chain.toggleCode(),
    codeBlock: (chain) => chain.toggleCodeBlock(),
  };
  const buttons = window.editorToolbar(tools, (tool) => {
    if (tool === 'link') openBar();
    else does[tool](editor.chain().focus()).run();
  });
  const mark = (made) => buttons.forEach((button) => button.setAttribute('aria-pressed', String(made.isActive(button.dataset.tool))));

  /* --- Links ------------------------------------------------------------------------------------------ */
  const openBar = () => {
    bar.hidden = false;
    address.value = editor.getAttributes('link').href ?? '';
    address.focus();
    address.select();
  };
  const closeBar = () => { bar.hidden = true; box.focus(); };
  const setLink = () => {
    const typed = address.value.trim();
    if (!typed) { dropLink(); return; }
    const href = /^[a-z][a-z0-9+.-]*:/i.test(typed) ? typed : typed.includes('@') && !typed.includes('/') ? `mailto:${typed}` : `https://${typed}`;
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

  /* --- Taking the place of the field ------------------------------------------------------------------ */
  form.addEventListener('submit', () => { if (editor) html.value = editor.isEmpty ? '' : editor.getHTML(); }, { capture: true });
  import(form.dataset.editorUrl).then((lib) => {
    editor = make(lib);
    place.hidden = false;
    composer.use(box);
    // Not sent any more: what stands there is older.
    field.hidden = field.disabled = true;
    tools.hidden = false;
    form.querySelectorAll('[data-insert]').forEach((one) => { one.hidden = false; });
    form.querySelector('label[for=id_body]').remove();
  }, () => {});
})();
