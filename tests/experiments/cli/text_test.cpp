// A language model of text from its file to its table, and what it is used for then, by the real program.
#include "tests/experiments/cli/tiny_experiment.h"

#include <cmath>

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;

namespace {

/// Four lines that are learnt by heart soon, when they come again and again.
constexpr const char* rhyme = "one two\nbuckle my shoe\nthree four\nknock at the door\n";

Json text_experiment(const Json& patch = Json::object()) {
  Json json = Json::parse(R"({
    "title": "Text", "seeds": [1],
    "model": {"family": "decoder", "d_model": 32, "max_length": 32, "dropout": 0, "residual": {"kind": "pre_norm"},
              "attention": {"heads": 2}, "feed_forward": {"d_ff": 64}, "decoder": {"layers": 1}},
    "data": {"kind": "files", "reader": {"kind": "text"}, "train": ["train.txt"], "dev": ["dev.txt"],
             "test": ["test.txt"], "tokenizer": {"kind": "characters"}},
    "training": {"batch": {"sentences": 8}, "loss": {"label_smoothing": 0},
                 "schedule": {"kind": "constant", "learning_rate": 5e-3, "warmup": 10},
                 "budget": {"steps": 120}, "evaluate_every": {"steps": 60}, "log_every": 20},
    "rows": [{"name": "sinusoidal"}, {"set": {"model.position.kind": "rotary"}}]})");
  json.merge_patch(patch);
  return json;
}

void write_texts(const TemporaryFolder& folder) { write_repeated(folder, rhyme, 40, 3, 4); }

}  // namespace

TEST_CASE("text: a language model is trained, measured, asked and told", "[cli][slow]") {
  const TemporaryFolder folder;
  write_texts(folder);
  write_experiment(folder, text_experiment());
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  CHECK(has(trained.messages, "train: 1 document, "));
  CHECK(has(trained.messages, "windows of 32 tokens in "));
  CHECK(has(trained.out, "position=rotary"));
  CHECK(has(trained.out, "losses: windows of 32 tokens, one every 32"));
  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 2);
  for (const fs::path& run : runs) {
    const Json test = measured(run, "test");
    const auto characters = static_cast<std::int64_t>(repeated(rhyme, 4).size());
    CHECK(test["characters"] == characters);
    CHECK(test["bytes"] == characters);
    CHECK(test["tokens"] == characters);  // and </s>, but for the first
    CHECK(test["perplexity"].get<double>() < 1.6);
    CHECK(test["bits_per_character"].get<double>() ==
          Approx(test["nll_sum"].get<double>() / std::log(2) / static_cast<double>(characters)));
    CHECK_FALSE(test.contains("scores"));
  }
  // What is finished is not trained again.
  const Outcome again = run_program(folder, run_arguments());
  CHECK(again.out == trained.out);
  CHECK_FALSE(has(again.messages, "step"));

  const std::string run = fs::relative(runs.front(), folder.path()).string();
  const Outcome likeliest =
      run_program(folder, {"generate", run, "--prompt", "knock at", "--temperature", "0", "--tokens", "20"});
  CHECK_STATUS(likeliest, 0);
  CHECK(likeliest.out.starts_with("knock at the door\none two"));
  const std::vector<std::string> draw{"generate", run,         "--prompt", "one",      "--prompt",
                                      "three",    "--samples", "2",        "--tokens", "15"};
  const Outcome drawn = run_program(folder, draw);
  CHECK_STATUS(drawn, 0);
  CHECK(drawn.out == run_program(folder, draw).out);
  CHECK(std::ranges::count(drawn.out, '-') == 9);
  CHECK_STATUS(run_program(folder, {"generate", run}), 0);
  const Outcome without = run_program(folder, {"generate", run, "--temperature", "0", "--top-k", "5"});
  CHECK_STATUS(without, 2);
  CHECK(has(without.messages, "no effect with temperature 0"));
  CHECK_STATUS(run_program(folder, {"generate", run, "--temperature", "hot"}), 2);

  // The program's own figure, from the text itself.
  const Outcome told = run_program(folder, {"perplexity", run, "--input", "test.txt", "--whole"});
  CHECK_STATUS(told, 0);
  const Json test = measured(runs.front(), "test");
  double nats = 0;
  std::int64_t tokens = 0;
  REQUIRE(std::sscanf(told.out.c_str(), "%lf\t%ld", &nats, &tokens) == 2);
  // Here a text begins with the sign that the one before it ended: its first character is told as well.
  CHECK(tokens == test["tokens"].get<std::int64_t>() + 1);
  CHECK(nats > test["nll_sum"].get<double>() * 0.8);
  CHECK(std::ranges::count(run_program(folder, {"perplexity", run, "--input", "test.txt"}).out, '\n') == 16);

  const Outcome refused = run_program(folder, {"translate", run});
  CHECK_STATUS(refused, 2);
  CHECK(has(refused.messages, "no source to translate"));
  CHECK_STATUS(run_program(folder, {"report", "experiment.json", "--output", "report.html"}), 0);
  const Outcome inspected = run_program(folder, {"inspect", run, "--sentence", "buckle my shoe"});
  CHECK_STATUS(inspected, 0);
  CHECK(has(inspected.out, "decoder attention, layer 1"));
  const Outcome described = run_program(folder, {"describe", "experiment.json"});
  CHECK(has(described.out, "decoder"));
  CHECK_FALSE(has(described.out, "encoder "));
}

