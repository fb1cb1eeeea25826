// SentencePiece models of published models that number their pieces in another way, or prepare text in another way,
// beside the files that say so: against SentencePiece itself and the rule by which the ids follow from it.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "data/tokenizers/albert_text.h"
#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"
#include "tests/data/tokenizers/trained_model.h"
#include "transformer/core/error.h"

using namespace ablate::data;
using namespace ablate::data::testing;
using Ids = std::vector<std::int32_t>;
using PlainJson = nlohmann::json;
using Settings = std::unordered_map<std::string, std::string>;

namespace {

/// As the models of T5 and Pegasus: <pad> 0, </s> 1, <unk> 2.
std::string model_like_t5() {
  return trained_model({{"model_type", "unigram"},
                        {"vocab_size", "60"},
                        {"pad_id", "0"},
                        {"eos_id", "1"},
                        {"unk_id", "2"},
                        {"bos_id", "-1"}});
}

std::string model_like_albert(const std::string& own_pieces) {
  Settings settings = {{"model_type", "unigram"},
                       {"vocab_size", "60"},
                       {"pad_id", "0"},
                       {"unk_id", "1"},
                       {"bos_id", "-1"},
                       {"eos_id", "-1"},
                       {"control_symbols", "[CLS],[SEP],[MASK]"}};
  if (!own_pieces.empty()) settings["user_defined_symbols"] = own_pieces;
  return trained_model(settings);
}

/// What SentencePiece makes of text by a model alone.
class Reference {
 public:
  explicit Reference(const std::string& model) { REQUIRE(library_.LoadFromSerializedProto(model).ok()); }
  std::vector<std::string> pieces(const std::string& text) const { return library_.EncodeAsPieces(text); }
  Ids ids(const std::string& text, std::int32_t raised_by = 0) const {
    Ids ids;
    for (const int id : library_.EncodeAsIds(text)) ids.push_back(id + raised_by);
    return ids;
  }
  std::vector<std::string> own_pieces() const {
    std::vector<std::string> all;
    for (int id = 0; id < library_.GetPieceSize(); ++id) all.push_back(library_.IdToPiece(id));
    return all;
  }

