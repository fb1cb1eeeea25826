#pragma once
// Which parameters of a model begin as those of another one, by name, within what `training.initialize_from` asks for:
//   renamed     what `rename` says, the longest beginning that fits
//   the same    a name that both have
//   embeddings  the matrix that serves the same input there: tied or not, one is called `source`, `target` or `shared`,
//               see Embeddings::names_by_use(); an output layer's own where it is no input
// A head over words and one over whole texts have layers of the same names that do different things: they are taken for
// one another only by `rename`.
//
// Shapes have to be equal. Only the rows of words may be more or fewer: both sides know the same words by the same
// numbers then, and differ in those behind them, such as a mask or a sign for padding that one has and the other lacks.
#include "experiments/lab/config.h"
#include "transformer/model/transformer.h"
#include "transformer/training/checkpoint.h"

#include <functional>
#include <map>

namespace ablate::lab {

/// The parameters of a model, as far as it matters for taking them over.
struct ParameterNames {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  std::map<std::string, std::string> embeddings;  ///< Embeddings::names_by_use(), in full: "embedding.shared"
  std::string head{};                             ///< kind of an encoder's head, "" of other families
};

/// Of a model that may be on the meta device.
ParameterNames parameter_names(const Transformer& model);
/// Of one that is not built: takes no memory.
ParameterNames parameter_names(const ModelConfig& config, const VocabularyInfo& vocabulary);

/// Whether each row of a parameter is a word's, or a class's.
bool has_rows_of_words(const ParameterNames& model, const std::string& name);

struct TakenParameter {
  std::string name, from;
  std::int64_t values;
  std::optional<std::int64_t> rows{};  ///< only the first ones
};

struct FreshParameter {
  std::string name, why;
};

struct ParameterTransfer {
  std::vector<TakenParameter> taken;  ///< by name, as the others
  std::vector<FreshParameter> fresh;
  std::vector<std::string> unused{};  ///< of the other run
  std::vector<std::string> notes{};   ///< sentences that the user should read
};

/// Why the rows of `name` do not stand for the same words as the other run's `from`: "" if they do.
using OtherWords = std::function<std::string(const std::string& name, const std::string& from)>;

/// UserError `where: …`, a line for everything that does not fit: shapes, words, beginnings that are those of no
/// parameter or for which there is nothing, what `strict` forbids; and if nothing at all is taken.
ParameterTransfer plan_transfer(const ParameterNames& own, const ParameterNames& other,
                                const InitializeFromConfig& settings, const OtherWords& other_words,
                                const std::string& where);

/// UserError `where: …` if a tensor is missing in `weights` or is of another shape than was planned.
void copy_parameters(const ParameterTransfer& transfer, const NamedTensors& weights, torch::nn::Module& model,
                     const std::string& where);

/// "42 of 44 parameters (3,151,872 values); drawn: head.… (the run has none); unused: decoder.…"
std::string summary_of(const ParameterTransfer& transfer);

/// In full, for a file.
Json to_json(const ParameterTransfer& transfer);

}  // namespace ablate::lab