TEST_CASE("text: a stride gives every token more context, and is measured without training again", "[cli][slow]") {
  const TemporaryFolder folder;
  write_texts(folder);
  const Json one_row = {{"rows", {{{"name", "sinusoidal"}}}}};
  write_experiment(folder, text_experiment(one_row));
  CHECK_STATUS(run_program(folder, run_arguments()), 0);
  const Outcome strided = run_program(folder, run_arguments({"--set", "evaluation.stride=4"}));
  CHECK_STATUS(strided, 0);
  CHECK_FALSE(has(strided.messages, "step "));
  CHECK(has(strided.out, "one every 4"));
  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 1);
  std::vector<double> losses;
  const Json result = result_of(runs.front());
  for (const auto& [key, decoding] : result["decodings"].items()) {
    losses.push_back(decoding["splits"]["test"]["nll"]);
  }
  REQUIRE(losses.size() == 2);
  CHECK(losses[0] != losses[1]);
}

TEST_CASE("text: words and pieces go on behind a prompt with the space that stands between them", "[cli][slow]") {
  for (const Json& tokenizer : {Json{{"kind", "words"}}, Json{{"kind", "sentencepiece"}, {"vocabulary_size", 40}}}) {
    INFO(tokenizer.dump());
    const TemporaryFolder folder;
    write_texts(folder);
    write_experiment(folder, text_experiment({{"rows", {{{"name", "one"}}}},
                                              {"data", {{"tokenizer", tokenizer}, {"reader", {{"kind", "lines"}}}}},
                                              {"training", {{"budget", {{"steps", 200}}}}}}));
    CHECK_STATUS(run_program(folder, run_arguments()), 0);
    const std::string run = fs::relative(run_folders(folder).front(), folder.path()).string();
    const Outcome said =
        run_program(folder, {"generate", run, "--prompt", "knock at", "--temperature", "0", "--tokens", "9"});
    CHECK(said.out == "knock at the door\n");
  }
}

TEST_CASE("text: it is measured in other windows than those of training, without training again", "[cli][slow]") {
  const TemporaryFolder folder;
  write_texts(folder);
  write_experiment(folder,
                   text_experiment({{"rows", {{{"name", "alibi"}, {"set", {{"model.position.kind", "alibi"}}}}}},
                                    {"training", {{"max_length", 16}}}}));
  CHECK(has(run_program(folder, run_arguments()).out, "losses: windows of 16 tokens, one every 16"));
  const Outcome wide = run_program(folder, run_arguments({"--set", "evaluation.window=32"}));
  CHECK_STATUS(wide, 0);
  CHECK_FALSE(has(wide.messages, "step "));
  CHECK(has(wide.out, "losses: windows of 32 tokens, one every 32"));
  CHECK(has(wide.out, "in windows of 16 tokens"));
}

