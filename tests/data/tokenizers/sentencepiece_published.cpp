// SentencePiece models with the symbols that published models give theirs, T5, LLaMA, Marian and ALBERT, alone: no
// other file of the model lies beside them.
#include <sentencepiece_processor.h>

#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"
#include "tests/data/tokenizers/trained_model.h"

using namespace ablate::data;
using namespace ablate::data::testing;
using Ids = std::vector<std::int32_t>;

namespace {

const std::string line = "my sister follows the old man";

/// The line with the symbols around it, which decoding leaves out.
void check_reads(const Tokenizer& tokenizer, const std::string& model) {
  CHECK(tokenizer.serialize() == model);
  sentencepiece::SentencePieceProcessor library;
  REQUIRE(library.LoadFromSerializedProto(model).ok());
  Ids ids = tokenizer.encode(line);
  CHECK(ids == library.EncodeAsIds(line));
  const Specials specials = tokenizer.specials();
  ids.insert(ids.begin(), static_cast<std::int32_t>(specials.bos));
  ids.push_back(static_cast<std::int32_t>(specials.eos));
  ids.push_back(static_cast<std::int32_t>(specials.pad));
  CHECK(tokenizer.decode(ids) == line);
}

}  // namespace

TEST_CASE("SentencePiece: a model like T5's, without bos", "[tokenizers]") {
  const TemporaryFolder folder;
  const std::string model = trained_model({{"model_type", "unigram"},
                                           {"vocab_size", "60"},
                                           {"pad_id", "0"},
                                           {"eos_id", "1"},
                                           {"unk_id", "2"},
                                           {"bos_id", "-1"}});
  const auto tokenizer = load_tokenizer(folder.write("spiece.model", model));
  CHECK(tokenizer->specials() == Specials{.pad = 0, .bos = 60, .eos = 1, .unk = 2});
  CHECK(tokenizer->size() == 61);
  check_reads(*tokenizer, model);
}

TEST_CASE("SentencePiece: a model like LLaMA's, of bytes where it must be and without pad", "[tokenizers]") {
  const TemporaryFolder folder;
  const std::string model = trained_model({{"model_type", "bpe"},
                                           {"vocab_size", "330"},
                                           {"byte_fallback", "true"},
                                           {"unk_id", "0"},
                                           {"bos_id", "1"},
                                           {"eos_id", "2"},
                                           {"pad_id", "-1"},
                                           {"split_digits", "true"},
                                           {"normalization_rule_name", "identity"},
                                           {"remove_extra_whitespaces", "false"}});
  const auto tokenizer = load_tokenizer(folder.write("tokenizer.model", model));
  CHECK(tokenizer->specials() == Specials{.pad = 330, .bos = 1, .eos = 2, .unk = 0});
  check_reads(*tokenizer, model);
  for (const std::string text : {"\u8a9e\U0001f600", "two  spaces", "tab\tand\nline", " begins with one"}) {
    CHECK(round_trip(*tokenizer, text) == text);
  }
}

TEST_CASE("SentencePiece: a model like those that Marian trains, with eos at 0 and without bos and pad",
          "[tokenizers]") {
  const TemporaryFolder folder;
  const std::string model = trained_model({{"model_type", "unigram"},
                                           {"vocab_size", "60"},
                                           {"eos_id", "0"},
                                           {"unk_id", "1"},
                                           {"bos_id", "-1"},
                                           {"pad_id", "-1"}});
  const auto tokenizer = load_tokenizer(folder.write("vocab.spm", model));
  CHECK(tokenizer->specials() == Specials{.pad = 60, .bos = 61, .eos = 0, .unk = 1});
  check_reads(*tokenizer, model);
}

TEST_CASE("SentencePiece: a model like ALBERT's, whose bos and eos are BERT's symbols", "[tokenizers]") {
  const TemporaryFolder folder;
  const std::string model = trained_model({{"model_type", "unigram"},
                                           {"vocab_size", "60"},
                                           {"pad_id", "0"},
                                           {"unk_id", "1"},
                                           {"bos_id", "-1"},
                                           {"eos_id", "-1"},
                                           {"control_symbols", "[CLS],[SEP],[MASK]"}});
  const auto tokenizer = load_tokenizer(folder.write("spiece.model", model));
  CHECK(tokenizer->specials() == Specials{.pad = 0, .bos = 2, .eos = 3, .unk = 1});
  CHECK(tokenizer->size() == 60);
  CHECK(tokenizer->piece(2) == "[CLS]");
  CHECK(tokenizer->mask() == 4);
  check_reads(*tokenizer, model);
}
