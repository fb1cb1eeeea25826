// Light and dark. The colours are those of page.css; charts read them from there, so that a row has one colour
// everywhere.
(function (Report) {
  'use strict';

  const names = ['auto', 'light', 'dark'];
  const key = 'ablate-report-theme';
  const listeners = [];
  const preference = window.matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;

  /// A page that was opened from a disk may have no storage; then the choice lasts as long as the page.
  function stored() {
    try {
      const value = window.localStorage.getItem(key);
      return names.includes(value) ? value : 'auto';
    } catch (error) {
      return 'auto';
    }
  }

  function store(value) {
    try {
      window.localStorage.setItem(key, value);
    } catch (error) {
      return;
    }
  }

  let choice = stored();
  let forced = null;
  let cached = null;

  function apply() {
    const shown = forced || (choice === 'auto' ? (preference.matches ? 'dark' : 'light') : choice);
    if (root.dataset.theme === shown) return;
    root.dataset.theme = shown;
    cached = null;
    for (const listener of listeners) listener();
  }

  const theme = {};

  theme.onChange = (listener) => listeners.push(listener);

  /// Paper is white: while it is printed, the page is light; null ends it.
  theme.force = function (name) {
    forced = name;
    apply();
  };

  /// The colours that charts draw with, by their names in page.css without the dashes.
  theme.colours = function () {
    if (cached) return cached;
    const style = window.getComputedStyle(root);
    const read = (name) => style.getPropertyValue('--' + name).trim();
    cached = {rows: []};
    for (const name of ['paper', 'ink', 'muted', 'rule', 'grid', 'accent', 'bad', 'low', 'high', 'sunken']) {
      cached[name] = read(name);
    }
    for (let i = 0; i < 8; ++i) cached.rows.push(read('row-' + i));
    cached.font = read('sans');
    return cached;
  };

  theme.control = function () {
    const group = Report.newId('theme');
    const option = (name) => {
      const input = Report.element('input', {type: 'radio', name: group, value: name, onchange: () => {
        choice = name;
        store(name);
        apply();
      }});
      input.checked = name === choice;
      return Report.element('label', null, input, Report.element('span', null, name[0].toUpperCase() + name.slice(1)));
    };
    return Report.element('fieldset', {class: 'segments'},
      Report.element('legend', {class: 'unseen'}, 'Colours of the page'), names.map(option));
  };

  preference.addEventListener('change', apply);
  apply();
  Report.theme = theme;
})(window.Report = window.Report || {});
