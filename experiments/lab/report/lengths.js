// Quality by the length of the sentences.
(function (Report) {
  'use strict';

  const format = Report.format;

  const linesOf = (part) => Report.list(part.rows)
    .map((line) => ({row: Report.rows.find(line.label), values: Report.list(line.values)}))
    .filter((line) => line.row && line.row.shown && line.values.some(format.isNumber));

  const titleOf = (part, data) => {
    const column = Report.list(data.table && data.table.columns).find((one) => one.key === part.figure);
    return column ? format.column(column) : part.figure;
  };

  function traceOf(line, part, colours) {
    const colour = Report.rows.colour(line.row, colours);
    return {
      type: 'scatter', mode: 'lines+markers', name: Report.plain(line.row.label), x: part.buckets.map((name, i) => i),
      y: part.buckets.map((name, i) => (format.isNumber(line.values[i]) ? line.values[i] : null)),
      line: {color: colour, dash: line.row.dash, width: line.row.isBaseline ? 2.6 : 1.9},
      marker: {color: colour, symbol: line.row.symbol, size: 8},
      hovertemplate: '%{fullData.name}<br>%{x}: %{y:.4g}<extra></extra>'
    };
  }

  function build(part, title, width, colours) {
    const lines = linesOf(part);
    if (Report.rows.shown().length === 0) return {empty: Report.noRow};
    if (lines.length === 0) return {empty: 'None of the rows in the charts has this figure.'};
    const sentences = Report.list(part.sentences);
    const better = format.better(part.direction);
    const isNarrow = width < 520;
    const ticks = part.buckets.map((name, i) => Report.plain(name) +
      (format.isNumber(sentences[i]) ? '<br>' + (isNarrow ? '' : 'n = ') + sentences[i] : ''));
    return {
      data: lines.map((line) => traceOf(line, part, colours)),
      layout: Report.layout(colours, isNarrow ? 330 : 400, {
        margin: {l: 56, r: 16, t: 26, b: 60},
        xaxis: Report.axis(colours, 'Sentence length' + (part.unit ? ' (' + part.unit + ')' : ''),
                           {tickmode: 'array', tickvals: part.buckets.map((name, i) => i), ticktext: ticks,
                            range: [-0.3, part.buckets.length - 0.7], showgrid: false,
                            tickangle: isNarrow ? undefined : 0}),
        yaxis: Report.axis(colours, title + (better && !isNarrow ? ', ' + better : ''))}),
      label: title + ' by sentence length on ' + part.split + ' for ' + format.counted(lines.length, 'row') + '.'
    };
  }

  const tableOf = (part, title) => Report.plainTable(title + ' by sentence length',
    [{text: 'Row'}].concat(part.buckets.map((name, i) => {
      const count = Report.list(part.sentences)[i];
      return {text: name + (format.isNumber(count) ? ' (n = ' + count + ')' : ''), number: true};
    })), linesOf(part).map((line) =>
      [line.row.label].concat(part.buckets.map((name, i) => format.fixed(line.values[i], 2)))));

  Report.lengths = function (data) {
    const parts = Report.list(data.lengths).filter((part) => Report.list(part.buckets).length > 0 &&
      Report.list(part.rows).some((line) => Report.list(line.values).some(format.isNumber)));
    if (parts.length === 0) return null;
    const choice = Report.select('Figure', parts.map((part, i) => ({value: i, text: titleOf(part, data) +
      (titleOf(part, data).includes(part.split) ? '' : ', ' + part.split)})), 0, () => chart.refresh());
    const chosen = () => parts[Number(choice.value())];
    const chart = Report.chart({
      name: () => 'length-' + chosen().figure + '-' + chosen().split, height: 400, hasKey: true,
      controls: parts.length > 1 ? [choice.control] : [],
      caption: () => titleOf(chosen(), data) + ' on ' + chosen().split + ' by the length of the sentence' +
        (Report.list(chosen().sentences).length > 0 ? '; under each range the number of its sentences.' : '.'),
      build: (width, colours) => build(chosen(), titleOf(chosen(), data), width, colours),
      table: () => tableOf(chosen(), titleOf(chosen(), data))
    });
    return [chart.figure];
  };
})(window.Report = window.Report || {});
