// What all charts look alike in: fonts, grid, hover, axes. Plotly reads a small markup in its texts; names from data
// pass through Report.plain, which leaves no markup in them.
(function (Report) {
  'use strict';

  Report.plain = (text) => String(text).replace(/\s+/g, ' ').replace(/&/g, '&amp;').replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');

  Report.axis = (colours, title, more) => Object.assign({
    title: {text: Report.plain(title || ''), standoff: 10, font: {size: 12.5, color: colours.muted}},
    gridcolor: colours.grid, linecolor: colours.rule, tickcolor: colours.rule, ticks: 'outside', ticklen: 4,
    tickfont: {size: 11.5, color: colours.muted}, zeroline: false, showline: true, automargin: true,
    fixedrange: window.matchMedia('(pointer: coarse)').matches
  }, more);

  /// A layout of the given height; `more` is laid over it.
  Report.layout = (colours, height, more) => Object.assign({
    height, autosize: false, showlegend: false, margin: {l: 56, r: 16, t: 26, b: 46},
    font: {family: colours.font, size: 12, color: colours.ink},
    paper_bgcolor: colours.paper, plot_bgcolor: colours.paper,
    hovermode: 'closest', dragmode: window.matchMedia('(pointer: coarse)').matches ? false : 'zoom',
    hoverlabel: {bgcolor: colours.paper, bordercolor: colours.rule, namelength: -1, align: 'left',
                 font: {family: colours.font, size: 12, color: colours.ink}},
    modebar: {bgcolor: 'rgba(0,0,0,0)', color: colours.muted, activecolor: colours.ink}
  }, more);

  /// An axis that names rows, one at each whole number from the top. Names give way to the chart where it is narrow.
  Report.rowAxis = (colours, width, list) => Report.axis(colours, '', {
    tickmode: 'array', tickvals: list.map((row, i) => i), range: [list.length - 0.4, -0.6], showgrid: false,
    ticktext: list.map((row) => Report.plain(Report.format.elided(row.label, width < 520 ? 18 : 36))), ticks: '',
    tickfont: {size: 12, color: colours.ink}, showline: false
  });

  const channels = (colour) => [1, 3, 5].map((from) => parseInt(colour.slice(from, from + 2), 16));

  /// '#rrggbb' with an opacity.
  Report.faded = (colour, opacity) => 'rgba(' + channels(colour).concat(opacity).join(',') + ')';

  /// As WCAG defines it.
  function luminance(rgb) {
    const [r, g, b] = rgb.map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  /// Black or white, whichever reads better on the colour at `share` of the way from one to another.
  Report.inkOn = function (from, to, share) {
    const start = channels(from);
    const end = channels(to);
    const light = luminance(start.map((channel, i) => channel + share * (end[i] - channel)));
    return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? '#ffffff' : '#000000';
  };

  Report.noRow = 'No row is chosen: tick one or more in the list of rows.';
})(window.Report = window.Report || {});
