// The key to the charts, which is also the choice of the rows that they show.
(function (Report) {
  'use strict';

  const namespace = 'http://www.w3.org/2000/svg';
  const strokes = {solid: '', dash: '7 4', dot: '2 3', dashdot: '7 3 2 3', longdash: '11 4'};
  // Within a square from -5 to 5, shaped as the markers of the charts are.
  const shapes = {
    circle: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z', square: 'M-4-4h8v8h-8z', diamond: 'M0-5L5 0L0 5L-5 0z',
    'triangle-up': 'M0-5L5 4H-5z', 'triangle-down': 'M0 5L5-4H-5z', 'triangle-right': 'M5 0L-4 5V-5z',
    cross: 'M-1.7-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z', pentagon: 'M0-5L4.8-1.5L2.9 4H-2.9L-4.8-1.5z',
    star: 'M0-5.4L1.4-1.8L5.2-1.7L2.2.7L3.2 4.4L0 2.2L-3.2 4.4L-2.2.7L-5.2-1.7L-1.4-1.8z',
    hexagon: 'M-2.5-4.4H2.5L5 0L2.5 4.4H-2.5L-5 0z', hourglass: 'M-4-5H4L-4 5H4z', bowtie: 'M-5-4V4L5-4V4z'
  };

  function svg(tag, attributes) {
    const made = document.createElementNS(namespace, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  /// The row's line and marker, to stand beside its name. Its colour follows the theme by itself.
  Report.swatch = function (row) {
    const colour = row.colour === null ? 'var(--ink)' : 'var(--row-' + row.colour + ')';
    const image = svg('svg', {viewBox: '0 0 34 12', class: 'swatch', 'aria-hidden': 'true'});
    image.append(svg('path', {d: 'M1 6H33', fill: 'none', 'stroke-width': row.isBaseline ? 2.5 : 2,
                              'stroke-dasharray': strokes[row.dash], style: 'stroke:' + colour}),
                 svg('path', {d: shapes[row.symbol], transform: 'translate(17 6)', style: 'fill:' + colour}));
    return image;
  };

  /// A row's name with its swatch; a name that the experiment does not have stands alone.
  Report.rowName = function (label) {
    const row = Report.rows.find(label);
    return Report.element('span', {class: 'row-name'}, row && Report.swatch(row), Report.element('bdi', null, label));
  };

  function groupsOf(list) {
    const groups = new Map();
    for (const row of list) {
      const heading = row.isBaseline ? '' : row.group;
      if (!groups.has(heading)) groups.set(heading, []);
      groups.get(heading).push(row);
    }
    return groups;
  }

  /// Fills the side panel, and keeps its one-line summary, which is what a phone shows, up to date.
  Report.rowFilter = function (place, summary) {
    const rows = Report.rows;
    if (rows.list.length === 0) return;
    const boxes = new Map();
    const item = (row) => {
      const box = Report.element('input', {type: 'checkbox', onchange: () =>
        rows.show((other) => (other === row ? box.checked : other.shown))});
      boxes.set(row, box);
      return Report.element('li', null, Report.element('label', null, box, Report.swatch(row),
        Report.element('span', {class: 'row-label'}, Report.element('bdi', null, row.label),
                       row.isBaseline && Report.element('span', {class: 'aside'}, 'baseline'))));
    };
    const lists = Array.from(groupsOf(rows.list), ([heading, members]) => [
      heading && Report.element('p', {class: 'row-group', dir: 'auto'}, heading),
      Report.element('ul', {class: 'row-list'}, members.map(item))]);
    const count = Report.element('span', {class: 'aside'});
    place.append(Report.element('fieldset', {class: 'row-filter'},
      Report.element('legend', null, 'Rows shown ', count),
      Report.element('div', {class: 'row-buttons'},
        Report.button('All', () => rows.show(() => true), {class: 'small'}),
        Report.button('None', () => rows.show(() => false), {class: 'small'}),
        rows.baseline() && Report.button('Baseline', () => rows.show((row) => row.isBaseline), {class: 'small'})),
      Report.element('div', {class: 'row-lists'}, lists)));
    const update = () => {
      for (const [row, box] of boxes) box.checked = row.shown;
      const text = rows.shown().length + ' of ' + rows.list.length;
      count.textContent = text;
      summary.textContent = 'Rows in the charts (' + text + ') and contents';
    };
    rows.onChange(update);
    update();
  };
})(window.Report = window.Report || {});