 private:
  sentencepiece::SentencePieceProcessor library_;
};

Ids joined(Ids first, const Ids& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

const std::vector<std::string> german = {"der Hund sieht den Fluss", "die Katze malt ein Haus", "nichts",
                                         "meine Schwester folgt dem alten Mann"};

/// The files of a Marian model, with one vocabulary: </s>, <unk>, all pieces of the two models from the last to the
/// first but those with a question mark, the sign of a language, <pad>.
struct MarianFiles {
  TemporaryFolder folder;
  std::string source_model = trained_model({{"model_type", "unigram"}, {"vocab_size", "60"}});
  std::string target_model = trained_model({{"model_type", "char"}, {"vocab_size", "60"}}, german);
  PlainJson vocabulary = {{"</s>", 0}, {"<unk>", 1}};
  std::filesystem::path source, target;

  MarianFiles() {
    for (const std::string& model : {source_model, target_model}) {
      std::vector<std::string> pieces = Reference(model).own_pieces();
      std::reverse(pieces.begin(), pieces.end());
      for (const std::string& piece : pieces) {
        const bool is_left_out = piece == "<s>" || piece.ends_with('?') || vocabulary.contains(piece);
        if (!is_left_out) vocabulary[piece] = vocabulary.size();
      }
    }
    for (const char* piece : {">>de<<", "<pad>"}) vocabulary[piece] = vocabulary.size();
    folder.write("vocab.json", vocabulary.dump());
    source = folder.write("source.spm", source_model);
    target = folder.write("target.spm", target_model);
  }

  std::int32_t id(const std::string& piece) const { return vocabulary.value(piece, 1); }
  Ids ids(const std::string& model, const std::string& text) const {
    Ids all;
    for (const std::string& piece : Reference(model).pieces(text)) all.push_back(id(piece));
    return all;
  }
  /// What is said of source.spm beside a file of that content.
  std::string refusal(const std::string& name, const PlainJson& content) const {
    folder.write(name, content.dump());
    const auto load = [&] { load_tokenizer(source); };
    CHECK_THROWS_AS(load(), ablate::UserError);
    return ablate::testing::thrown_message(load).value_or("nothing");
  }
};

/// The stored form gives the same tokenizer, as a file and as `model` of an experiment.
void check_is_stored(const Tokenizer& tokenizer, const std::string& text) {
  const TemporaryFolder folder;
  CHECK(tokenizer.extension() == ".vocab.json");
  const auto file = folder.write("stored.vocab.json", tokenizer.serialize());
  TokenizerConfig config;
  config.model = file.string();
  for (const auto& again : {load_tokenizer(file), train(config, {})}) {
    CHECK(again->serialize() == tokenizer.serialize());
    CHECK(again->encode(text) == tokenizer.encode(text));
    CHECK(again->specials() == tokenizer.specials());
    CHECK(again->mask() == tokenizer.mask());
  }
}

}  // namespace

TEST_CASE("Marian: two models cut, and the vocabulary beside them has the ids", "[tokenizers]") {
  const MarianFiles files;
  const auto source = load_tokenizer(files.source), target = load_tokenizer(files.target);
  const auto size = static_cast<std::int64_t>(files.vocabulary.size());
  for (const Tokenizer* side : {source.get(), target.get()}) {
    CHECK(side->size() == size + 1);  // <s> is behind the others
    CHECK(side->specials() == Specials{.pad = size - 1, .bos = size, .eos = 0, .unk = 1});
    CHECK(side->piece(files.id(">>de<<")) == ">>de<<");
    CHECK_FALSE(side->mask());
  }
  const std::string english = "my sister sees a train!", text = "die Katze sieht den Fluss";
  CHECK(source->encode(english) == files.ids(files.source_model, english));
  CHECK(target->encode(text) == files.ids(files.target_model, text));
  CHECK(round_trip(*source, english) == english);
  CHECK(round_trip(*target, text) == text);
  // The ids are the same on both sides, though one model does not know the other's pieces.
  CHECK(have_one_vocabulary(*source, *target));
  CHECK(source->decode(target->encode(text)) == text);
  CHECK(source->begins_word(files.id("\u2581")));
  CHECK_FALSE(source->begins_word(files.id("e")));
  check_is_stored(*source, english);
  check_is_stored(*target, text);
  CHECK_THROWS_MENTION(source->decode(Ids{static_cast<std::int32_t>(size) + 1}), "is outside the vocabulary");
}

TEST_CASE("Marian: what the vocabulary lacks is unknown, though SentencePiece knows it", "[tokenizers]") {
  const MarianFiles files;
  const auto source = load_tokenizer(files.source);
  const std::string question = "the ca?";
  REQUIRE(Reference(files.source_model).ids(question).back() != 0);
  const Ids ids = source->encode(question);
  CHECK(ids == files.ids(files.source_model, question));
  CHECK(std::count(ids.begin(), ids.end(), 1) == 1);
  CHECK(ids.back() == 1);
  CHECK(source->decode(ids) == "the ca");  // as the library: <unk> is a special token
  // A stretch of letters that the model lacks is one unknown; K is a piece of the target's model, and has an id.
  CHECK(source->encode("\u8a9e\u8a9e") == Ids{files.id("\u2581"), 1});
  CHECK(source->encode("K") == Ids{files.id("\u2581"), files.id("K")});
}

TEST_CASE("Marian: a text begins with the sign of a language, and symbols are found in it", "[tokenizers]") {
  const MarianFiles files;
  const auto source = load_tokenizer(files.source);
  const Ids cat = files.ids(files.source_model, "the cat");
  const std::int32_t pad = files.id("<pad>");
  CHECK(source->encode(">>de<< the cat") == joined({files.id(">>de<<")}, cat));
  CHECK(source->encode(">>nowhere<<the cat") == joined({1}, cat));
  CHECK(source->encode("the cat</s> the cat<pad>") == joined(joined(joined(cat, {0}), cat), {pad}));
  CHECK(source->encode("</s>>>de<<") == Ids{0, files.id(">>de<<")});
  CHECK(source->encode("the cat >>de<<") == files.ids(files.source_model, "the cat >>de<<"));
  CHECK(source->encode(">>de the cat") == files.ids(files.source_model, ">>de the cat"));
  CHECK(source->decode(joined(joined({pad}, cat), {0, pad})) == "the cat");
  CHECK(source->encode("").empty());
  CHECK_FALSE(source->encode("\xFF\xC3").empty());
}

TEST_CASE("Marian: with separate vocabularies each side has the ids of its own", "[tokenizers]") {
  const MarianFiles files;
  files.folder.write("tokenizer_config.json", R"({"separate_vocabs": true})");
  CHECK_THROWS_MENTION(load_tokenizer(files.target), "target_vocab.json, which is missing");
  PlainJson own = {{"</s>", 0}, {"<unk>", 1}, {"<pad>", 2}};
  for (const std::string& piece : Reference(files.target_model).own_pieces()) {
    if (!own.contains(piece)) own[piece] = own.size();
  }
  files.folder.write("target_vocab.json", own.dump());
  const auto source = load_tokenizer(files.source), target = load_tokenizer(files.target);
  CHECK(source->encode("the cat") == files.ids(files.source_model, "the cat"));
  CHECK(target->specials().pad == 2);
  CHECK(target->encode("e") == Ids{own.at("\u2581").get<std::int32_t>(), own.at("e").get<std::int32_t>()});
  CHECK_FALSE(have_one_vocabulary(*source, *target));
}

TEST_CASE("Marian: files that are missing or do not fit are refused by name", "[tokenizers]") {
  using ablate::testing::mentions;
  const MarianFiles files;
  CHECK_THROWS_MENTION(load_tokenizer(files.folder / "vocab.json"), "name its source.spm or target.spm");
  CHECK_THROWS_MENTION(load_tokenizer(files.folder.path()), "name its source.spm or target.spm");
  PlainJson vocabulary = files.vocabulary;
  vocabulary["x y"] = vocabulary.size() + 1;
  CHECK(mentions(files.refusal("vocab.json", vocabulary), "vocab.json: the vocabulary has a hole"));
  CHECK(mentions(files.refusal("vocab.json", {{"</s>", 0}, {"a", 1}}), "has no '<unk>'"));
  std::filesystem::remove(files.folder / "vocab.json");
  CHECK_THROWS_MENTION(load_tokenizer(files.source), "vocab.json, which is missing");
  files.folder.write("vocab.json", files.vocabulary.dump());
  CHECK(mentions(files.refusal("tokenizer_config.json", {{"sp_model_kwargs", {{"enable_sampling", true}}}}),
                 "tokenizer_config.json: sp_model_kwargs: settings of SentencePiece"));
  const PlainJson added = {{"added_tokens_decoder", {{"7", {{"content", "<new>"}}}}}};
  CHECK(mentions(files.refusal("tokenizer_config.json", added), "tokens added to it are not supported"));
  const PlainJson ordinary = {{"added_tokens_decoder", {{std::to_string(files.id("e")), {{"content", "e"}}}}}};
  CHECK(mentions(files.refusal("tokenizer_config.json", ordinary), "'e' is an ordinary piece"));
  CHECK(mentions(files.refusal("tokenizer_config.json", PlainJson::array()), "an object is needed"));
  const auto other = files.folder.write("other.spm", files.source_model);
  files.folder.write("tokenizer_config.json", R"({"tokenizer_class": "MarianTokenizer"})");
  CHECK_THROWS_MENTION(load_tokenizer(other), "source.spm or target.spm is needed");
}

TEST_CASE("Marian: symbols beside those with a role are found as wholes, and get ids if they have none",
          "[tokenizers]") {
  const MarianFiles files;
  files.folder.write("tokenizer_config.json", R"({"additional_special_tokens": [">>de<<", {"content": "<new>"}],
      "added_tokens_decoder": {"0": {"content": "</s>", "special": true}}})");
  const auto source = load_tokenizer(files.source);
  const auto size = static_cast<std::int32_t>(files.vocabulary.size());
  CHECK(source->size() == size + 2);
  CHECK(source->encode("<new>>>de<<") == Ids{size, files.id(">>de<<")});
  CHECK(source->decode(joined({size}, files.ids(files.source_model, "the cat"))) == "the cat");
  CHECK(source->specials().bos == size + 1);
}

