// Stability and tuning: a figure over two settings, with the cells in which training failed said in words.
(function (Report) {
  'use strict';

  const format = Report.format;
  const cellHeight = 38;

  /// Short words for cells too narrow for the long ones; the caption explains them.
  const words = {diverged: ['diverged', 'div'], failed: ['failed', 'fail'], running: ['running', 'run'],
                 missing: ['–', '–']};

  const cellAt = (map, i, j) => {
    const cell = Report.list(Report.list(map.cells)[i])[j] || {state: 'missing', mean: null, sd: null};
    return cell.state === 'value' && !format.isNumber(cell.mean) ? {state: 'missing', mean: null, sd: null} : cell;
  };

  const valueOf = (cell) => (cell.state === 'value' ? cell.mean : null);

  const columnOf = (data, figure) => Report.list(data.table && data.table.columns)
    .find((column) => column.key === figure);

  const nameOf = (map, column) => (column ? format.column(column) : map.figure);

  /// As many decimals as the table has for the figure, or what three digits need.
  function printer(map, column) {
    if (column) return (value) => format.number(value, null, column);
    const values = map.cells.flat().map(valueOf).filter(format.isNumber).map(Math.abs);
    const largest = Math.max(0, ...values);
    return (value) => format.fixed(value, largest >= 100 ? 1 : largest >= 10 ? 2 : 3);
  }

  /// Where a value lies between the weak and the strong end of the colours.
  function scaleOf(map) {
    const values = map.rows.flatMap((row, i) => map.columns.map((name, j) => valueOf(cellAt(map, i, j))))
      .filter(format.isNumber);
    const low = Math.min(...values);
    const high = Math.max(...values);
    const share = (value) => (high > low ? (value - low) / (high - low) : 0.5);
    return map.direction === 'lower' ? (value) => 1 - share(value) : share;
  }

  /// What stands in a cell: its figure, or why it has none.
  function marks(map, print, cellWidth, colours) {
    const strength = scaleOf(map);
    const shapes = [];
    const annotations = [];
    map.rows.forEach((row, i) => map.columns.forEach((name, j) => {
      const cell = cellAt(map, i, j);
      const isValue = cell.state === 'value';
      const spread = cellWidth >= 84 && format.isNumber(cell.sd) ? ' ± ' + print(cell.sd) : '';
      const text = isValue ? print(cell.mean) + spread : words[cell.state][cellWidth < 58 ? 1 : 0];
      const colour = isValue ? Report.inkOn(colours.low, colours.high, strength(cell.mean))
        : cell.state === 'diverged' || cell.state === 'failed' ? colours.bad : colours.muted;
      annotations.push({x: j, y: i, showarrow: false, text, font: {size: cellWidth < 48 ? 10 : 12, color: colour}});
      if (!isValue) {
        shapes.push({type: 'rect', x0: j - 0.5, x1: j + 0.5, y0: i - 0.5, y1: i + 0.5, layer: 'above',
                     fillcolor: colours.sunken, line: {color: colours.paper, width: 2}});
      }
    }));
    return {shapes, annotations};
  }

  function hoverTexts(map) {
    const value = (cell) => (cell.state !== 'value' ? cell.state
      : format.fixed(cell.mean, 4) + (format.isNumber(cell.sd) ? ' ± ' + format.fixed(cell.sd, 4) : ''));
    return map.rows.map((row, i) => map.columns.map((name, j) => Report.plain(map.row_axis + ': ' + row) + '<br>' +
      Report.plain(map.column_axis + ': ' + name) + '<br>' + value(cellAt(map, i, j))));
  }

  function build(map, column, width, colours) {
    const gutter = Math.min(150, 24 + 6.5 * Math.max(...map.rows.map((name) => String(name).length)));
    const hasBar = width >= 520;
    const cellWidth = (width - gutter - (hasBar ? 90 : 16)) / map.columns.length;
    const marked = marks(map, printer(map, column), cellWidth, colours);
    const names = (list, letters) => ({
      tickmode: 'array', tickvals: list.map((name, i) => i), showgrid: false, ticks: '', showline: false,
      ticktext: list.map((name) => Report.plain(format.shortened(name, letters)))
    });
    return {
      data: [{
        type: 'heatmap', z: map.rows.map((row, i) => map.columns.map((name, j) => valueOf(cellAt(map, i, j)))),
        x: map.columns.map((name, j) => j), y: map.rows.map((row, i) => i), xgap: 2, ygap: 2,
        // The better, the farther from the colour of the page.
        colorscale: [[0, colours.low], [1, colours.high]], reversescale: map.direction === 'lower', hoverongaps: true,
        customdata: hoverTexts(map), hovertemplate: '%{customdata}<extra></extra>', showscale: hasBar,
        colorbar: {thickness: 10, outlinewidth: 0, len: 1, tickfont: {size: 11, color: colours.muted}, ticks: ''}
      }],
      layout: Report.layout(colours, 96 + cellHeight * map.rows.length, {
        margin: {l: 8, r: hasBar ? 20 : 8, t: 26, b: 54}, shapes: marked.shapes, annotations: marked.annotations,
        xaxis: Report.axis(colours, map.column_axis, Object.assign(names(map.columns, 22),
                                                                   {range: [-0.5, map.columns.length - 0.5]})),
        yaxis: Report.axis(colours, hasBar ? map.row_axis : '', Object.assign(names(map.rows, hasBar ? 22 : 14),
                                                                             {range: [map.rows.length - 0.5, -0.5]}))}),
      label: labelOf(map, column)
    };
  }

  const countOf = (map, state) => map.rows.flatMap((row, i) => map.columns.map((name, j) => cellAt(map, i, j)))
    .filter((cell) => cell.state === state).length;

  const labelOf = (map, column) => nameOf(map, column) + ' for every ' + map.row_axis + ' and ' + map.column_axis +
    '; ' + countOf(map, 'diverged') + ' of ' + map.rows.length * map.columns.length + ' cells diverged.';

  const tableOf = (map, column) => Report.plainTable(
    nameOf(map, column) + ' by ' + map.row_axis + ' and ' + map.column_axis,
    [{text: map.row_axis + ' \\ ' + map.column_axis}].concat(map.columns.map((name) => ({text: name, number: true}))),
    map.rows.map((row, i) => [row].concat(map.columns.map((name, j) => {
      const cell = cellAt(map, i, j);
      return cell.state === 'value' ? printer(map, column)(cell.mean) +
        (format.isNumber(cell.sd) ? ' ± ' + printer(map, column)(cell.sd) : '') : cell.state;
    }))));

  function captionOf(map, column) {
    const better = format.better(map.direction);
    const states = ['diverged', 'failed', 'running'].filter((state) => countOf(map, state) > 0);
    return nameOf(map, column) + (better ? ' (' + better + ')' : '') + ' by ' + map.row_axis + ' (down) and ' +
      map.column_axis + ' (across). The stronger the colour, the better' +
      (states.length > 0 ? '; cells without a figure say why (div: diverged, fail: failed, run: running).' : '.');
  }

  function charts(data, maps, kind) {
    const drawn = Report.list(maps)
      .filter((map) => Report.list(map.rows).length > 0 && Report.list(map.columns).length > 0);
    if (drawn.length === 0) return null;
    return drawn.map((map) => {
      const column = columnOf(data, map.figure);
      return Report.chart({
        name: kind + '-' + map.figure + '-' + map.row_axis + '-' + map.column_axis,
        height: 96 + cellHeight * map.rows.length, caption: captionOf(map, column),
        build: (width, colours) => build(map, column, width, colours), table: () => tableOf(map, column)
      }).figure;
    });
  }

  Report.stability = (data) => charts(data, data.stability, 'stability');

  /// The trials out of which the values of every row were chosen.
  Report.tuning = (data) => charts(data, data.tuning, 'tuning');
})(window.Report = window.Report || {});
