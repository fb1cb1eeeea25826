// What was logged during training, put together over the seeds of a row.
(function (Report) {
  'use strict';

  const isNumber = Report.format.isNumber;
  const series = {};

  /// The ways to measure how far training has come. value(row, block, i) is that of the block's entry i.
  series.axes = [
    {key: 'step', title: 'Steps', value: (row, block, i) => block.step[i]},
    {key: 'tokens', title: 'Tokens', value: (row, block, i) => Report.list(block.tokens)[i]},
    {key: 'flops', title: 'FLOPs (tokens × FLOPs per token)',
     value: (row, block, i) => (row.flops === null ? null : Report.list(block.tokens)[i] * row.flops)},
    {key: 'seconds', title: 'Time', value: (row, block, i) => Report.list(block.seconds)[i]}
  ];

  /// One curve per seed: {seed, state, step, x, y}, without entries that are not finite.
  series.seeds = function (row, source, quantity, axis) {
    return row.runs.map((run) => {
      const block = run[source] || {};
      const curve = {seed: run.seed, state: run.state, step: [], x: [], y: []};
      const values = Report.list(block[quantity]);
      Report.list(block.step).forEach((step, i) => {
        const x = axis.value(row, block, i);
        if (!isNumber(values[i]) || !isNumber(x)) return;
        curve.step.push(step);
        curve.x.push(x);
        curve.y.push(values[i]);
      });
      return curve;
    }).filter((curve) => curve.y.length > 0);
  };

  /// Steps in bins of equal count, so that no curve has more than `limit` points: [bin of every step, count].
  function binsOf(curves, limit) {
    const steps = Array.from(new Set(curves.flatMap((curve) => curve.step))).sort((a, b) => a - b);
    const size = Math.max(1, Math.ceil(steps.length / limit));
    return {bin: new Map(steps.map((step, i) => [step, Math.floor(i / size)])), count: Math.ceil(steps.length / size),
            size};
  }

  /// A seed's means within the bins; bins in which it has nothing stay out.
  function binned(curve, bins) {
    const sums = Array.from({length: bins.count}, () => ({x: 0, y: 0, n: 0}));
    curve.step.forEach((step, i) => {
      const sum = sums[bins.bin.get(step)];
      sum.x += curve.x[i];
      sum.y += curve.y[i];
      ++sum.n;
    });
    return sums.map((sum) => (sum.n === 0 ? null : {x: sum.x / sum.n, y: sum.y / sum.n}));
  }

  /// Where seeds were logged at different steps, a seed counts between two of its points with the straight line.
  function filled(line) {
    const known = line.map((point, i) => i).filter((i) => line[i]);
    return line.map((point, i) => {
      if (point || i < known[0] || i > known[known.length - 1]) return point;
      const right = known.findIndex((one) => one > i);
      const [from, to] = [known[right - 1], known[right]];
      const share = (i - from) / (to - from);
      const between = (key) => line[from][key] + share * (line[to][key] - line[from][key]);
      return {x: between('x'), y: between('y')};
    });
  }

  /// {mean: {x, y}, low, high, sd, seeds: [{seed, state, x, y}], counted, binSize}: at every point over the seeds that
  /// came so far. All arrays of the mean have the same length. As in the table, diverged seeds do not count unless all
  /// have diverged.
  series.combined = function (curves, limit) {
    const bins = binsOf(curves, limit);
    const lines = curves.map((curve) => binned(curve, bins));
    const survived = lines.filter((line, i) => curves[i].state !== 'diverged');
    const counted = (survived.length > 0 ? survived : lines).map(filled);
    const result = {mean: {x: [], y: []}, low: [], high: [], sd: [], seeds: [], counted: counted.length,
                    binSize: bins.size};
    for (let i = 0; i < bins.count; ++i) {
      const points = counted.map((line) => line[i]).filter(Boolean);
      if (points.length === 0) continue;
      const values = points.map((point) => point.y);
      const summary = Report.statistics.summary(values);
      result.mean.x.push(points.reduce((sum, point) => sum + point.x, 0) / points.length);
      result.mean.y.push(summary.mean);
      result.low.push(Math.min(...values));
      result.high.push(Math.max(...values));
      result.sd.push(summary.sd || 0);
    }
    result.seeds = curves.map((curve, i) => {
      const points = lines[i].filter(Boolean);
      return {seed: curve.seed, state: curve.state, x: points.map((point) => point.x),
              y: points.map((point) => point.y)};
    });
    return result;
  };

  const cut = (points, from) => {
    const kept = points.x.map((x, i) => i).filter((i) => points.x[i] >= from);
    return {kept, x: kept.map((i) => points.x[i]), y: kept.map((i) => points.y[i])};
  };

  /// What lies at `from` or beyond of combined curves; null if nothing does.
  series.since = function (combined, from) {
    const mean = cut(combined.mean, from);
    if (mean.kept.length === 0) return null;
    const pick = (list) => mean.kept.map((i) => list[i]);
    const seeds = combined.seeds.map((seed) => Object.assign({}, seed, cut(seed, from)))
      .filter((seed) => seed.x.length > 0);
    return Object.assign({}, combined, {mean, low: pick(combined.low), high: pick(combined.high),
                                        sd: pick(combined.sd), seeds});
  };

  /// Where a diverged run was last seen.
  const ends = (lost) => lost.map((seed) =>
    ({seed: seed.seed, x: seed.x[seed.x.length - 1], y: seed.y[seed.y.length - 1]}));

  /// There and back again: the outline of a band. Few traces draw faster than a pair of lines per row.
  function band(combined, spread, colour, name, unit) {
    const x = combined.mean.x.map((value) => value / unit);
    const high = spread === 'sd' ? combined.mean.y.map((value, i) => value + combined.sd[i]) : combined.high;
    const low = spread === 'sd' ? combined.mean.y.map((value, i) => value - combined.sd[i]) : combined.low;
    return {type: 'scatter', mode: 'lines', x: x.concat(x.slice().reverse()), y: high.concat(low.slice().reverse()),
            fill: 'toself', fillcolor: Report.faded(colour, 0.14), line: {width: 0}, hoverinfo: 'skip',
            showlegend: false, name};
  }

  /// The traces of one row. spread: 'range', 'sd', 'seeds' or 'none'; unit divides x.
  series.traces = function (row, combined, spread, unit, colours) {
    const colour = Report.rows.colour(row, colours);
    const name = Report.plain(row.label);
    const line = {color: colour, dash: row.dash, width: row.isBaseline ? 2.6 : 1.9};
    const marker = {color: colour, symbol: row.symbol, size: 7, maxdisplayed: 12};
    const scaled = (list) => list.map((value) => value / unit);
    const curve = (x, y, more) => Object.assign({type: 'scatter', mode: 'lines+markers', x: scaled(x), y, name, line,
      marker, hovertemplate: '%{fullData.name}<br>%{x}: %{y:.4g}<extra></extra>'}, more);
    const thin = (seed, more) => curve(seed.x, seed.y, Object.assign({line: Object.assign({}, line, {width: 1.2}),
      hovertemplate: '%{fullData.name}, seed ' + seed.seed + '<br>%{x}: %{y:.4g}<extra></extra>'}, more));
    const traces = [];
    const lost = combined.seeds.filter((seed) => seed.state === 'diverged');
    if (spread === 'seeds') {
      combined.seeds.forEach((seed, i) => traces.push(thin(seed, {showlegend: i === 0})));
    } else {
      if (spread !== 'none' && combined.counted > 1) traces.push(band(combined, spread, colour, name, unit));
      if (combined.counted < combined.seeds.length) {
        for (const seed of lost) traces.push(thin(seed, {showlegend: false, mode: 'lines'}));
      }
      traces.push(curve(combined.mean.x, combined.mean.y));
    }
    if (lost.length > 0) {
      const last = ends(lost);
      traces.push({type: 'scatter', mode: 'markers', showlegend: false, name, x: scaled(last.map((end) => end.x)),
                   y: last.map((end) => end.y), text: last.map((end) => String(end.seed)),
                   marker: {symbol: 'x-thin', size: 11, color: colour, line: {width: 3, color: colours.bad}},
                   hovertemplate: '%{fullData.name}, seed %{text}: diverged<extra></extra>'});
    }
    return traces;
  };

  /// Seconds, minutes or hours, whichever reads best for the longest curve.
  series.timeUnit = (longest) => (longest > 7200 ? {unit: 3600, name: 'h'} : longest > 300 ? {unit: 60, name: 'min'}
                                                                                         : {unit: 1, name: 's'});

  Report.series = series;
})(window.Report = window.Report || {});
