// The head of the report: what was compared, and what came out, in a few facts.
(function (Report) {
  'use strict';

  const format = Report.format;

  function runStates() {
    const counts = new Map();
    const all = Report.rows.list.flatMap((row) => row.runs);
    for (const run of all) counts.set(run.state, (counts.get(run.state) || 0) + 1);
    if (all.length === 0) return null;
    const states = ['finished', 'diverged', 'failed', 'unfinished', 'missing'].filter((state) => counts.has(state));
    return states.map((state) => counts.get(state) + ' ' + state).join(', ') + ' of ' + all.length;
  }

  function seeds() {
    const fromRuns = Report.rows.list.flatMap((row) => row.runs.map((run) => run.seed));
    const fromTable = Report.rows.list.flatMap((row) => Object.values(row.cells)
      .flatMap((cell) => Report.list(cell && cell.samples).map((sample) => sample.seed)));
    const all = Array.from(new Set(fromRuns.length > 0 ? fromRuns : fromTable)).sort((a, b) => a - b);
    return all.length > 0 ? all.join(', ') : null;
  }

  /// The best rows of the main figure, and the baseline to hold them against.
  function finding(data) {
    const column = Report.figureColumns(data).find((one) => one.key === data.figure) || Report.figureColumns(data)[0];
    if (!column) return null;
    const cell = (row) => row.cells[column.key] || {};
    const best = Report.rows.list.filter((row) => cell(row).best && format.isNumber(cell(row).mean));
    if (best.length === 0 || best.length > 3) return null;
    const text = (row) => [Report.element('bdi', null, row.label), ' ',
                           format.number(cell(row).mean, cell(row).sd, column)];
    const baseline = Report.rows.baseline();
    const other = baseline && !best.includes(baseline) && format.isNumber(cell(baseline).mean);
    const isNamed = other && baseline.label.toLowerCase().includes('baseline');
    return {term: 'Best ' + format.column(column), text: [
      best.map((row, i) => [i > 0 && ', ', text(row)]), other && [isNamed ? '; ' : '; baseline ', text(baseline)]]};
  }

  Report.masthead = function (place, data) {
    const title = data.title || 'Results';
    const found = finding(data);
    const facts = [
      found && [found.term, found.text], ['Rows', Report.rows.list.length || null], ['Seeds', seeds()],
      ['Runs', runStates()], ['Program', data.version ? 'ablate ' + data.version : null],
      ['Commit', data.commit || null]
    ].filter((fact) => fact && fact[1] !== null);
    document.title = title;
    place.append(
      Report.element('div', {class: 'title-line'}, Report.foreign('h1', null, title), Report.theme.control()),
      data.caption ? Report.foreign('p', {class: 'lead'}, data.caption) : '',
      Report.element('dl', {class: 'facts'}, facts.map(([term, text]) => Report.element('div', null,
        Report.element('dt', null, term), Report.foreign('dd', null, text)))));
  };
})(window.Report = window.Report || {});
