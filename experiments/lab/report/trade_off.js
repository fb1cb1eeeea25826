// Quality against what it costs: one point per row.
(function (Report) {
  'use strict';

  const format = Report.format;

  /// What a row may cost: {key, title, value(row)}.
  const ofRows = [
    {key: 'parameters', title: 'Parameters', value: (row) =>
      (row.parameters !== null ? row.parameters : factOf(row, 'parameters'))},
    {key: 'flops', title: 'FLOPs per token', value: (row) => row.flops},
    {key: 'seconds', title: 'Training time (s)', value: (row) => meanOfRuns(row, 'seconds')},
    {key: 'memory', title: 'Peak memory (bytes)', value: (row) => meanOfRuns(row, 'peak_memory_bytes')}
  ];

  const factOf = (row, key) => (row.cells[key] && format.isNumber(row.cells[key].value) ? row.cells[key].value : null);

  const meanOfRuns = (row, key) => Report.statistics.summary(
    row.runs.filter((run) => run.state === 'finished').map((run) => run[key])).mean;

  const meanOf = (row, column) => {
    const cell = row.cells[column.key];
    return cell && format.isNumber(cell.mean) ? cell.mean : null;
  };

  const pointsOf = (cost, column) => Report.rows.shown()
    .map((row) => ({row, x: cost.value(row), y: meanOf(row, column), sd: (row.cells[column.key] || {}).sd}))
    .filter((point) => format.isNumber(point.x) && point.y !== null);

  function traceOf(point, cost, column, colours) {
    const colour = Report.rows.colour(point.row, colours);
    return {
      type: 'scatter', mode: 'markers', name: Report.plain(point.row.label), x: [point.x], y: [point.y],
      marker: {color: colour, symbol: point.row.symbol, size: 12},
      error_y: format.isNumber(point.sd) ? {type: 'data', array: [point.sd], color: colour, thickness: 1.3, width: 3}
                                         : undefined,
      hovertemplate: '%{fullData.name}<br>' + Report.plain(format.column(column)) + ': ' +
        format.number(point.y, point.sd, column) + '<br>' + cost.title + ': ' + format.compact(point.x) +
        '<extra></extra>'
    };
  }

  /// Where all rows cost the same, the axis would show nothing but digits.
  const rangeOf = (list, isLogarithmic) => (isLogarithmic || list.some((point) => point.x !== list[0].x) ? undefined
    : [0.9 * list[0].x, 1.1 * list[0].x]);

  Report.tradeOff = function (data) {
    const columns = Report.figureColumns(data).filter((column) =>
      Report.rows.list.some((row) => meanOf(row, column) !== null));
    const costs = ofRows.filter((cost) =>
      Report.rows.list.filter((row) => format.isNumber(cost.value(row))).length > 1);
    if (columns.length === 0 || costs.length === 0) return null;
    const refresh = () => chart.refresh();
    const figure = Report.figureSelect(columns, data.figure, refresh, 'Quality');
    const cost = Report.select('Cost', costs.map((one) => ({value: one.key, text: one.title.replace(/ \(.*/, '')})),
                               costs[0].key, refresh);
    const logarithmic = Report.checkbox('Logarithmic cost', false, refresh);
    const chosen = () => costs.find((one) => one.key === cost.value());
    const points = () => pointsOf(chosen(), figure.column());
    const chart = Report.chart({
      name: () => format.column(figure.column()) + '-against-' + chosen().title, height: 420, hasKey: true,
      controls: [figure.control, cost.control, logarithmic.control],
      caption: () => format.column(figure.column()) + ' against ' + chosen().title.toLowerCase() +
        ': one point per row' +
        (points().some((point) => format.isNumber(point.sd)) ? '; bars are ± one standard deviation over seeds.' : '.'),
      build: (width, colours) => {
        const list = points();
        if (list.length === 0) return {empty: 'None of the rows in the charts has both figures.'};
        const column = figure.column();
        const better = format.better(column.direction);
        return {
          data: list.map((point) => traceOf(point, chosen(), column, colours)),
          layout: Report.layout(colours, width < 520 ? 320 : 420, {
            xaxis: Report.axis(colours, chosen().title, {
              exponentformat: 'B', nticks: width < 520 ? 5 : 0, type: logarithmic.box.checked ? 'log' : 'linear',
              range: rangeOf(list, logarithmic.box.checked)}),
            yaxis: Report.axis(colours, format.column(column) + (better && width > 520 ? ', ' + better : '')),
            uirevision: [column.key, chosen().key, logarithmic.box.checked].join(' ')}),
          label: format.column(column) + ' against ' + chosen().title.toLowerCase() + ' for ' +
            format.counted(list.length, 'row') + '.'
        };
      },
      table: () => Report.plainTable('Quality and cost',
        [{text: 'Row'}, {text: chosen().title, number: true}, {text: format.column(figure.column()), number: true}],
        points().map((point) => [point.row.label, point.x.toLocaleString('en-US', {maximumFractionDigits: 0}),
                                 format.number(point.y, point.sd, figure.column())]))
    });
    return [chart.figure];
  };
})(window.Report = window.Report || {});
