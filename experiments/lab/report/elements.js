// Elements of the page. Text from data becomes a text node here and nowhere else: it is never read as markup.
(function (Report) {
  'use strict';

  /// A child is an element, a text or number, a list of children, or nothing (null, undefined, false).
  function append(parent, child) {
    if (child === null || child === undefined || child === false) return;
    if (Array.isArray(child)) {
      for (const one of child) append(parent, one);
    } else if (child instanceof Node) {
      parent.appendChild(child);
    } else {
      parent.appendChild(document.createTextNode(String(child)));
    }
  }

  /// element('th', {scope: 'row', onclick: f}, 'label'): functions are listeners, true is an empty attribute, and
  /// null, undefined and false leave the attribute out.
  Report.element = function (tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === 'function') made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value === true ? '' : value);
    }
    append(made, children);
    return made;
  };

  /// A text from the data, which may be of any script and direction.
  Report.foreign = function (tag, attributes, ...children) {
    return Report.element(tag, Object.assign({dir: 'auto'}, attributes), ...children);
  };

  Report.list = (value) => (Array.isArray(value) ? value : []);

  let lastId = 0;
  Report.newId = (stem) => stem + '-' + ++lastId;

  /// A labelled drop-down. Options are {value, text}; `set` replaces them and keeps the choice where it can.
  Report.select = function (label, options, chosen, onChange) {
    const id = Report.newId('choice');
    const box = Report.element('select', {id, onchange: () => onChange(box.value)});
    const set = (list, value) => {
      box.replaceChildren(...list.map((option) => Report.element('option', {value: option.value}, option.text)));
      const wanted = String(value);
      box.value = list.some((option) => String(option.value) === wanted) ? wanted : String((list[0] || {}).value);
    };
    set(options, chosen);
    const control = Report.element('div', {class: 'control'}, Report.element('label', {for: id}, label), box);
    return {control, box, set, value: () => box.value};
  };

  Report.checkbox = function (label, checked, onChange) {
    const box = Report.element('input', {type: 'checkbox', onchange: () => onChange(box.checked)});
    box.checked = checked;
    return {control: Report.element('label', {class: 'control check'}, box, label), box};
  };

  Report.button = (label, onClick, attributes) =>
    Report.element('button', Object.assign({type: 'button', onclick: onClick}, attributes), label);

  /// A wide table that scrolls by itself, also by keyboard.
  Report.scroller = (label, child) =>
    Report.element('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label + ', table'}, child);

  /// A plain table. headings are {text, number?}; cells are texts or elements, those of the first column head rows.
  Report.plainTable = function (label, headings, rows) {
    const kind = (i) => (headings[i].number ? 'number' : null);
    const head = headings.map((heading, i) => Report.element('th', {scope: 'col', class: kind(i)}, heading.text));
    const body = rows.map((row) => Report.element('tr', null, row.map((cell, i) => i === 0
      ? Report.foreign('th', {scope: 'row'}, cell)
      : Report.foreign('td', {class: kind(i)}, cell))));
    return Report.scroller(label, Report.element('table', {class: 'plain'},
      Report.element('thead', null, Report.element('tr', null, head)), Report.element('tbody', null, body)));
  };

  /// A part that is made when it is first opened. `fill` returns its content.
  Report.folded = function (summary, fill, attributes) {
    const body = Report.element('div', {class: 'folded'});
    const details = Report.element('details', Object.assign({ontoggle: () => {
      if (details.open) body.replaceChildren(fill());
    }}, attributes), Report.element('summary', null, summary), body);
    details.refresh = () => {
      if (details.open) body.replaceChildren(fill());
    };
    return details;
  };

  /// Tells people who cannot see it what has just changed.
  Report.announce = (text) => {
    document.getElementById('announcements').textContent = text;
  };
})(window.Report = window.Report || {});
