// How far every row is from the baseline, for one figure of the table.
(function (Report) {
  'use strict';

  const format = Report.format;

  const seedsOf = (cell) => Report.list(cell && cell.samples)
    .filter((sample) => sample.state === 'value' && format.isNumber(sample.value));

  /// One line of the figure. The difference is that of the means in the table; the interval is Welch's, from the
  /// seeds; p is the table's, from the test that the experiment asks for.
  function differenceOf(row, baseline, column) {
    const cell = row.cells[column.key];
    const other = baseline.cells[column.key];
    if (!cell || !format.isNumber(cell.mean)) return null;
    const values = seedsOf(cell).map((sample) => sample.value);
    const half = Report.statistics.welchHalfWidth(values, seedsOf(other).map((sample) => sample.value));
    return {row, value: cell.mean - other.mean, half, p: cell.p, corrected: cell.p_corrected,
            significant: Boolean(cell.significant),
            samples: seedsOf(cell).map((sample) => ({seed: sample.seed, value: sample.value - other.mean}))};
  }

  const differencesOf = (rows, baseline, column) => rows.filter((row) => row !== baseline)
    .map((row) => differenceOf(row, baseline, column)).filter(Boolean);

  function pText(line) {
    const p = format.isNumber(line.corrected) ? line.corrected : line.p;
    if (!format.isNumber(p)) return '';
    return (p < 0.001 ? 'p < 0.001' : 'p = ' + format.p(p)) + (line.significant ? ' †' : '');
  }

  const intervalOf = (line, decimals) => (line.half === null ? format.none
    : format.signed(line.value - line.half, decimals) + ' to ' + format.signed(line.value + line.half, decimals));

  function traces(lines, column, colours) {
    const decimals = (column.decimals || 0) + 1;
    const dots = lines.map((line, i) => {
      const colour = Report.rows.colour(line.row, colours);
      const interval = line.half === null ? '' : '<br>95 % interval ' + intervalOf(line, decimals);
      return {
        type: 'scatter', mode: 'markers', name: Report.plain(line.row.label), showlegend: false,
        x: [line.value], y: [i],
        marker: {color: colour, symbol: line.row.symbol, size: 10},
        error_x: line.half === null ? undefined
          : {type: 'data', array: [line.half], color: colour, thickness: 2, width: 5},
        hovertemplate: '%{fullData.name}<br>' + format.signed(line.value, decimals) + interval +
          (pText(line) ? '<br>' + Report.plain(pText(line)) : '') + '<extra></extra>'
      };
    });
    const seeds = lines.map((line, i) => ({
      type: 'scatter', mode: 'markers', showlegend: false, x: line.samples.map((sample) => sample.value),
      y: line.samples.map(() => i + 0.26), text: line.samples.map((sample) => String(sample.seed)),
      marker: {color: Report.rows.colour(line.row, colours), symbol: 'line-ns-open', size: 6, opacity: 0.75},
      hovertemplate: 'seed %{text}: %{x}<extra></extra>'
    }));
    return seeds.concat(dots);
  }

  const pAnnotation = (line, i, colours) => ({
    x: 1, xref: 'paper', xanchor: 'left', xshift: 8, y: i, showarrow: false, text: Report.plain(pText(line)),
    align: 'left', font: {size: 11.5, color: line.significant ? colours.ink : colours.muted}
  });

  function chartOf(lines, baseline, column, width, colours) {
    const list = lines.map((line) => line.row);
    const hasP = lines.some((line) => pText(line));
    const best = column.direction === 'none' ? '' : ' (' + format.better(column.direction) + ')';
    const layout = Report.layout(colours, 84 + 34 * lines.length, {
      margin: {l: 8, r: hasP ? 88 : 16, t: 26, b: 50},
      xaxis: Report.axis(colours, width < 520 ? 'Difference to the baseline'
                                              : 'Difference to ' + format.shortened(baseline.label, 40) + best),
      yaxis: Report.rowAxis(colours, width, list),
      shapes: [{type: 'line', x0: 0, x1: 0, yref: 'paper', y0: 0, y1: 1, line: {color: colours.ink, width: 1.5}}],
      annotations: lines.map((line, i) => pAnnotation(line, i, colours)), uirevision: column.key
    });
    const marked = lines.filter((line) => line.significant).length;
    const label = 'Differences in ' + format.column(column) + ' between ' + format.counted(lines.length, 'row') +
      ' and the baseline ' + baseline.label + (hasP ? '; ' + marked + ' significant' : '') + '.';
    return {data: traces(lines, column, colours), layout, label};
  }

  function tableOf(lines, column) {
    const decimals = (column.decimals || 0) + 1;
    return Report.plainTable('Differences to the baseline',
      [{text: 'Row'}, {text: 'Difference', number: true}, {text: '95 % interval', number: true},
       {text: 'Seeds', number: true}, {text: 'p', number: true}, {text: 'p corrected', number: true}],
      lines.map((line) => [line.row.label, format.signed(line.value, decimals), intervalOf(line, decimals),
                           line.samples.length, format.p(line.p), format.p(line.corrected)]));
  }

  /// Tests between rows neither of which is the baseline: the experiment asked for all pairs.
  function otherPairs(data, baseline, columns) {
    const pairs = Report.list(data.table.comparisons)
      .filter((pair) => pair.row !== baseline.label && pair.other !== baseline.label);
    if (pairs.length === 0) return null;
    const column = (key) => columns.find((one) => one.key === key);
    return Report.folded('Tests between the other rows (' + pairs.length + ')', () => Report.plainTable(
      'Tests between the other rows',
      [{text: 'Row'}, {text: 'Other row'}, {text: 'Figure'}, {text: 'Difference', number: true},
       {text: 'p', number: true}, {text: 'p corrected', number: true}],
      pairs.map((pair) => {
        const of = column(pair.column);
        return [pair.row, pair.other, of ? format.column(of) : pair.column,
                format.signed(pair.difference, of ? (of.decimals || 0) + 1 : 3), format.p(pair.p),
                format.p(pair.p_corrected) + (pair.significant ? ' †' : '')];
      })), {class: 'data'});
  }

  Report.differences = function (data) {
    const baseline = Report.rows.baseline();
    if (!baseline || Report.rows.list.length < 2) return null;
    const columns = Report.figureColumns(data).filter((column) =>
      differencesOf(Report.rows.list, baseline, column).length > 0 &&
      format.isNumber((baseline.cells[column.key] || {}).mean));
    if (columns.length === 0) return null;
    const figure = Report.figureSelect(columns, data.figure, () => chart.refresh());
    const lines = () => differencesOf(Report.rows.shown(), baseline, figure.column());
    const chart = Report.chart({
      name: () => 'difference-' + format.column(figure.column()), controls: [figure.control],
      height: 84 + 34 * (Report.rows.list.length - 1),
      caption: () => {
        const column = figure.column();
        const all = differencesOf(Report.rows.list, baseline, column);
        return format.column(column) + ': every row less the baseline. Ticks are seeds, less the baseline’s mean' +
          (all.some((line) => line.half !== null) ? '; bars are Welch’s 95 % intervals over seeds' : '') +
          (all.some((line) => pText(line)) ? '; p (corrected) is that of the test named under the results' : '') + '.';
      },
      build: (width, colours) => {
        const list = lines();
        if (list.length === 0) {
          return {empty: 'None of the rows in the charts, the baseline apart, has this figure.'};
        }
        return chartOf(list, baseline, figure.column(), width, colours);
      },
      table: () => tableOf(lines(), figure.column())
    });
    return [chart.figure, otherPairs(data, baseline, columns)];
  };
})(window.Report = window.Report || {});
