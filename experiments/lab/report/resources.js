// What training took: speed and memory of the finished runs.
(function (Report) {
  'use strict';

  const format = Report.format;

  const quantities = [
    {key: 'tokens_per_second', title: 'Throughput', axis: 'Tokens per second', unit: 1, more: {exponentformat: 'B'},
     text: (value) => format.compact(Math.round(value))},
    {key: 'peak_memory_bytes', title: 'Peak memory', axis: 'MiB', unit: 2 ** 20, more: {exponentformat: 'none'},
     text: format.bytes}
  ];

  const linesOf = (rows, quantity) => rows.map((row) => Object.assign({row}, Report.statistics.summary(
    row.runs.filter((run) => run.state === 'finished').map((run) => run[quantity.key])))).filter((line) => line.n > 0);

  function traceOf(line, i, quantity, colours) {
    const colour = Report.rows.colour(line.row, colours);
    return {
      type: 'bar', orientation: 'h', x: [line.mean / quantity.unit], y: [i], width: 0.62, showlegend: false,
      name: Report.plain(line.row.label), marker: {color: colour},
      error_x: line.sd === null ? undefined : {type: 'data', array: [line.sd / quantity.unit], thickness: 1.2, width: 3,
                                               color: line.row.isBaseline ? colours.muted : colours.ink},
      hovertemplate: '%{fullData.name}<br>' + Report.plain(quantity.text(line.mean) +
        (line.sd === null ? '' : ' ± ' + quantity.text(line.sd))) + '<extra></extra>'
    };
  }

  function chartOf(quantity) {
    const shown = () => linesOf(Report.rows.shown(), quantity);
    const height = (count) => 84 + 26 * count;
    return Report.chart({
      name: quantity.title, height: height(linesOf(Report.rows.list, quantity).length),
      caption: quantity.title + ' of training: mean over the finished seeds, with ± one standard deviation.',
      build: (width, colours) => {
        const lines = shown();
        if (lines.length === 0) return {empty: 'None of the rows in the charts has a finished run.'};
        return {
          data: lines.map((line, i) => traceOf(line, i, quantity, colours)),
          layout: Report.layout(colours, height(lines.length), {
            margin: {l: 8, r: 20, t: 26, b: 50},
            xaxis: Report.axis(colours, quantity.axis, Object.assign({rangemode: 'tozero', nticks: 5}, quantity.more)),
            yaxis: Report.rowAxis(colours, width, lines.map((line) => line.row))}),
          label: quantity.title + ' of ' + format.counted(lines.length, 'row') + '.'
        };
      },
      table: () => Report.plainTable(quantity.title,
        [{text: 'Row'}, {text: 'Runs', number: true}, {text: 'Mean', number: true}, {text: 'sd', number: true}],
        shown().map((line) => [line.row.label, line.n, quantity.text(line.mean),
                               line.sd === null ? format.none : quantity.text(line.sd)]))
    }).figure;
  }

  Report.resources = function () {
    const known = quantities.filter((quantity) => linesOf(Report.rows.list, quantity).length > 0);
    if (known.length === 0) return null;
    return [Report.element('div', {class: 'pair'}, known.map(chartOf))];
  };
})(window.Report = window.Report || {});
