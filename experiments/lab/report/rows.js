// The rows of the experiment, as all parts of the page share them: one order, one look, one choice of what is shown.
(function (Report) {
  'use strict';

  // 8 colours, 5 dashes and 11 markers have no common divisor: 88 rows differ in colour and marker, 40 in colour and
  // dash, and neighbours differ in all three. The baseline is the only one in ink.
  const dashes = ['solid', 'dash', 'dot', 'dashdot', 'longdash'];
  const symbols = ['square', 'diamond', 'triangle-up', 'triangle-down', 'cross', 'pentagon', 'star', 'hexagon',
                   'hourglass', 'bowtie', 'triangle-right'];
  const listeners = [];
  const rows = {list: []};
  let byLabel = new Map();

  function add(label, group, isBaseline) {
    if (typeof label !== 'string') return null;
    if (!byLabel.has(label)) {
      const row = {label, group: group || '', isBaseline: Boolean(isBaseline), shown: true, cells: {}, runs: [],
                   parameters: null, flops: null, lossName: null, changes: []};
      byLabel.set(label, row);
      rows.list.push(row);
    }
    return byLabel.get(label);
  }

  function addTable(table) {
    for (const line of Report.list(table && table.rows)) {
      const row = add(line.label, line.group, line.baseline);
      if (row) row.cells = line.cells || {};
    }
  }

  function addRuns(list) {
    for (const line of list) {
      const row = add(line.label, line.group, line.is_baseline);
      if (!row) continue;
      row.isBaseline = row.isBaseline || Boolean(line.is_baseline);
      row.runs = Report.list(line.runs);
      row.changes = Report.list(line.changes);
      row.parameters = Report.format.isNumber(line.parameters) ? line.parameters : null;
      row.flops = Report.format.isNumber(line.flops_per_token) ? line.flops_per_token : null;
      row.lossName = line.loss_name || null;
    }
  }

  function style() {
    let place = 0;
    for (const row of rows.list) {
      if (row.isBaseline) {
        Object.assign(row, {colour: null, dash: 'solid', symbol: 'circle'});
        continue;
      }
      Object.assign(row, {colour: place % 8, dash: dashes[place % dashes.length],
                          symbol: symbols[place % symbols.length]});
      ++place;
    }
  }

  /// The order is that of the table; rows that only other parts know follow.
  rows.load = function (data) {
    rows.list = [];
    byLabel = new Map();
    addTable(data.table);
    addRuns(Report.list(data.rows));
    for (const part of Report.list(data.lengths)) Report.list(part.rows).forEach((line) => add(line.label));
    for (const sample of Report.list(data.samples)) Report.list(sample.outputs).forEach((output) => add(output.row));
    for (const item of Report.list(data.attention)) add(item.row);
    style();
  };

  rows.find = (label) => byLabel.get(label) || null;
  rows.shown = () => rows.list.filter((row) => row.shown);
  rows.baseline = () => rows.list.find((row) => row.isBaseline) || null;
  /// What the loss is called that training chooses by: 'NLL'; of rows that learn in different ways all their names.
  rows.lossName = () => Array.from(new Set(rows.list.map((row) => row.lossName).filter(Boolean)))
    .map((name) => (name === 'nll' ? 'NLL' : name)).join(' or ');
  rows.colour = (row, colours) => (row.colour === null ? colours.ink : colours.rows[row.colour]);
  rows.onChange = (listener) => listeners.push(listener);

  /// change(row) says whether a row is to be shown.
  rows.show = function (change) {
    for (const row of rows.list) row.shown = Boolean(change(row));
    for (const listener of listeners) listener();
  };

  Report.rows = rows;
})(window.Report = window.Report || {});