TEST_CASE("Pegasus: 105 symbols, and the ids of the model's own pieces raised by 103", "[tokenizers]") {
  const TemporaryFolder folder;
  const Reference library(model_like_t5());
  const auto file = folder.write("spiece.model", model_like_t5());
  folder.write("config.json", R"({"model_type": "pegasus"})");
  const auto tokenizer = load_tokenizer(file);
  CHECK(tokenizer->specials() == Specials{.pad = 0, .bos = 163, .eos = 1, .unk = 105});
  CHECK(tokenizer->size() == 164);
  CHECK(tokenizer->mask() == 3);
  for (const auto& [id, piece] : {std::pair{2, "<mask_1>"}, {3, "<mask_2>"}, {4, "<unk_2>"}, {104, "<unk_102>"}}) {
    CHECK(tokenizer->piece(id) == piece);
  }
  const std::string text = "the cat sees the river.";
  CHECK(tokenizer->encode(text) == library.ids(text, 103));
  CHECK(tokenizer->encode("<mask_1>  the cat sees the river.<unk_7>") ==
        joined(joined({2}, library.ids(text, 103)), {9}));
  CHECK(tokenizer->encode("\u8a9e").back() == 105);
  CHECK(round_trip(*tokenizer, "<mask_1> " + text + "</s>") == text);
  check_is_stored(*tokenizer, text);

  folder.write("tokenizer_config.json", R"({"tokenizer_class": "PegasusTokenizerFast", "offset": 4})");
  CHECK(load_tokenizer(file)->encode(text) == library.ids(text, 4));
  CHECK(load_tokenizer(file)->piece(5) == "<unk_3>");
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "PegasusTokenizer", "offset": 0,
      "mask_token": "[MASK]", "mask_token_sent": null})");
  CHECK(load_tokenizer(file)->encode(text) == library.ids(text));
  CHECK_FALSE(load_tokenizer(file)->mask());
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "PegasusTokenizer", "offset": 1})");
  CHECK_THROWS_MENTION(load_tokenizer(file), "tokenizer_config.json: 'offset' must be 0, or 2 at least");
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "PegasusTokenizer", "offset": 900000000})");
  CHECK_THROWS_MENTION(load_tokenizer(file), "tokenizer_config.json: offset: 900000000 is too large");
}

