// The results table: sections as the experiment has them until a column is sorted by.
(function (Report) {
  'use strict';

  const format = Report.format;

  /// {column, descending}, or null for the order of the experiment.
  let order = null;

  const sampleState = (sample) => (sample.state === 'value' && !format.isNumber(sample.value) ? 'diverged'
                                                                                              : sample.state);

  /// "1 of 3 diverged": the seeds that a printed figure does not stand for.
  function noteOf(cell) {
    const samples = Report.list(cell.samples);
    const count = (state) => samples.filter((sample) => sampleState(sample) === state).length;
    const states = ['diverged', 'failed', 'running', 'missing'].filter((state) => count(state) > 0 &&
      state !== cell.state && (state !== 'missing' || cell.state === 'value'));
    return states.map((state) => count(state) + ' of ' + samples.length + ' ' + state).join(', ');
  }

  /// The table knows no state `failed`; the runs do.
  function stateOf(cell, column, row) {
    const state = cell.state || 'missing';
    if (state !== 'missing' || column.content !== 'measurement') return state;
    return row.runs.some((run) => run.state === 'failed') ? 'failed' : state;
  }

  const valueOf = (cell, column) => (!cell ? null : column.content === 'text' ? cell.text || null
    : column.content === 'fact' ? cell.value : cell.mean);

  const partsOf = (cell, column) => {
    const value = valueOf(cell, column);
    if (!format.isNumber(value)) return null;
    return format.parts(value, column.content === 'measurement' ? cell.sd : null, column);
  };

  /// The longest deviation of a column: all its cells leave as much room, so that the means stand under each other.
  const widestSpread = (rows, column) => rows.map((row) => partsOf(row.cells[column.key], column))
    .reduce((widest, parts) => (parts && parts.sd.length > widest.length ? parts.sd : widest), '');

  function numberCell(cell, column, look) {
    const parts = partsOf(cell, column);
    if (!parts) return format.none;
    const note = noteOf(cell);
    return [
      Report.element(cell.best ? 'strong' : 'span', null, parts.mean),
      look.spread && Report.element('span', {class: 'sd spread', 'data-widest': ' ± ' + look.spread},
                                    Report.element('span', null, parts.sd ? ' ± ' + parts.sd : '')),
      parts.unit && Report.element('span', {class: 'sd'}, ' ' + parts.unit),
      look.isTested && Report.element('span', {class: 'mark'}, cell.significant ? '†' : ''),
      note && Report.element('span', {class: 'note'}, note)];
  }

  function cellOf(row, column, look) {
    const cell = row.cells[column.key] || {};
    const state = stateOf(cell, column, row);
    const kind = column.content === 'text' ? null : 'number';
    if (column.content === 'text') return Report.foreign('td', {class: kind}, cell.text || format.none);
    if (state === 'missing') return Report.element('td', {class: kind}, format.none);
    if (state !== 'value') {
      const note = noteOf(cell);
      return Report.element('td', {class: kind + ' state ' + state}, state,
        note && Report.element('span', {class: 'note'}, note));
    }
    return Report.element('td', {class: kind}, numberCell(cell, column, look));
  }

  function lineOf(row, columns, looks, withGroup) {
    return Report.element('tr', {class: row.isBaseline ? 'baseline' : null},
      Report.element('th', {scope: 'row'}, Report.rowName(row.label),
        row.isBaseline && Report.element('span', {class: 'note under-name'}, 'baseline'),
        withGroup && row.group && !row.isBaseline && Report.foreign('span', {class: 'note under-name'}, row.group)),
      columns.map((column) => cellOf(row, column, looks.get(column.key))));
  }

  /// The sections of the experiment: the baseline and rows without a group first, then the groups.
  function sectionsOf(rows) {
    const sections = new Map();
    for (const row of rows) {
      const heading = row.isBaseline ? '' : row.group;
      if (!sections.has(heading)) sections.set(heading, []);
      sections.get(heading).push(row);
    }
    return sections;
  }

  function bodies(rows, columns, looks) {
    if (order) {
      return [Report.element('tbody', null, sorted(rows).map((row) => lineOf(row, columns, looks, true)))];
    }
    return Array.from(sectionsOf(rows), ([heading, members]) => Report.element('tbody', null,
      heading && Report.element('tr', {class: 'section'},
        Report.element('th', {colspan: columns.length + 1, scope: 'rowgroup'},
                       Report.foreign('span', null, heading))),
      members.map((row) => lineOf(row, columns, looks, false))));
  }

  /// Rows without a value stand last either way.
  function sorted(rows) {
    const value = (row) => (order.column ? valueOf(row.cells[order.column.key], order.column) : row.label);
    const isMissing = (one) => one === null || one === undefined;
    const sign = order.descending ? -1 : 1;
    return rows.slice().sort((a, b) => {
      const x = value(a);
      const y = value(b);
      if (isMissing(x) || isMissing(y)) return Number(isMissing(x)) - Number(isMissing(y));
      return sign * (typeof x === 'string' ? x.localeCompare(y) : x - y);
    });
  }

  /// A first press puts the best on top, a second the worst, a third goes back to the experiment's order.
  function press(column) {
    const startsDescending = Boolean(column) && column.content !== 'text' && column.direction !== 'lower';
    if (!order || order.column !== column) order = {column, descending: startsDescending};
    else if (order.descending === startsDescending) order.descending = !startsDescending;
    else order = null;
    const name = column ? format.column(column) : 'name';
    Report.announce(order ? 'Sorted by ' + name + (order.descending ? ', descending' : ', ascending')
                          : 'In the order of the experiment');
  }

  function headingOf(content, column, attributes, onPress) {
    const isSorted = order && order.column === column;
    return Report.element('th', Object.assign({scope: 'col',
      'aria-sort': isSorted ? (order.descending ? 'descending' : 'ascending') : null}, attributes),
      Report.element('button', {type: 'button', class: 'sort', onclick: onPress},
        Report.element('span', {class: 'order', 'aria-hidden': 'true'},
                       isSorted ? (order.descending ? '▼' : '▲') : ''), content));
  }

  const headingContent = (column) => [
    column.heading, column.direction === 'higher' && Report.element('span', {'aria-hidden': 'true'}, ' ↑'),
    column.direction === 'lower' && Report.element('span', {'aria-hidden': 'true'}, ' ↓'),
    column.unit && Report.element('span', {class: 'unit'}, ' (' + column.unit + ')'),
    column.direction !== 'none' && Report.element('span', {class: 'unseen'}, ', ' + format.better(column.direction))];

  /// Neighbouring columns of one group share a heading above theirs.
  function groupLine(columns) {
    if (!columns.some((column) => column.group)) return null;
    const cells = [Report.element('td')];
    for (let i = 0; i < columns.length;) {
      let end = i + 1;
      while (end < columns.length && columns[end].group === columns[i].group) ++end;
      cells.push(columns[i].group
        ? Report.foreign('th', {scope: 'colgroup', colspan: end - i},
                         Report.element('span', {class: 'group'}, columns[i].group))
        : Report.element('td', {colspan: end - i}));
      i = end;
    }
    return Report.element('tr', {class: 'groups'}, cells);
  }

  function grid(table, columns, rows, looks, redraw) {
    const onPress = (column, place) => () => {
      press(column);
      redraw(place);
    };
    const headings = columns.map((column, i) => headingOf(headingContent(column), column,
      {class: column.content === 'text' ? null : 'number'}, onPress(column, i + 1)));
    return Report.element('table', {class: 'results'},
      Report.element('thead', null, groupLine(columns), Report.element('tr', null,
        headingOf(table.row_heading || 'Model', null, null, onPress(null, 0)), headings)),
      bodies(rows, columns, looks));
  }

  function failures(rows) {
    const lines = [];
    for (const row of rows) {
      const bad = row.runs.filter((run) => run.reason && (run.state === 'failed' || run.state === 'diverged'));
      const reasons = Array.from(new Set(bad.map((run) => run.state + ': ' + run.reason)));
      for (const reason of reasons) {
        const seeds = bad.filter((run) => run.state + ': ' + run.reason === reason).map((run) => run.seed);
        lines.push(Report.element('li', null, Report.element('bdi', null, row.label),
          (seeds.length === 1 ? ', seed ' : ', seeds ') + seeds.join(', ') + ' ', Report.element('bdi', null, reason)));
      }
    }
    return lines.length > 0 && [Report.element('h3', null, 'Runs that gave no figure'),
                                Report.element('ul', {class: 'footnotes'}, lines)];
  }

  Report.resultsTable = function (data) {
    const table = data.table;
    if (!table || Report.list(table.columns).length === 0 || Report.list(table.rows).length === 0) return null;
    const columns = table.columns;
    const labels = new Set(table.rows.map((line) => line.label));
    const rows = Report.rows.list.filter((row) => labels.has(row.label));
    const tested = new Set(columns.map((column) => column.key)
      .filter((key) => rows.some((row) => row.cells[key] && row.cells[key].significant !== undefined)));
    const looks = new Map(columns.map((column) => [column.key, {isTested: tested.has(column.key),
                                                                spread: widestSpread(rows, column)}]));
    const place = Report.scroller('Results', null);
    const redraw = (pressed) => {
      const left = place.scrollLeft;
      place.replaceChildren(grid(table, columns, rows, looks, redraw));
      place.scrollLeft = left;
      if (pressed !== undefined) place.querySelectorAll('button.sort')[pressed].focus({preventScroll: true});
    };
    redraw();
    const seeds = rows.some((row) => columns.some((column) => (row.cells[column.key] || {}).n > 1));
    const bold = rows.some((row) => columns.some((column) => (row.cells[column.key] || {}).best));
    const key = [seeds && 'Mean ± standard deviation over seeds.', bold && 'The best mean of a column is bold.',
                 tested.size > 0 && '† differs significantly from the baseline.', 'Press a heading to sort.'];
    const notes = Report.list(table.footnotes).map((note) => Report.foreign('li', null, note));
    return [Report.element('p', {class: 'hint'}, key.filter(Boolean).join(' ')), place,
            notes.length > 0 && Report.element('ul', {class: 'footnotes'}, notes), failures(rows)];
  };
})(window.Report = window.Report || {});
