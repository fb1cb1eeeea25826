// What every row changes in the baseline's configuration.
(function (Report) {
  'use strict';

  /// JSON on one line, with blanks at which it can break.
  function oneLine(value) {
    if (Array.isArray(value)) return '[' + value.map(oneLine).join(', ') + ']';
    if (value === null || typeof value !== 'object') return JSON.stringify(value);
    const parts = Object.entries(value).map(([key, part]) => JSON.stringify(key) + ': ' + oneLine(part));
    return '{' + parts.join(', ') + '}';
  }

  const text = (value) => (value === null || value === undefined ? Report.format.none
    : typeof value === 'string' ? value : oneLine(value));

  /// A path may break after its dots.
  const path = (value) => Report.element('code', {dir: 'ltr'}, text(value).split('.').map((part, i, all) =>
    [part, i + 1 < all.length && ['.', Report.element('wbr')]]));

  const number = (value) => (value === null ? Report.format.none
    : value.toLocaleString('en-US', {maximumFractionDigits: 0}));

  function linesOf(row) {
    const count = Math.max(1, row.changes.length);
    const facts = [row.parameters, row.flops].map((value) =>
      Report.element('td', {class: 'number', rowspan: count}, number(value)));
    const head = Report.element('th', {scope: 'row', rowspan: count}, Report.rowName(row.label));
    if (row.changes.length === 0) {
      return [Report.element('tr', null, head, Report.element('td', {colspan: 3, class: 'aside'},
        row.isBaseline ? 'the baseline' : 'nothing'), facts)];
    }
    return row.changes.map((change, i) => Report.element('tr', null, i === 0 && head,
      Report.element('td', null, path(change.path)),
      Report.foreign('td', null, text(change.from)), Report.foreign('td', null, text(change.to)), i === 0 && facts));
  }

  Report.changes = function () {
    const rows = Report.rows.list.filter((row) =>
      row.runs.length > 0 || row.changes.length > 0 || row.parameters !== null);
    if (!rows.some((row) => row.changes.length > 0)) return null;
    const headings = ['Row', 'Setting', 'Baseline', 'Row’s value', 'Parameters', 'FLOPs per token'];
    return [Report.scroller('What the rows change', Report.element('table', {class: 'plain changes'},
      Report.element('thead', null, Report.element('tr', null, headings.map((heading, i) =>
        Report.element('th', {scope: 'col', class: i > 3 ? 'number' : null}, heading)))),
      rows.map((row) => Report.element('tbody', null, linesOf(row)))))];
  };
})(window.Report = window.Report || {});
