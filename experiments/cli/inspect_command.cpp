// `ablate inspect`: one run in the terminal.
#include "experiments/cli/command.h"
#include "experiments/cli/device.h"
#include "experiments/lab/attention_maps.h"
#include "experiments/lab/inspection.h"
#include "experiments/lab/terminal_plot.h"
#include "experiments/lab/trained_run.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <iostream>

namespace ablate::cli {
namespace {

/// The mean over the heads of one layer.
std::string shown_map(const lab::AttentionMap& map) {
  const Tensor mean_TS = map.weights_HTS.mean(0);
  std::vector<std::vector<double>> weights;
  for (std::int64_t t = 0; t < mean_TS.size(0); ++t) {
    std::vector<double>& row = weights.emplace_back();
    for (std::int64_t s = 0; s < mean_TS.size(1); ++s) row.push_back(mean_TS[t][s].item<double>());
  }
  return map.kind + " attention, layer " + std::to_string(map.layer + 1) + ", mean of " +
         std::to_string(map.weights_HTS.size(0)) + " heads\n\n" + lab::plot_weights(weights, map.queries, map.keys);
}

/// The last layer of each kind.
void show_maps(const std::vector<lab::AttentionMap>& maps) {
  for (const char* kind : {"encoder", "decoder", "cross"}) {
    const auto last = std::find_if(maps.rbegin(), maps.rend(), [&](const auto& map) { return map.kind == kind; });
    if (last != maps.rend()) std::cout << "\n" << shown_map(*last);
  }
}

/// The run's own output for the sentence, and which words of the source it looked at while it wrote that; of a language
/// model, which words of the sentence it looks back at.
void show_attention(lab::TrainedRun& run, const std::string& sentence) {
  if (run.labels()) std::cout << "\nlabel   " << run.classify({sentence}, largest_count).lines.front().label << "\n";
  if (run.reads_source_alone()) return show_maps(run.attention(sentence, ""));
  if (!run.translates()) return show_maps(run.attention("", sentence));
  const lab::Translation translation = run.translate({sentence}, {.decoding = run.decoding()});
  if (translation.lines.front().hypotheses.empty()) throw UserError("--sentence: has no token");
  const std::string output = translation.lines.front().hypotheses.front().text;
  std::cout << "\nsource  " << sentence << "\noutput  " << output << "\n";
  show_maps(run.attention(sentence, output));
}

}  // namespace

int inspect_command(const std::vector<std::string>& words) {
  Arguments arguments("inspect RUN_DIR [options]",
                      "Shows one run: its state and size, how its dev loss fell, its best step, outputs beside their\n"
                      "references, and, for a sentence, the attention of the last layers.",
                      "  ablate inspect runs/swiglu.s1.0123456789abcdef --samples 10\n"
                      "  ablate inspect runs/swiglu.s1.0123456789abcdef --sentence 'a man rides a horse .'");
  arguments.add_value("run", "folder of a run", "RUN_DIR");
  arguments.add_value("samples", "outputs shown of every decoded split", "N", "3");
  arguments.add_value("sentence", "a source sentence whose output and attention are shown; of a language model a text",
                      "TEXT");
  add_device_options(arguments);
  if (!arguments.parse(words, {"run"})) return success;
  set_threads(arguments);
  const std::string folder = arguments.required("run");
  const auto samples = static_cast<std::size_t>(arguments.integer("samples", 0, largest_count));
  const lab::RunFolder run(folder);
  std::cout << lab::inspect_run(run) << lab::sample_outputs(run, samples);
  if (arguments.has("sentence")) {
    lab::TrainedRun trained(folder, choose_device(arguments.text("device")));
    show_attention(trained, arguments.text("sentence"));
  }
  return success;
}

}  // namespace ablate::cli
