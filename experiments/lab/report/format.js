// Numbers and words as the program prints them: the rules are those of number_format.cpp, so that the page and
// `ablate table` never differ in a digit.
(function (Report) {
  'use strict';

  const scales = [{unit: 1, name: ''}, {unit: 1e3, name: 'k'}, {unit: 1e6, name: 'M'}, {unit: 1e9, name: 'B'},
                  {unit: 1e12, name: 'T'}];
  const largestFixed = 1e7;
  const none = '–';

  const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

  /// printf writes 2.61e+13, JavaScript 2.61e+13 and 2.61e+3.
  const scientific = (value) => value.toExponential(2).replace(/e([+-])(\d)$/, 'e$10$2');

  /// Exact halves go to the even digit, as in C; toFixed takes them away from zero.
  function rounded(value, decimals) {
    const doubled = Math.abs(value) * 2 ** (decimals + 1);
    const isHalf = Number.isInteger(doubled) && doubled % 2 === 1 && (doubled * 5 ** decimals) % 2 === 1;
    if (!isHalf) return value.toFixed(decimals);
    const below = Math.floor(Math.abs(value) * 10 ** decimals);
    return ((Math.sign(value) * (below + (below % 2))) / 10 ** decimals).toFixed(decimals);
  }

  function fixed(value, decimals) {
    if (Math.abs(value) >= largestFixed) return scientific(value);
    const text = rounded(value, decimals);
    return /^-[0.]+$/.test(text) ? text.slice(1) : text;
  }

  const significantDecimals = (magnitude) => (magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0);

  function compactText(mean, sd) {
    const magnitude = Math.abs(mean);
    if (magnitude < 1000 && Number.isInteger(mean) && !isNumber(sd)) return {mean: fixed(mean, 0), sd: '', unit: ''};
    for (const scale of scales) {
      const scaled = magnitude / scale.unit;
      if (scaled >= 999.5) continue;
      const decimals = significantDecimals(scaled);
      return {mean: fixed(mean / scale.unit, decimals),
              sd: isNumber(sd) ? fixed(sd / scale.unit, decimals) : '', unit: scale.name};
    }
    return {mean: scientific(mean), sd: isNumber(sd) ? scientific(sd) : '', unit: ''};
  }

  const format = {none, isNumber};

  /// {mean, sd, unit} as texts.
  format.parts = function (mean, sd, column) {
    if (column.notation === 'compact') return compactText(mean, sd);
    const decimals = column.decimals || 0;
    if (column.notation === 'signed_percent') {
      return {mean: mean === 0 ? '0' : (mean > 0 ? '+' : '') + rounded(mean, decimals), sd: '', unit: '%'};
    }
    return {mean: fixed(mean, decimals), sd: isNumber(sd) ? fixed(sd, decimals) : '', unit: ''};
  };

  /// "27.10 ± 0.12", "2.61 M".
  format.number = function (mean, sd, column) {
    if (!isNumber(mean)) return none;
    const parts = format.parts(mean, sd, column);
    return parts.mean + (parts.sd ? ' ± ' + parts.sd : '') + (parts.unit ? ' ' + parts.unit : '');
  };

  format.compact = (value) => format.number(value, null, {notation: 'compact'});
  format.fixed = (value, decimals) => (isNumber(value) ? fixed(value, decimals) : none);

  /// A difference always has its sign.
  format.signed = function (value, decimals) {
    if (!isNumber(value)) return none;
    const text = fixed(value, decimals);
    return text.startsWith('-') ? '−' + text.slice(1) : '+' + text;
  };

  format.p = (p) => (!isNumber(p) ? none : p < 0.001 ? '< 0.001' : p.toFixed(3));

  format.bytes = function (bytes) {
    if (!isNumber(bytes)) return none;
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    const power = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10)) : 0;
    const scaled = bytes / 1024 ** power;
    return scaled.toFixed(power === 0 ? 0 : significantDecimals(scaled)) + ' ' + units[power];
  };

  format.duration = function (seconds) {
    if (!isNumber(seconds)) return none;
    if (seconds < 60) return seconds.toFixed(seconds < 10 ? 1 : 0) + ' s';
    const whole = Math.round(seconds);
    const two = (part) => String(part).padStart(2, '0');
    if (whole < 3600) return Math.floor(whole / 60) + ' min ' + two(whole % 60) + ' s';
    return Math.floor(whole / 3600) + ' h ' + two(Math.floor((whole % 3600) / 60)) + ' min';
  };

  /// "test BLEU (%)": a column's heading with what stands above it in the table.
  format.column = (column) =>
    (column.group ? column.group + ' ' : '') + column.heading + (column.unit ? ' (' + column.unit + ')' : '');

  format.better = (direction) =>
    (direction === 'higher' ? 'higher is better' : direction === 'lower' ? 'lower is better' : '');

  format.counted = (count, noun) => count + ' ' + noun + (count === 1 ? '' : 's');

  format.shortened = function (text, length) {
    const letters = Array.from(String(text));
    return letters.length <= length ? String(text) : letters.slice(0, Math.max(1, length - 1)).join('') + '…';
  };

  /// Both ends of a long name: rows of a grid often differ in the last letters.
  format.elided = function (text, length) {
    const letters = Array.from(String(text));
    if (letters.length <= length) return String(text);
    const tail = Math.floor((length - 1) * 0.4);
    return letters.slice(0, length - 1 - tail).join('') + '…' + letters.slice(letters.length - tail).join('');
  };

  /// For a file's name: letters and digits of any script, the rest as single hyphens.
  format.fileName = (text) => String(text).normalize('NFC').toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '').slice(0, 80) || 'figure';

  Report.format = format;
})(window.Report = window.Report || {});
