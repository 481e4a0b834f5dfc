/* The toolbar of an editor: one stop for Tab, arrows within (WAI-ARIA, toolbar), and the text keeps its cursor when a button is
   pressed. `editorToolbar(element, press)` returns the buttons, each with data-tool; `press` gets the tool's name. */
window.editorToolbar = (tools, press) => {
  const buttons = [...tools.querySelectorAll('[data-tool]')];
  buttons.forEach((button, i) => { button.tabIndex = i ? -1 : 0; });
  tools.addEventListener('keydown', (e) => {
    const at = buttons.indexOf(e.target);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (at < 0 || !step) return;
    e.preventDefault();
    const next = buttons.at((at + step) % buttons.length);
    buttons.forEach((button) => { button.tabIndex = button === next ? 0 : -1; });
    next.focus();
  });
  tools.addEventListener('mousedown', (e) => { if (e.target.closest('[data-tool]')) e.preventDefault(); });
  tools.addEventListener('click', (e) => {
    const tool = e.target.closest('[data-tool]')?.dataset.tool;
    if (tool) press(tool);
  });
  return buttons;
};