TEST_CASE("T5: a hundred sentinels behind the model's pieces, counted down", "[tokenizers]") {
  const TemporaryFolder folder;
  const Reference library(model_like_t5());
  const auto file = folder.write("spiece.model", model_like_t5());
  const std::string text = "my sister sees nothing.";
  CHECK(load_tokenizer(file)->size() == 61);
  folder.write("config.json", R"({"model_type": "t5"})");
  const auto tokenizer = load_tokenizer(file);
  CHECK(tokenizer->specials() == Specials{.pad = 0, .bos = 160, .eos = 1, .unk = 2});
  CHECK(tokenizer->size() == 161);
  CHECK(tokenizer->piece(60) == "<extra_id_99>");
  CHECK(tokenizer->piece(159) == "<extra_id_0>");
  CHECK(tokenizer->encode(text) == library.ids(text));
  const Ids filled = joined(joined(joined({159}, library.ids("the cat")), {158}), library.ids("a train!"));
  CHECK(tokenizer->encode("<extra_id_0> the cat <extra_id_1> a train!") == filled);
  CHECK(tokenizer->encode("the cat</s>") == joined(library.ids("the cat"), {1}));
  CHECK(tokenizer->decode(filled) == "the cat a train!");
  check_is_stored(*tokenizer, text);

  folder.write("tokenizer_config.json", R"({"extra_ids": 3, "tokenizer_class": "TokenizersBackend",
      "additional_special_tokens": ["<extra_id_0>", "<extra_id_1>", "<extra_id_2>"]})");
  CHECK(load_tokenizer(file)->encode("<extra_id_0>") == Ids{62});
  CHECK(load_tokenizer(file)->size() == 64);
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer"})");
  CHECK(load_tokenizer(file)->size() == 61);
}

