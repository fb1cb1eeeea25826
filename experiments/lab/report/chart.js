// A figure: its controls, a chart that is drawn when it first comes near the window, its caption and its data.
(function (Report) {
  'use strict';

  const charts = [];
  const printedWidth = 660;  // px: what a page of A4 or Letter has between usual margins
  const canHover = window.matchMedia('(hover: hover)').matches;
  const near = '500px 0px';
  const longestKey = 12;

  function configuration(chart) {
    return {
      displaylogo: false, displayModeBar: canHover ? 'hover' : false, scrollZoom: false, doubleClick: 'reset',
      modeBarButtonsToRemove: ['toImage', 'lasso2d', 'select2d', 'autoScale2d'],
      modeBarButtonsToAdd: [{name: 'save', title: 'Save as SVG', icon: window.Plotly.Icons.camera,
                             click: () => save(chart)}],
      toImageButtonOptions: {format: 'svg', filename: chart.fileName()}
    };
  }

  /// The saved picture stands alone: unlike the page, which has one key for all charts, it brings its own.
  function save(chart) {
    const width = Math.max(640, chart.plot.clientWidth);
    const built = chart.build(width, Report.theme.colours());
    if (built.empty) return Promise.resolve();
    const named = built.data.filter((trace) => trace.name && trace.showlegend !== false).length;
    const legend = {orientation: 'h', x: 0, xanchor: 'left', y: 0, yref: 'container', yanchor: 'bottom'};
    const layout = Object.assign({}, built.layout, {showlegend: named > 0, legend});
    const height = built.layout.height + (named > 0 ? 24 * Math.ceil(named / Math.max(1, Math.floor(width / 180))) : 0);
    Object.assign(layout, {width, height, margin: Object.assign({}, layout.margin,
      {b: layout.margin.b + height - built.layout.height})});
    return window.Plotly.downloadImage({data: built.data, layout}, {format: 'svg', filename: chart.fileName(), width,
                                                                    height});
  }

  function showMessage(chart, text) {
    chart.message.textContent = text;
    chart.message.hidden = false;
    chart.plot.hidden = true;
    chart.key.replaceChildren();
    chart.saveButton.disabled = true;
  }

  /// On a telephone and on paper the common key is far away: a chart whose axes do not name the rows repeats it.
  function showKey(chart) {
    const shown = chart.hasKey ? Report.rows.shown() : [];
    chart.key.replaceChildren(...shown.slice(0, longestKey).map((row) =>
      Report.element('li', null, Report.rowName(row.label))));
    if (shown.length > longestKey) {
      chart.key.append(Report.element('li', {class: 'aside'}, 'and ' + (shown.length - longestKey) + ' more'));
    }
  }

  function drawNow(chart, width) {
    if (!window.Plotly) {
      showMessage(chart, 'This file was made without the charts.');
      return;
    }
    const built = chart.build(width, Report.theme.colours());
    chart.caption.textContent = chart.captionText();
    if (built.empty) {
      showMessage(chart, built.empty);
      return;
    }
    chart.message.hidden = true;
    chart.plot.hidden = false;
    chart.saveButton.disabled = false;
    chart.plot.setAttribute('aria-label', built.label);
    chart.plot.style.minHeight = built.layout.height + 'px';
    window.Plotly.react(chart.plot, built.data, Object.assign({width}, built.layout), configuration(chart));
    showKey(chart);
    // To assistive technology the chart is one picture. All that its small buttons do for a keyboard is done by the
    // button below it.
    for (const button of chart.plot.querySelectorAll('.modebar-btn')) button.tabIndex = -1;
  }

  /// Draws a chart whose picture is out of date. A fault in one does not take the others with it.
  function draw(chart, printing) {
    const width = printing ? printedWidth : chart.frame.clientWidth;
    if (width === 0 || !chart.dirty) return;
    chart.dirty = false;
    chart.width = width;
    try {
      drawNow(chart, width);
    } catch (error) {
      showMessage(chart, 'This chart could not be drawn: ' + error.message);
      window.console.error(error);
    }
  }

  function refresh(chart) {
    chart.dirty = true;
    chart.details && chart.details.refresh();
    if (!chart.isNear || chart.isAwaited) return;
    chart.isAwaited = true;
    window.requestAnimationFrame(() => {
      chart.isAwaited = false;
      draw(chart, false);
    });
  }

  const watched = new Map();
  const approach = 'IntersectionObserver' in window ? new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const chart = watched.get(entry.target);
      chart.isNear = entry.isIntersecting;
      if (chart.isNear) draw(chart, false);
    }
  }, {rootMargin: near}) : null;
  const resizing = 'ResizeObserver' in window ? new ResizeObserver((entries) => {
    for (const entry of entries) {
      const chart = watched.get(entry.target);
      if (entry.contentRect.width !== 0 && entry.target.clientWidth !== chart.width) refresh(chart);
    }
  }) : null;

  /// parts: name (of a saved file; text or function), caption (text or function), controls (elements), height (px,
  /// while nothing is drawn), hasKey (its axes do not name the rows), build(width, colours) -> {data, layout, label} or
  /// {empty: message}, and, if its data can be shown in few words, table() -> element. Returns {figure, refresh}.
  Report.chart = function (parts) {
    const text = (part) => (typeof part === 'function' ? part() : part);
    const chart = {build: parts.build, dirty: true, isNear: approach === null, width: 0,
                   hasKey: Boolean(parts.hasKey),
                   captionText: () => text(parts.caption), fileName: () => Report.format.fileName(text(parts.name))};
    chart.saveButton = Report.button('Save as SVG', () => save(chart), {class: 'small save'});
    chart.plot = Report.element('div', {class: 'plot', role: 'img'});
    chart.plot.style.minHeight = (parts.height || 380) + 'px';
    chart.key = Report.element('ul', {class: 'key'});
    chart.message = Report.element('p', {class: 'empty', hidden: true});
    chart.frame = Report.element('div', {class: 'frame'}, chart.plot, chart.message, chart.key);
    chart.caption = Report.element('figcaption', {dir: 'auto'}, text(parts.caption));
    chart.details = parts.table && Report.folded('Data of this figure', parts.table, {class: 'data'});
    const controls = Report.list(parts.controls);
    const figure = Report.element('figure', {class: 'chart'},
      controls.length > 0 && Report.element('div', {class: 'toolbar'}, controls), chart.frame, chart.caption,
      Report.element('div', {class: 'figure-foot'}, chart.saveButton, chart.details));
    charts.push(chart);
    watched.set(chart.frame, chart);
    if (approach) approach.observe(chart.frame);
    if (resizing) resizing.observe(chart.frame);
    const handle = {figure, refresh: () => refresh(chart)};
    if (!approach) refresh(chart);
    return handle;
  };

  const refreshAll = () => charts.forEach(refresh);

  /// Called once, when the page is made. All charts are drawn, in light colours, before paper sees them.
  Report.startCharts = function () {
    Report.rows.onChange(refreshAll);
    Report.theme.onChange(refreshAll);
    window.addEventListener('beforeprint', () => {
      Report.theme.force('light');
      for (const chart of charts) {
        chart.dirty = true;
        draw(chart, true);
      }
    });
    window.addEventListener('afterprint', () => {
      Report.theme.force(null);
      refreshAll();
    });
  };
})(window.Report = window.Report || {});
