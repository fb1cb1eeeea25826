// The words in which an output differs from its reference: those outside a longest common subsequence.
(function (Report) {
  'use strict';

  // Scripts that put no space between words are compared character by character.
  const unspaced = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}' +
                   '\\p{Script=Khmer}\\p{Script=Myanmar}';
  const pattern = new RegExp('[' + unspaced + ']\\p{M}*|[^\\s' + unspaced + ']+', 'gu');
  const isUnspaced = new RegExp('^[' + unspaced + ']', 'u');
  const mostProducts = 4e6;

  /// {text, spaced}: whether blank space stands before the word, or would, were it not the first.
  function wordsOf(text) {
    return Array.from(String(text).matchAll(pattern), (match) => ({
      text: match[0], spaced: match.index > 0 ? /\s/u.test(text[match.index - 1]) : !isUnspaced.test(match[0])}));
  }

  /// lengths[i][j]: of the longest common subsequence of a from i on and b from j on.
  function commonLengths(a, b) {
    const lengths = Array.from({length: a.length + 1}, () => new Uint32Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; --i) {
      for (let j = b.length - 1; j >= 0; --j) {
        lengths[i][j] = a[i].text === b[j].text ? lengths[i + 1][j + 1] + 1
                                                : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
      }
    }
    return lengths;
  }

  /// [{kind: 'same' | 'added' | 'left out', text, spaced}], neighbours of a kind joined: how `output` comes out of
  /// `reference`. Texts too long to compare are one piece each.
  Report.wordDiff = function (reference, output) {
    const a = wordsOf(reference);
    const b = wordsOf(output);
    const pieces = [];
    const push = (kind, word) => {
      const last = pieces[pieces.length - 1];
      if (last && last.kind === kind) last.text += (word.spaced ? ' ' : '') + word.text;
      else pieces.push({kind, text: word.text, spaced: word.spaced});
    };
    if (a.length * b.length > mostProducts) {
      a.forEach((word) => push('left out', word));
      b.forEach((word) => push('added', word));
      return pieces;
    }
    const lengths = commonLengths(a, b);
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i].text === b[j].text) {
        push('same', b[j]);
        ++i;
        ++j;
      } else if (i < a.length && (j === b.length || lengths[i + 1][j] >= lengths[i][j + 1])) {
        push('left out', a[i++]);
      } else {
        push('added', b[j++]);
      }
    }
    return pieces;
  };
})(window.Report = window.Report || {});