TEST_CASE("text: documents that are cut are told, and not spread over the whole", "[cli][slow]") {
  const TemporaryFolder folder;
  write_texts(folder);
  write_experiment(folder, text_experiment({{"rows", {{{"name", "cut"}}}}, {"objective", {{"layout", "documents"}}}}));
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  CHECK(has(trained.messages, "1 of 1 training documents are longer than 32 tokens and are cut"));
  const Json test = measured(run_folders(folder).front(), "test");
  CHECK(test["cut_sentences"] == 1);
  CHECK_FALSE(test.contains("bits_per_character"));
  CHECK_FALSE(test.contains("perplexity_per_word"));
}

TEST_CASE("text: an interrupted training goes on as if it had not been", "[cli][slow]") {
  for (const char* windows : {"random", "consecutive"}) {
    INFO(windows);
    const Json patch = {{"rows", {{{"name", "one"}}}}, {"objective", {{"windows", windows}}}};
    const TemporaryFolder whole, pieces;
    for (const TemporaryFolder* folder : {&whole, &pieces}) {
      write_texts(*folder);
      write_experiment(*folder, text_experiment(patch));
    }
    const std::vector<std::string> talkative = run_arguments({"--set", "training.log_every=1"});
    CHECK_STATUS(run_program(whole, talkative), 0);
    {
      Program program(pieces, talkative);
      REQUIRE(program.read_until("step 40 "));
      program.send(SIGINT);
      CHECK_STATUS(program.wait(), 130);
    }
    CHECK_STATUS(run_program(pieces, talkative), 0);
    const Json expected = measured(run_folders(whole).front(), "test");
    CHECK(measured(run_folders(pieces).front(), "test")["nll_sum"] == expected["nll_sum"]);
  }
}

TEST_CASE("text: documents by themselves", "[cli][slow]") {
  const TemporaryFolder folder;
  write_texts(folder);
  write_experiment(folder, text_experiment({{"rows", {{{"name", "lines"}}}},
                                            {"objective", {{"layout", "documents"}}},
                                            {"data", {{"reader", {{"kind", "lines"}}}}}}));
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  CHECK(has(trained.messages, "160 documents in "));
  const Json test = measured(run_folders(folder).front(), "test");
  CHECK(test["sentences"] == 16);
  CHECK(test["tokens"] == repeated(rhyme, 4).size());  // </s> in place of every line end
}

TEST_CASE("text: what does not fit together is refused before anything is trained", "[cli]") {
  const TemporaryFolder folder;
  write_texts(folder);
  const auto refused = [&](const Json& patch, const std::string& why) {
    write_experiment(folder, text_experiment(patch));
    const Outcome outcome = run_program(folder, run_arguments());
    CHECK_STATUS(outcome, 2);
    INFO(outcome.messages);
    CHECK(has(outcome.messages, why));
    CHECK(run_folders(folder).empty());
  };
  refused({{"model", {{"family", "encoder_decoder"}}}}, "learns from pairs of texts, but the data holds running text");
  refused({{"data", {{"kind", "task"}, {"reader", nullptr}, {"train", nullptr}, {"dev", nullptr}, {"test", nullptr}}}},
          "learns from running text, but the data holds pairs");
  refused({{"objective", {{"kind", "translation"}}}}, "is not for the family 'decoder'");
  refused({{"decoding", {{"kind", "greedy"}}}}, "has no source to find outputs for");
  refused({{"evaluation", {{"metrics", {"bleu"}}}}}, "compare outputs with references");
  refused({{"evaluation", {{"stride", 40}}}}, "would not be read");
  refused({{"evaluation", {{"window", 40}}}}, "is more than model.max_length");
  refused({{"training", {{"budget", nullptr}}}}, "say when training ends");
  refused({{"training", {{"batch", {{"sentences", 200}}}}}}, "are more than training.batch.tokens");
  refused({{"training", {{"batch", {{"multiple", 4}}}}}}, "windows are of one length");
  refused({{"tune", {{"grid", {{"objective.document_end", {true, false}}}}}}}, "would change");
  refused({{"model", {{"encoder", {{"layers", 2}}}}}}, "has no encoder");
  refused({{"model", {{"embedding", {{"tying", "source_target"}}}}}}, "speaks of a source");
  refused({{"data", {{"reverse", true}}}}, "no other side to swap");
  refused({{"training", {{"max_length", 40}}}}, "is more than model.max_length");
}
