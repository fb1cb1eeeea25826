// How the updates went: gradient norms and learning rate against steps.
(function (Report) {
  'use strict';

  const format = Report.format;

  const quantities = [
    {key: 'gradient_norm', source: 'log', title: 'Gradient norm', lower: true, axis: {type: 'log'}},
    {key: 'learning_rate', source: 'log', title: 'Learning rate', lower: false, axis: {rangemode: 'tozero'}}
  ];

  function chartOf(quantity) {
    const axis = Report.series.axes[0];
    let lines = [];
    return Report.chart({
      name: quantity.title, height: 320, hasKey: true,
      caption: () => quantity.title + ' against steps: mean over seeds.' + Report.binNote(lines) +
        Report.divergedNote(),
      build: (width, colours) => {
        const built = Report.drawCurves(quantity, axis, {spread: 'none', yaxis: quantity.axis}, width, colours);
        lines = built.lines || [];
        if (built.empty) return built;
        built.layout.height = 320;
        built.label = quantity.title + ' against steps for ' + format.counted(lines.length, 'row') + '.';
        return built;
      }
    }).figure;
  }

  Report.optimization = function () {
    const known = quantities.filter((quantity) => Report.rows.list.some((row) =>
      Report.series.seeds(row, quantity.source, quantity.key, Report.series.axes[0]).length > 0));
    if (known.length === 0) return null;
    return [Report.element('div', {class: 'pair'}, known.map(chartOf))];
  };
})(window.Report = window.Report || {});
