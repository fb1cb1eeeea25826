// All that is needed to do it again.
(function (Report) {
  'use strict';

  const format = Report.format;
  const fewRows = 10;

  /// Where the page may not write to the clipboard, the text is selected for the reader to copy.
  function copyButton(source) {
    const button = Report.button('Copy', () => {
      const select = () => window.getSelection().selectAllChildren(source);
      if (!window.navigator.clipboard) {
        select();
        return;
      }
      window.navigator.clipboard.writeText(source.textContent).then(() => {
        button.textContent = 'Copied';
        window.setTimeout(() => {
          button.textContent = 'Copy';
        }, 1500);
      }, select);
    }, {class: 'small'});
    return button;
  }

  function code(text, label) {
    const source = Report.element('code', null, text);
    return Report.element('div', {class: 'code'},
      Report.element('pre', {tabindex: '0', role: 'region', 'aria-label': label, dir: 'ltr'}, source),
      copyButton(source));
  }

  function command(text) {
    return text && [Report.element('h3', null, 'Command'), code(text, 'Command')];
  }

  function files(list) {
    return list.length > 0 && [Report.element('h3', null, 'Experiment files'), list.map((file) =>
      Report.folded(Report.element('code', null, file.name), () => code(file.text, file.name)))];
  }

  function configurations(list) {
    if (list.length === 0) return null;
    const parts = () => list.map((item) => Report.folded(Report.rowName(item.row), () =>
      code(JSON.stringify(item.json, null, 2), 'Configuration of ' + item.row)));
    return [Report.element('h3', null, 'Resolved configurations'), list.length <= fewRows ? parts()
      : Report.folded(format.counted(list.length, 'configuration'), () => Report.element('div', null, parts()))];
  }

  function dataSets(list) {
    return list.length > 0 && [Report.element('h3', null, 'Data'), Report.plainTable('Data',
      [{text: 'Split'}, {text: 'Sentences', number: true}, {text: 'SHA-256'}],
      list.map((item) => [item.split,
                          format.isNumber(item.sentences) ? item.sentences.toLocaleString('en-US') : format.none,
                          Report.element('code', {class: 'hash'}, item.sha256 || format.none)]))];
  }

  function environments(list) {
    return list.length > 0 && [Report.element('h3', null, 'Environments'), Report.element('ul', {class: 'footnotes'},
      list.map((text) => Report.foreign('li', null, text)))];
  }

  function runs() {
    const all = Report.rows.list.flatMap((row) => row.runs.map((run) => ({row, run})));
    if (all.length === 0) return null;
    const headings = [{text: 'Row'}, {text: 'Seed', number: true}, {text: 'State'}, {text: 'Time', number: true},
                      {text: 'Tokens/s', number: true}, {text: 'Peak memory', number: true}, {text: 'Folder'},
                      {text: 'Commit'}, {text: 'Machine'}];
    return [Report.element('h3', null, 'Runs'),
      Report.folded(format.counted(all.length, 'run'), () => Report.plainTable('Runs', headings, all.map(({row, run}) =>
        [row.label, run.seed, run.state + (run.reason ? ' (' + run.reason + ')' : ''), format.duration(run.seconds),
         format.fixed(run.tokens_per_second, 0), format.bytes(run.peak_memory_bytes), run.folder || format.none,
         run.commit || format.none, run.machine || format.none])))];
  }

  Report.reproduce = function (data) {
    const parts = data.reproduce || {};
    const sections = [command(parts.command), files(Report.list(parts.files)),
                      configurations(Report.list(parts.configurations)), dataSets(Report.list(parts.data)),
                      environments(Report.list(parts.environments)), runs()].filter(Boolean);
    return sections.length > 0 ? sections : null;
  };
})(window.Report = window.Report || {});
