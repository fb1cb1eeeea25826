// Puts the page together. A part without data has no section; a part with data that cannot be read says so in its
// place, and the others stand.
(function (Report) {
  'use strict';

  /// {id, title, make(data) -> list of elements or null}, in the order of the page.
  const sections = [
    {id: 'results', title: 'Results', make: Report.resultsTable},
    {id: 'differences', title: 'Differences to the baseline', make: Report.differences},
    {id: 'changes', title: 'What the rows change', make: Report.changes},
    {id: 'curves', title: 'Learning curves', make: Report.learningCurves},
    {id: 'optimization', title: 'Optimization', make: Report.optimization},
    {id: 'trade-off', title: 'Quality and cost', make: Report.tradeOff},
    {id: 'stability', title: 'Stability', make: Report.stability},
    {id: 'tuning', title: 'Tuning', make: Report.tuning},
    {id: 'lengths', title: 'Sentence length', make: Report.lengths},
    {id: 'samples', title: 'Sample outputs', make: Report.samples},
    {id: 'attention', title: 'Attention', make: Report.attention},
    {id: 'resources', title: 'Speed and memory', make: Report.resources},
    {id: 'reproduce', title: 'Doing it again', make: Report.reproduce}
  ];

  function readData() {
    const text = document.getElementById('report-data').textContent;
    const data = JSON.parse(text);
    return data && typeof data === 'object' ? data : {};
  }

  const notice = (text) => Report.element('p', {class: 'notice'}, text);

  function contentOf(section, data) {
    try {
      return section.make(data);
    } catch (error) {
      window.console.error(error);
      return [notice('This part could not be shown: ' + error.message)];
    }
  }

  function addSections(main, contents, data) {
    const entries = [];
    for (const section of sections) {
      const content = contentOf(section, data);
      if (!content) continue;
      main.append(Report.element('section', {id: section.id, 'aria-labelledby': section.id + '-heading'},
        Report.element('h2', {id: section.id + '-heading'}, section.title), content));
      entries.push(Report.element('li', null, Report.element('a', {href: '#' + section.id}, section.title)));
    }
    if (entries.length === 0) main.append(notice('There are no results yet.'));
    else contents.append(Report.element('h2', null, 'Contents'), Report.element('ol', null, entries));
  }

  /// The panel is a column beside the page where there is room, and a line on top where there is none.
  function arrangePanel(panel, isUseful) {
    panel.hidden = !isUseful;
    const wide = window.matchMedia('(min-width: 1000px)');
    const arrange = () => {
      panel.open = wide.matches;
    };
    wide.addEventListener('change', arrange);
    arrange();
    panel.addEventListener('click', (event) => {
      if (event.target.closest('a') && !wide.matches) panel.open = false;
    });
  }

  Report.start = function () {
    const byId = (id) => document.getElementById(id);
    const main = byId('content');
    let data = {};
    try {
      data = readData();
    } catch (error) {
      main.append(notice('The data of this report cannot be read: ' + error.message));
      return;
    }
    Report.rows.load(data);
    Report.masthead(byId('masthead'), data);
    Report.rowFilter(byId('row-filter'), byId('panel-summary'));
    addSections(main, byId('contents'), data);
    Report.startCharts();
    arrangePanel(byId('panel'), Report.rows.list.length > 0 || byId('contents').childElementCount > 0);
    byId('colophon').append('Made by ablate' + (data.version ? ' ' + data.version : '') +
      (data.commit ? ', commit ' + data.commit : '') + '. Charts: Plotly.js (MIT licence).');
  };

  Report.start();
})(window.Report = window.Report || {});
