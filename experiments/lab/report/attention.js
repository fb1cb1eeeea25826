// Attention maps: all heads of one layer as small multiples of one scale.
(function (Report) {
  'use strict';

  const format = Report.format;
  const titleHeight = 26;
  const letter = 6.3;  // px: the width of a letter of a tick's text, about
  const longest = 12;  // letters of a token that are shown
  const gap = 16;

  const kinds = {encoder: 'encoder self-attention', decoder: 'decoder self-attention', cross: 'cross-attention'};

  const tokens = (list) => Report.list(list)
    .map((token) => format.shortened(String(token).replace(/^\s+$/, '␣'), longest));

  const extent = (names) => 12 + letter * Math.max(1, ...names.map((name) => Array.from(name).length));

  /// As many panels to a line as leave them legible, and rather fewer than an uneven last line.
  function panelsAcross(count, room, keys) {
    const most = Math.max(1, Math.min(count, 4, Math.floor(room / (10 * keys + gap))));
    return most > 2 && count % most !== 0 && count % (most - 1) === 0 ? most - 1 : most;
  }

  /// Square cells. Queries are named at the left of every line, keys at the foot of every column, or of every panel
  /// where columns are long.
  function arrangement(map, count, width) {
    const queries = tokens(map.queries);
    const keys = tokens(map.keys);
    const left = extent(queries);
    const across = panelsAcross(count, width - left, keys.length);
    const cell = Math.min(across === 1 ? 26 : 30, (width - left - gap * across) / across / keys.length);
    const down = Math.ceil(count / across);
    const isLong = across < 3;
    const lineHeight = titleHeight + cell * queries.length + 10;
    const bottom = extent(keys);
    const height = down * lineHeight + (isLong ? down : 1) * bottom;
    const isFoot = (i) => isLong || i + across >= count;
    const corner = (i) => ({x: left + (i % across) * (cell * keys.length + gap),
                            y: Math.floor(i / across) * (lineHeight + (isLong ? bottom : 0)) + titleHeight});
    return {queries, keys, cell, width, height, corner, isFoot, isFirst: (i) => i % across === 0};
  }

  /// The names of every n-th token where there is no room for all.
  function ticks(names, cell) {
    const stride = Math.max(1, Math.ceil(10 / cell));
    const kept = names.map((name, i) => i).filter((i) => i % stride === 0);
    return {tickmode: 'array', tickvals: kept, ticktext: kept.map((i) => Report.plain(names[i]))};
  }

  function panel(place, i, head, title, map, colours) {
    const {x, y} = place.corner(i);
    const across = (px) => px / place.width;
    const down = (px) => 1 - px / place.height;
    const bare = {showgrid: false, zeroline: false, showline: false, ticks: '', fixedrange: true,
                  tickfont: {size: 10, color: colours.muted}};
    const suffix = i === 0 ? '' : String(i + 1);
    const names = (query, key) => Report.plain(map.queries[query]) + ' → ' + Report.plain(map.keys[key]);
    return {
      trace: {
        type: 'heatmap', z: head, coloraxis: 'coloraxis', xaxis: 'x' + suffix, yaxis: 'y' + suffix, xgap: 1, ygap: 1,
        customdata: head.map((line, query) => line.map((value, key) => names(query, key))),
        hovertemplate: Report.plain(title) + '<br>%{customdata}: %{z:.3f}<extra></extra>'
      },
      axes: {
        ['xaxis' + suffix]: Object.assign({
          domain: [across(x), across(x + place.cell * place.keys.length)], anchor: 'y' + suffix, tickangle: -90,
          range: [-0.5, place.keys.length - 0.5], showticklabels: place.isFoot(i)},
          ticks(place.keys, place.cell), bare),
        ['yaxis' + suffix]: Object.assign({
          domain: [down(y + place.cell * place.queries.length), down(y)], anchor: 'x' + suffix,
          range: [place.queries.length - 0.5, -0.5], showticklabels: place.isFirst(i)},
          ticks(place.queries, place.cell), bare)
      },
      annotation: {x: across(x), y: down(y - 4), xref: 'paper', yref: 'paper', xanchor: 'left', yanchor: 'bottom',
                   showarrow: false, text: Report.plain(title), font: {size: 12, color: colours.ink}}
    };
  }

  /// All heads, or the one with the given number.
  const chosenHeads = (map, which) => Report.list(map.heads).map((weights, i) => ({weights, title: 'Head ' + (i + 1)}))
    .filter((head, i) => which === 'all' || Number(which) === i);

  function build(item, map, which, width, colours) {
    const heads = chosenHeads(map, which);
    if (heads.length === 0 || tokens(map.keys).length === 0) return {empty: 'There is no head in this layer.'};
    const inner = width - (width >= 520 ? 56 : 8);
    const place = arrangement(map, heads.length, inner);
    const panels = heads.map((head, i) => panel(place, i, head.weights, head.title, map, colours));
    const largest = Math.max(...heads.map((head) => Math.max(...head.weights.flat().filter(format.isNumber))));
    const layout = Report.layout(colours, place.height + 32, Object.assign({
      margin: {l: 4, r: width - inner - 4, t: 28, b: 4, autoexpand: false}, dragmode: false,
      annotations: panels.map((one) => one.annotation),
      coloraxis: {cmin: 0, cmax: largest, colorscale: [[0, colours.low], [1, colours.high]], showscale: width >= 520,
                  colorbar: {thickness: 8, outlinewidth: 0, x: 1, xpad: 6, y: 1, yanchor: 'top', lenmode: 'pixels',
                             len: Math.min(180, place.height), ticks: '', tickfont: {size: 10.5, color: colours.muted}}}
    }, ...panels.map((one) => one.axes)));
    return {data: panels.map((one) => one.trace), layout,
            label: kinds[map.kind] + ' of layer ' + map.layer + ' of ' + item.row + ', ' +
              format.counted(heads.length, 'head') + ', for the sentence “' + item.sentence + '”.'};
  }

  /// In words: the key that every query looks at most.
  function tableOf(map, which) {
    const heads = chosenHeads(map, which);
    return Report.plainTable('The key with the greatest weight for every query',
      [{text: 'Query'}].concat(heads.map((head) => ({text: head.title}))),
      Report.list(map.queries).map((query, q) => [query].concat(heads.map((head) => {
        const weights = Report.list(head.weights[q]);
        const most = Math.max(...weights);
        return weights.length === 0 ? format.none : map.keys[weights.indexOf(most)] + ' ' + format.fixed(most, 2);
      }))));
  }

  const distinct = (list) => Array.from(new Set(list));

  Report.attention = function (data) {
    const items = Report.list(data.attention).filter((item) => Report.list(item.maps).length > 0);
    if (items.length === 0) return null;
    const runOf = (item) => JSON.stringify([item.row, item.seed]);
    const options = (list, text) => list.map((value) => ({value, text: text ? text(value) : String(value)}));
    // Every choice leaves only what there is for the choices before it.
    const ofRun = () => items.filter((item) => runOf(item) === run.value());
    const item = () => ofRun()[Number(sentence.value())] || ofRun()[0];
    const ofKind = () => item().maps.filter((map) => map.kind === kind.value());
    const map = () => ofKind().find((one) => String(one.layer) === layer.value()) || ofKind()[0];
    const sentenceOptions = () => ofRun().map((one, i) => ({value: i, text: format.shortened(one.sentence || '', 44)}));
    const kindOptions = () => options(distinct(item().maps.map((one) => one.kind)), (name) => kinds[name] || name);
    const layerOptions = () => options(ofKind().map((one) => one.layer));
    const headOptions = () => [{value: 'all', text: 'all'}].concat(
      Report.list(map().heads).map((weights, i) => ({value: i, text: i + 1})));
    const narrow = (from) => () => {
      if (from <= 0) sentence.set(sentenceOptions(), sentence.value());
      if (from <= 1) kind.set(kindOptions(), kind.value());
      if (from <= 2) layer.set(layerOptions(), layer.value());
      if (from <= 3) head.set(headOptions(), head.value());
      chart.refresh();
    };
    const runs = distinct(items.map(runOf));
    const run = Report.select('Row', options(runs, (value) => {
      const [row, seed] = JSON.parse(value);
      return row + ', seed ' + seed;
    }), runs[0], narrow(0));
    const sentence = Report.select('Sentence', sentenceOptions(), 0, narrow(1));
    const kind = Report.select('Kind', kindOptions(), item().maps[0].kind, narrow(2));
    const layer = Report.select('Layer', layerOptions(), item().maps[0].layer, narrow(3));
    const head = Report.select('Heads', headOptions(), 'all', narrow(4));
    const chart = Report.chart({
      name: () => ['attention', item().row, 's' + item().seed, kind.value(), 'layer', layer.value()].join('-'),
      height: 480,
      controls: [run.control, sentence.control, kind.control, layer.control, head.control],
      caption: () => 'Weights of the ' + (kinds[map().kind] || map().kind) + ' in layer ' + map().layer + ' of ' +
        item().row + ': queries down, keys across, one scale for all heads. Sentence: “' + item().sentence + '”',
      build: (width, colours) => build(item(), map(), head.value(), width, colours),
      table: () => tableOf(map(), head.value())
    });
    return [chart.figure];
  };
})(window.Report = window.Report || {});
