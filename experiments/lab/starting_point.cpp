#include "experiments/lab/starting_point.h"

#include "data/files/sha256.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/known_sum.h"
#include "experiments/lab/text.h"
#include "transformer/core/error.h"

#include <algorithm>

namespace ablate::lab {
namespace fs = std::filesystem;
namespace {

constexpr const char* start_path = "training.initialize_from";

std::string without_last_slash(const fs::path& path) {
  const fs::path plain = path.lexically_normal();
  return (plain.has_filename() ? plain : plain.parent_path()).string();
}

fs::path find_starting_run(const std::string& named, const fs::path& folder) {
  const std::string beside = without_last_slash(folder / named), here = without_last_slash(named);
  for (const std::string& place : {beside, here}) {
    if (fs::exists(place)) return place;
  }
  throw UserError("there is no such folder: " + beside + (here == beside ? "" : ", nor " + here));
}

std::string content_of_weights(const std::vector<fs::path>& files, const fs::path& notes) {
  if (files.size() == 1) return known_sum(files.front(), notes);
  std::string sums;
  for (const fs::path& file : files) sums += known_sum(file, notes);
  return data::sha256(sums);
}

/// Where the sums of weights are noted, beside the runs that begin from them; "" where there is no such folder yet.
fs::path folder_of_notes(const fs::path& out) {
  std::error_code ignored;
  return !out.empty() && fs::is_directory(out, ignored) ? out / "starting_points" : fs::path();
}

StartingPoint open_starting_run(const InitializeFromConfig& settings, const fs::path& folder, const fs::path& out) {
  StartingPoint start{StoredRun(find_starting_run(*settings.run, folder)), {}, ""};
  EvaluationConfig chosen;
  chosen.checkpoint = settings.checkpoint;
  chosen.average = settings.average;
  start.files = chosen_checkpoints(chosen, start.run.result, start.run.folder);
  const bool averages = checkpoint_choice_table().choices().find(settings.checkpoint)->uses_option("average");
  const std::int64_t wanted = averages ? settings.average : 1;
  if (static_cast<std::int64_t>(start.files.size()) < wanted) {
    throw UserError(start.run.folder.string() + ": checkpoint '" + settings.checkpoint + "' needs " +
                    std::to_string(wanted) + " kept ones, and the run has " + std::to_string(start.files.size()));
  }
  start.content = content_of_weights(start.files, folder_of_notes(out));
  return start;
}

/// "a, b, c, d, and 2 more"
std::string classes_text(const data::Tokenizer& labels) {
  constexpr std::size_t most = 4;
  std::vector<std::string> names;
  for (std::int64_t id = 0; id < labels.size(); ++id) names.push_back(labels.piece(static_cast<std::int32_t>(id)));
  return joined(names, ", ", most);
}

std::string key_of_start(const std::string& run, const InitializeFromConfig& settings) {
  return run + "\n" + settings.checkpoint + "\n" + std::to_string(settings.average);
}

/// Tells whether two tokenizers are one: their files' content is.
class SameWords {
 public:
  SameWords(const StartingPoint& start, const ParameterNames& own, const ParameterNames& other,
            const data::Corpus& corpus)
      : start_(start), own_(own), other_(other), corpus_(corpus) {}

  std::string operator()(const std::string& name, const std::string& from) const {
    const bool of_source = is_source(own_, name), from_source = is_source(other_, from);
    const data::Tokenizer& ours = of_source ? corpus_.source_tokenizer() : corpus_.target_tokenizer();
    const auto& theirs = from_source ? start_.run.source : start_.run.target;
    if (!theirs) return "the run was imported without a tokenizer, so that its words are not known";
    if (ours.serialize() == theirs->serialize()) return "";
    const fs::path& file = from_source ? start_.run.source_file : start_.run.target_file;
    if (!name.starts_with("head.")) {
      return "its rows are those of other words: take the run's tokenizer by \"data.tokenizer.model\" (" +
             file.string() + ")";
    }
    return start_.run.config.objective.traits().content != data::Content::classes
               ? "the run's objective is '" + start_.run.config.objective.kind + "', and here others are said"
               : "its rows are those of other classes, " + classes_text(*theirs);
  }