TEST_CASE("ALBERT: small letters without accents, one sign for quotes, and [CLS] text [SEP]", "[tokenizers]") {
  const TemporaryFolder folder;
  const std::string model = model_like_albert("");
  const Reference library(model);
  const auto file = folder.write("spiece.model", model);
  folder.write("config.json", R"({"model_type": "albert"})");
  const auto tokenizer = load_tokenizer(file);
  CHECK(tokenizer->specials() == Specials{.pad = 0, .bos = 2, .eos = 3, .unk = 1});
  CHECK(tokenizer->mask() == 4);
  CHECK(tokenizer->size() == 60);
  CHECK(tokenizer->encode("The Caf\u00c9 [MASK] ``x''") ==
        joined(joined(library.ids("the cafe"), {4}), library.ids("\"x\"")));
  CHECK(round_trip(*tokenizer, "[CLS] the cat [SEP]") == "the cat");
  check_is_stored(*tokenizer, "The Caf\u00c9");
  folder.write("tokenizer_config.json", R"({"do_lower_case": false})");
  CHECK(load_tokenizer(file)->encode("M\u00f6we") == library.ids("Mowe"));
  folder.write("tokenizer_config.json", R"({"do_lower_case": false, "keep_accents": true})");
  CHECK(load_tokenizer(file)->encode("M\u00f6we") == library.ids("M\u00f6we"));
  folder.write("tokenizer_config.json", R"({"cls_token": "<cls>"})");
  CHECK_THROWS_MENTION(load_tokenizer(file), "spiece.model: '<cls>' is none of the pieces");
}

TEST_CASE("ALBERT: a comma behind a digit is a piece of its own", "[tokenizers]") {
  const TemporaryFolder folder;
  const std::string model = model_like_albert("\"4,\"");
  const Reference library(model);
  const std::vector<std::string> learnt = library.pieces("2024, a");
  REQUIRE(std::find(learnt.begin(), learnt.end(), "4,") != learnt.end());
  const auto file = folder.write("spiece.model", model);
  folder.write("config.json", R"({"model_type": "albert"})");
  std::vector<std::string> expected;
  for (const std::string& piece : learnt) {
    if (piece == "4,") expected.emplace_back("4");
    expected.push_back(piece == "4," ? "," : piece);
  }
  CHECK(pieces_of(*load_tokenizer(file), "2024, a") == expected);

  using Texts = std::vector<std::string>;
  const auto as_word = [](const std::string& number) { return Texts{"\u2581" + number}; };
  const auto as_digits = [](const std::string&) { return Texts{"\u2581", "1", "9"}; };
  CHECK(with_commas_apart({"\u258119,", "19,", "x,", ","}, as_word) == Texts{"\u258119", ",", "19", ",", "x,", ","});
  CHECK(with_commas_apart({"\u258119,", "19,"}, as_digits) == Texts{"\u2581", "1", "9", ",", "1", "9", ","});
}

TEST_CASE("ALBERT: how text is prepared", "[tokenizers]") {
  CHECK(with_plain_quotes("``a'' ''' `b'") == "\"a\" \"' `b'");
  CHECK(without_accents("caf\u00e9 \u00c5 \ufb01 \u00bd").starts_with("cafe A fi 1"));
  CHECK(in_small_letters("\u00c4 \u039f\u0394\u039f\u03a3") == "\u00e4 \u03bf\u03b4\u03bf\u03c2");
}

TEST_CASE("a stored tokenizer with ids of its own that is damaged is refused", "[tokenizers]") {
  const TemporaryFolder folder;
  const auto file = folder.write("spiece.model", model_like_t5());
  folder.write("config.json", R"({"model_type": "t5"})");
  const PlainJson sound = PlainJson::parse(load_tokenizer(file)->serialize());
  const auto refusal = [&](const char* key, const PlainJson& value) {
    PlainJson json = sound;
    json[key] = value;
    const auto damaged = folder.write("stored.vocab.json", json.dump());
    return ablate::testing::thrown_message([&] { load_tokenizer(damaged); }).value_or("nothing");
  };
  using ablate::testing::mentions;
  CHECK(mentions(refusal("model", "abc"), "stored.vocab.json: holds no SentencePiece model"));
  CHECK(mentions(refusal("pieces", {"<pad>", "a", "a"}), "the piece 'a' has two ids"));
  CHECK(mentions(refusal("pieces", {"<pad>", ""}), "a piece is empty"));
  CHECK(mentions(refusal("eos", "<end>"), "'<end>' is none of the pieces"));
  CHECK(mentions(refusal("reading", "aloud"), "reading: 'aloud' is no way of reading text"));
  CHECK(mentions(refusal("more", 1), "'more' is not supported"));
  CHECK(mentions(refusal("lowercase", "no"), "lowercase: true or false is needed"));
}
