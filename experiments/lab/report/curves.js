// Learning curves: a choice of quantity, of what training is measured by, and of how seeds are shown.
(function (Report) {
  'use strict';

  const format = Report.format;
  const mostPoints = 240;  // on a wide chart; a narrow one has half
  const manyRows = 10;

  /// Logs call every loss an nll; its title is what it is.
  const quantities = () => [
    {key: 'dev_nll', source: 'evaluations', title: 'Dev ' + Report.rows.lossName(), lower: true},
    {key: 'dev_accuracy', source: 'evaluations', title: 'Dev accuracy', lower: false},
    {key: 'loss', source: 'log', title: 'Training loss', lower: true},
    {key: 'nll', source: 'log', title: 'Training ' + Report.rows.lossName(), lower: true}
  ];
  const spreads = [{value: 'range', text: 'Mean and range'}, {value: 'sd', text: 'Mean ± sd'},
                   {value: 'seeds', text: 'Each seed'}, {value: 'none', text: 'Mean alone'}];

  const has = (quantity, axis) => Report.rows.list.some((row) =>
    Report.series.seeds(row, quantity.source, quantity.key, axis).length > 0);

  /// Curves do not change while the page is open: they are put together once for each choice.
  function remembered(make) {
    const known = new Map();
    return (row, quantity, axis, limit) => {
      const key = JSON.stringify([row.label, quantity.key, axis.key, limit]);
      if (!known.has(key)) known.set(key, make(row, quantity, axis, limit));
      return known.get(key);
    };
  }

  const combinedOf = remembered((row, quantity, axis, limit) => {
    const curves = Report.series.seeds(row, quantity.source, quantity.key, axis);
    return curves.length === 0 ? null : Report.series.combined(curves, limit);
  });

  const limitOf = (width) => (width < 520 ? mostPoints / 2 : mostPoints);

  const end = (line) => line.combined.mean.x[line.combined.mean.x.length - 1];

  /// What is shown: all rows that have logged the quantity, or the second half of the longest training.
  function linesOf(quantity, axis, look, width) {
    const whole = Report.rows.shown().map((row) => ({row, combined: combinedOf(row, quantity, axis, limitOf(width))}))
      .filter((line) => line.combined);
    if (!look.secondHalf) return whole;
    const middle = Math.max(...whole.map(end)) / 2;
    return whole.map(({row, combined}) => ({row, combined: Report.series.since(combined, middle)}))
      .filter((line) => line.combined);
  }

  /// The curves of the rows that are shown, as Report.chart wants them. look: spread ('range', 'sd', 'seeds', 'none'),
  /// secondHalf, and yaxis, which is laid over the y axis.
  Report.drawCurves = function (quantity, axis, look, width, colours) {
    if (Report.rows.shown().length === 0) return {empty: Report.noRow};
    const lines = linesOf(quantity, axis, look, width);
    if (lines.length === 0) return {empty: 'None of the rows in the charts has logged this.'};
    const longest = Math.max(...lines.map(end));
    const time = axis.key === 'seconds' ? Report.series.timeUnit(longest) : {unit: 1, name: ''};
    const data = lines.flatMap((line) =>
      Report.series.traces(line.row, line.combined, look.spread, time.unit, colours));
    const xaxis = Report.axis(colours, axis.title + (time.name ? ' (' + time.name + ')' : ''), {
      exponentformat: axis.key === 'flops' ? 'power' : 'B', rangemode: look.secondHalf ? 'normal' : 'tozero',
      nticks: width < 520 ? 5 : 0});
    return {data, lines, layout: Report.layout(colours, width < 520 ? 320 : 420, {
      xaxis, yaxis: Report.axis(colours, quantity.title, Object.assign({exponentformat: 'power'}, look.yaxis)),
      uirevision: [quantity.key, axis.key, look.secondHalf, look.yaxis.type].join(' ')})};
  };

  /// The last and the best value of every row's mean curve.
  Report.curveTable = function (quantity, axis) {
    const lines = Report.rows.shown().map((row) => ({row, combined: combinedOf(row, quantity, axis, mostPoints)}))
      .filter((line) => line.combined);
    return Report.plainTable(quantity.title + ', best and last',
      [{text: 'Row'}, {text: 'Seeds', number: true}, {text: 'Best mean', number: true},
       {text: 'at (' + axis.title + ')', number: true}, {text: 'Last mean', number: true},
       {text: 'Diverged', number: true}],
      lines.map(({row, combined}) => {
        const values = combined.mean.y;
        const best = quantity.lower ? Math.min(...values) : Math.max(...values);
        const at = combined.mean.x[values.indexOf(best)];
        return [row.label, combined.seeds.length, format.fixed(best, 4), format.compact(Math.round(at)),
                format.fixed(values[values.length - 1], 4),
                combined.seeds.filter((seed) => seed.state === 'diverged').length];
      }));
  };

  /// What drawCurves did to the log, for the caption.
  Report.binNote = function (lines) {
    const largest = Math.max(1, ...lines.map((line) => line.combined.binSize));
    return largest > 1 ? ' Each point is the mean of up to ' + largest + ' entries of the log.' : '';
  };

  Report.divergedNote = () => (Report.rows.list.some((row) => row.runs.some((run) => run.state === 'diverged'))
    ? ' Diverged runs end in ×; where others of the row finished, the mean leaves them out.' : '');

  function labelOf(quantity, axis, lines) {
    const last = lines.map(({row, combined: {mean}}) => ({label: row.label, value: mean.y[mean.y.length - 1]}));
    const best = last.reduce((a, b) => ((quantity.lower ? b.value < a.value : b.value > a.value) ? b : a));
    return quantity.title + ' against ' + axis.title.toLowerCase() + ' for ' + format.counted(lines.length, 'row') +
      '; at the end ' + best.label + ' is best with ' + format.fixed(best.value, 4) + '.';
  }

  Report.learningCurves = function () {
    const known = quantities().filter((quantity) => has(quantity, Report.series.axes[0]));
    if (known.length === 0) return null;
    const axes = Report.series.axes.filter((axis) => known.some((quantity) => has(quantity, axis)));
    const refresh = () => chart.refresh();
    const option = (one) => ({value: one.key, text: one.title.replace(/ \(.*/, '')});
    const quantity = Report.select('Quantity', known.map(option), known[0].key, refresh);
    const axis = Report.select('Against', axes.map(option), axes[0].key, refresh);
    const spread = Report.select('Seeds', spreads, Report.rows.list.length > manyRows ? 'none' : 'range', refresh);
    const logarithmic = Report.checkbox('Logarithmic', false, refresh);
    const secondHalf = Report.checkbox('Second half', false, refresh);
    const chosenQuantity = () => known.find((one) => one.key === quantity.value());
    const chosenAxis = () => axes.find((one) => one.key === axis.value());
    const spreadNote = {range: 'mean over seeds; bands reach from the lowest seed to the highest.',
                        sd: 'mean over seeds; bands are ± one standard deviation.', seeds: 'one line for each seed.',
                        none: 'mean over seeds.'};
    let lines = [];
    const chart = Report.chart({
      name: () => 'learning-curves-' + quantity.value() + '-against-' + axis.value(), height: 420, hasKey: true,
      controls: [quantity.control, axis.control, spread.control, logarithmic.control, secondHalf.control],
      caption: () => chosenQuantity().title + ' against ' + option(chosenAxis()).text.toLowerCase() + ': ' +
        (lines.some((line) => line.combined.seeds.length > 1) ? spreadNote[spread.value()] : 'one seed of every row.') +
        Report.binNote(lines) + Report.divergedNote(),
      build: (width, colours) => {
        const look = {spread: spread.value(), secondHalf: secondHalf.box.checked,
                      yaxis: {type: logarithmic.box.checked ? 'log' : 'linear'}};
        const built = Report.drawCurves(chosenQuantity(), chosenAxis(), look, width, colours);
        lines = built.lines || [];
        if (!built.empty) built.label = labelOf(chosenQuantity(), chosenAxis(), lines);
        return built;
      },
      table: () => Report.curveTable(chosenQuantity(), chosenAxis())
    });
    return [chart.figure];
  };
})(window.Report = window.Report || {});