 private:
  static bool is_source(const ParameterNames& model, const std::string& name) {
    const auto found = model.embeddings.find("source");
    return found != model.embeddings.end() && found->second == name;
  }

  const StartingPoint& start_;
  const ParameterNames& own_;
  const ParameterNames& other_;
  const data::Corpus& corpus_;
};

/// A published model may begin and end its texts with other symbols than its tokenizer's file names.
std::string symbols_note(const StartingPoint& start, const data::Corpus& corpus) {
  if (!start.run.source || start.run.source->serialize() != corpus.source_tokenizer().serialize()) return "";
  const data::Specials theirs = start.run.source->specials(), ours = corpus.source_tokenizer().specials();
  if (theirs.bos == ours.bos && theirs.eos == ours.eos) return "";
  const auto text = [](const data::Specials& specials) {
    return std::to_string(specials.bos) + " and " + std::to_string(specials.eos);
  };
  return "warning: " + start.run.folder.string() + " begins and ends its texts with the tokens " + text(theirs) +
         ", and this run with " + text(ours) + ": training has to teach it these";
}

}  // namespace

std::shared_ptr<const StartingPoint> StartingPoints::open(const InitializeFromConfig& settings) {
  std::shared_ptr<const StartingPoint>& start = known_[key_of_start(*settings.run, settings)];
  try {
    if (!start) start = std::make_shared<const StartingPoint>(open_starting_run(settings, folder_, out_));
    // A row is asked for again when it has the name that was found.
    known_[key_of_start(start->run.folder.string(), settings)] = start;
  } catch (const UserError& error) {
    throw UserError(std::string(start_path) + ".run: " + error.what());
  }
  if (!settings.content || *settings.content == start->content) return start;
  throw UserError(std::string(start_path) + ".content: " + start->run.folder.string() + " has other weights, " +
                  start->content + ", than " + *settings.content);
}

ExperimentRow with_starting_point(const Experiment& experiment, const ExperimentRow& row, StartingPoints& points) {
  const InitializeFromConfig& settings = row.config.training.initialize_from;
  if (!settings.run) return row;
  std::shared_ptr<const StartingPoint> start;
  try {
    start = points.open(settings);
  } catch (const UserError& error) {
    throw UserError(experiment.file.string() + " (row '" + row.label + "'): " + error.what());
  }
  const std::string path = start_path;
  return with_settings(experiment, row,
                       Json{{path + ".run", start->run.folder.string()}, {path + ".content", start->content}});
}

ParameterTransfer plan_start(const StartingPoint& start, const RunConfig& config, const VocabularyInfo& vocabulary,
                             const data::Corpus* corpus, const std::string& where) {
  const ParameterNames own = parameter_names(config.model, vocabulary);
  const ParameterNames other = parameter_names(start.run.config.model, start.run.vocabulary);
  OtherWords other_words = [](const std::string&, const std::string&) { return std::string(); };
  if (corpus != nullptr) other_words = SameWords(start, own, other, *corpus);
  ParameterTransfer transfer =
      plan_transfer(own, other, config.training.initialize_from, other_words, where + ": " + start_path);
  const bool takes_words = std::ranges::any_of(transfer.taken, [&](const TakenParameter& parameter) {
    return parameter.name.starts_with("embedding.") && has_rows_of_words(own, parameter.name);
  });
  if (corpus == nullptr || !takes_words) return transfer;
  if (std::string note = symbols_note(start, *corpus); !note.empty()) transfer.notes.push_back(std::move(note));
  return transfer;
}

ParameterTransfer begin_from(Transformer& model, const RunConfig& config, const VocabularyInfo& vocabulary,
                             const data::Corpus& corpus, const fs::path& out) {
  const auto start = StartingPoints("", out).open(config.training.initialize_from);
  const std::string where = start->run.folder.string();
  ParameterTransfer transfer = plan_start(*start, config, vocabulary, &corpus, where);
  copy_parameters(transfer, stored_weights(start->files), model, where);
  return transfer;
}

std::string start_text(const InitializeFromConfig& settings, const std::string& summary) {
  return settings.run.value_or("") + " (" + settings.checkpoint + "): " + summary;
}

}  // namespace ablate::lab
