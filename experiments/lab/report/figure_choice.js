// The figures that charts can be about: the measured columns of the results table.
(function (Report) {
  'use strict';

  Report.figureColumns = (data) => Report.list(data.table && data.table.columns)
    .filter((column) => column.content === 'measurement');

  /// A drop-down of columns; column() is the one that is chosen.
  Report.figureSelect = function (columns, chosen, onChange, label) {
    const options = columns.map((column) => ({value: column.key, text: Report.format.column(column)}));
    const select = Report.select(label || 'Figure', options, chosen, onChange);
    const column = () => columns.find((one) => one.key === select.value()) || columns[0];
    return {control: select.control, column};
  };
})(window.Report = window.Report || {});
