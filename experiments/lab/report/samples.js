// Outputs of all rows for one sentence, beside its reference.
(function (Report) {
  'use strict';

  const tags = {same: 'span', added: 'ins', 'left out': 'del'};

  function marked(reference, output) {
    return Report.wordDiff(reference, output).map((piece, i) => [
      i > 0 && piece.spaced && ' ', Report.element(tags[piece.kind], null, piece.text)]);
  }

  function lineOf(head, text, attributes) {
    return Report.element('div', Object.assign({class: 'sample-line'}, attributes),
      Report.element('dt', null, head), Report.foreign('dd', null, text));
  }

  function outputLine(sample, output, isMarked) {
    const text = output.text === '' || output.text === null || output.text === undefined
      ? Report.element('span', {class: 'aside'}, '(empty)')
      : isMarked && sample.reference ? marked(sample.reference, output.text) : output.text;
    return lineOf([Report.rowName(output.row), Report.element('span', {class: 'aside'}, ' seed ' + output.seed)], text);
  }

  function outputsOf(sample, seed) {
    return Report.list(sample.outputs).filter((output) => {
      const row = Report.rows.find(output.row);
      return row && row.shown && (seed === 'all' || String(output.seed) === seed);
    });
  }

  function show(place, sample, seed, isMarked) {
    const outputs = outputsOf(sample, seed);
    place.replaceChildren(Report.element('dl', {class: 'samples'},
      lineOf('Source', sample.source, {class: 'sample-line given'}),
      sample.reference && lineOf('Reference', sample.reference, {class: 'sample-line given'}),
      outputs.map((output) => outputLine(sample, output, isMarked))));
    if (outputs.length === 0) {
      place.append(Report.element('p', {class: 'empty'}, 'No output of the rows in the charts with this seed.'));
    }
  }

  Report.samples = function (data) {
    const all = Report.list(data.samples);
    if (all.length === 0) return null;
    const place = Report.element('div');
    const splits = Array.from(new Set(all.map((sample) => sample.split)));
    const seeds = Array.from(new Set(all.flatMap((sample) =>
      Report.list(sample.outputs).map((output) => output.seed))));
    const inSplit = () => all.filter((sample) => sample.split === split.value());
    const options = () => inSplit().map((sample, i) => ({value: i, text: sample.number + ': ' +
      Report.format.shortened(sample.source || '', 40)}));
    const update = () => {
      const chosen = Number(sentence.value());
      before.disabled = chosen === 0;
      after.disabled = chosen + 1 >= inSplit().length;
      show(place, inSplit()[chosen], seed.value(), marks.box.checked);
    };
    const move = (by) => () => {
      sentence.box.value = String(Number(sentence.value()) + by);
      update();
      Report.announce('Sentence ' + inSplit()[Number(sentence.value())].number);
    };
    const split = Report.select('Split', splits.map((name) => ({value: name, text: name})), splits[0], () => {
      sentence.set(options(), 0);
      update();
    });
    const sentence = Report.select('Sentence', options(), 0, update);
    const seed = Report.select('Seed', [{value: 'all', text: 'all'}].concat(
      seeds.map((one) => ({value: one, text: one}))), seeds[0], update);
    const marks = Report.checkbox('Mark differences', true, update);
    const before = Report.button('Previous', move(-1), {class: 'small'});
    const after = Report.button('Next', move(1), {class: 'small'});
    update();
    Report.rows.onChange(update);
    return [
      Report.element('div', {class: 'toolbar'}, splits.length > 1 && split.control, sentence.control,
        Report.element('div', {class: 'control row-buttons'}, before, after), seeds.length > 1 && seed.control,
        marks.control),
      Report.element('p', {class: 'hint'}, 'Compared with the reference word by word: ',
        Report.element('ins', null, 'underlined'), ' words are the output’s own, ',
        Report.element('del', null, 'struck'), ' words are missing from it.'),
      place];
  };
})(window.Report = window.Report || {});
