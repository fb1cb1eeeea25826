// Objectives of running text beside the causal one, from a file to a table and to what the runs are used for, by the
// real program.
#include "tests/experiments/cli/tiny_experiment.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;

namespace {

/// `family` is "decoder" or "encoder_decoder".
Json objective_experiment(const std::string& family, const Json& objective, const Json& patch = Json::object()) {
  Json json = Json::parse(R"({
    "title": "Objectives", "seeds": [1],
    "model": {"d_model": 16, "max_length": 16, "dropout": 0, "residual": {"kind": "pre_norm"},
              "attention": {"heads": 2}, "feed_forward": {"d_ff": 32}, "decoder": {"layers": 1}},
    "data": {"kind": "files", "reader": {"kind": "lines"}, "train": ["train.txt"], "dev": ["dev.txt"],
             "test": ["test.txt"], "tokenizer": {"kind": "words"}},
    "training": {"batch": {"sentences": 8}, "loss": {"label_smoothing": 0},
                 "schedule": {"kind": "constant", "learning_rate": 5e-3, "warmup": 10},
                 "budget": {"steps": 120}, "evaluate_every": {"steps": 60}, "log_every": 20},
    "rows": [{"name": "one"}]})");
  json["model"]["family"] = family;
  if (family == "encoder_decoder") json["model"]["encoder"] = {{"layers", 1}};
  json["objective"] = objective;
  json.merge_patch(patch);
  return json;
}

/// A counting rhyme in sentences, again and again.
void write_verses(const TemporaryFolder& folder) {
  write_repeated(folder, "one two . buckle my shoe . three four . knock at the door .\n", 60, 6, 8);
}

}  // namespace

TEST_CASE("objectives: a prefix language model is trained, measured and goes on with text", "[cli][slow]") {
  const TemporaryFolder folder;
  write_verses(folder);
  write_experiment(folder,
                   objective_experiment("decoder", {{"kind", "prefix_lm"}},
                                        {{"rows",
                                          {{{"name", "packed"}},
                                           {{"name", "buckets"}, {"set", {{"model.position.kind", "t5_buckets"}}}},
                                           {{"name", "documents"}, {"set", {{"objective.layout", "documents"}}}}}}}));
  CHECK_STATUS(run_program(folder, run_arguments({"--dry-run"})), 0);
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  CHECK(has(trained.out, "tokens behind prefixes"));
  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 3);
  for (const fs::path& run : runs) {
    INFO(run);
    const Json test = measured(run, "test");
    CHECK(test["perplexity"].get<double>() < 4);  // of 16 types
    CHECK(test["tokens"].get<std::int64_t>() < 8 * 16);
    CHECK_FALSE(test.contains("bits_per_character"));
    CHECK_FALSE(test.contains("perplexity_per_word"));
    const std::string name = fs::relative(run, folder.path()).string();
    const std::vector<std::string> ask{"generate",      name, "--prompt", "one two .",
                                       "--temperature", "0",  "--tokens", "6"};
    const Outcome said = run_program(folder, ask);
    CHECK_STATUS(said, 0);
    CHECK(said.out.starts_with("one two ."));
    CHECK(said.out == run_program(folder, ask).out);
    const Outcome told = run_program(folder, {"perplexity", name, "--input", "test.txt"});
    CHECK_STATUS(told, 0);
    CHECK(std::ranges::count(told.out, '\n') == 8);
    CHECK_FALSE(has(told.messages, "bits per"));
    CHECK_STATUS(run_program(folder, {"inspect", name, "--sentence", "one two"}), 0);
  }
  // The same prefixes again: what is finished is neither trained nor measured again.
  CHECK(run_program(folder, run_arguments()).out == trained.out);
  CHECK_STATUS(run_program(folder, {"describe", "experiment.json"}), 0);
  CHECK_STATUS(run_program(folder, {"report", "experiment.json", "--output", "report.html"}), 0);
}

TEST_CASE("objectives: spans are learnt from the rest of a text, and gaps are filled", "[cli][slow]") {
  for (const char* layout : {"packed", "documents"}) {
    INFO(layout);
    const TemporaryFolder folder;
    write_verses(folder);
    write_experiment(folder, objective_experiment("encoder_decoder",
                                                  {{"kind", "span_corruption"}, {"layout", layout}, {"sentinels", 8}},
                                                  {{"decoding", {{"kind", "greedy"}, {"max_length_constant", 4}}}}));
    CHECK_STATUS(run_program(folder, run_arguments({"--dry-run"})), 0);
    const Outcome trained = run_program(folder, run_arguments());
    CHECK_STATUS(trained, 0);
    CHECK(has(trained.out, "spans cut out and their sentinels"));
    CHECK_FALSE(has(trained.out, "decoding: kind"));
    const auto runs = run_folders(folder);
    REQUIRE(runs.size() == 1);
    const Json test = measured(runs.front(), "test");
    CHECK(test["perplexity"].get<double>() < 12);  // of 24 types
    CHECK_FALSE(test.contains("bits_per_byte"));
    CHECK_FALSE(test.contains("scores"));
    const std::string name = fs::relative(runs.front(), folder.path()).string();
    folder.write("gaps.txt", "one two . buckle <extra_id_0> . three four .\n\nknock <extra_id_0> .\n");
    const Outcome filled = run_program(folder, {"translate", name, "--input", "gaps.txt"});
    CHECK_STATUS(filled, 0);
    CHECK(std::ranges::count(filled.out, '\n') == 3);
    CHECK(filled.out.starts_with("<extra_id_"));
    const Outcome inspected = run_program(folder, {"inspect", name, "--sentence", "one <extra_id_0> ."});
    CHECK_STATUS(inspected, 0);
    CHECK(has(inspected.out, "cross attention, layer 1"));
    for (const char* command : {"generate", "perplexity"}) {
      const Outcome refused = run_program(folder, {command, name, "--input", "gaps.txt"});
      CHECK_STATUS(refused, 2);
      CHECK(has(refused.messages, "which `ablate translate` asks for"));
    }
    CHECK_STATUS(run_program(folder, {"describe", "experiment.json"}), 0);
    CHECK_STATUS(run_program(folder, {"report", "experiment.json", "--output", "report.html"}), 0);
  }
}

TEST_CASE("objectives: a text is learnt from what noise has left of it, and is restored", "[cli][slow]") {
  const TemporaryFolder folder;
  write_verses(folder);
  const Json objective = {{"kind", "denoising"}, {"token_masking", 0.1}, {"document_rotation", 0.2}};
  write_experiment(
      folder,
      objective_experiment(
          "encoder_decoder", objective,
          {{"match", {{"by", "flops"}}},
           {"baseline", "one"},
           {"rows", {{{"name", "one"}}, {{"name", "swiglu"}, {"set", {{"model.feed_forward.kind", "swiglu"}}}}}}}));
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  CHECK(has(trained.out, "has left of it"));
  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 2);
  const Json test = measured(runs.front(), "test");
  CHECK(test["perplexity"].get<double>() < 8);  // of 17 types
  CHECK_FALSE(test.contains("bits_per_byte"));
  const std::string name = fs::relative(runs.front(), folder.path()).string();
  folder.write("noisy.txt", "<mask> two . buckle <mask> .\n");
  const Outcome restored = run_program(folder, {"translate", name, "--input", "noisy.txt"});
  CHECK_STATUS(restored, 0);
  CHECK(std::ranges::count(restored.out, '\n') == 1);
}

TEST_CASE("objectives: an interrupted training meets the same prefixes and spans again", "[cli][slow]") {
  for (const auto& [family, kind] :
       {std::pair{"decoder", "prefix_lm"}, std::pair{"encoder_decoder", "span_corruption"}}) {
    INFO(kind);
    const TemporaryFolder whole, pieces;
    for (const TemporaryFolder* folder : {&whole, &pieces}) {
      write_verses(*folder);
      write_experiment(*folder, objective_experiment(family, {{"kind", kind}}));
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

TEST_CASE("objectives: what does not fit together is refused before anything is trained", "[cli]") {
  const TemporaryFolder folder;
  write_verses(folder);
  const auto refused = [&](const Json& experiment, const std::string& why) {
    write_experiment(folder, experiment);
    const Outcome outcome = run_program(folder, run_arguments({"--dry-run"}));
    CHECK_STATUS(outcome, 2);
    INFO(outcome.messages);
    CHECK(has(outcome.messages, why));
  };
  const Json prefix = {{"kind", "prefix_lm"}}, spans = {{"kind", "span_corruption"}}, noise = {{"kind", "denoising"}};
  refused(objective_experiment("encoder_decoder", prefix), "'prefix_lm' is not for the family 'encoder_decoder'");
  refused(objective_experiment("decoder", spans), "which learns 'causal_lm' or 'prefix_lm'");
  refused(objective_experiment("decoder", prefix, {{"evaluation", {{"stride", 4}}}}), "would say some tokens twice");
  refused(objective_experiment("encoder_decoder", noise, {{"evaluation", {{"stride", 4}}}}), "evaluation.stride");
  refused(objective_experiment("encoder_decoder", spans, {{"evaluation", {{"metrics", {"bleu"}}}}}),
          "compare outputs with references");
  refused(
      objective_experiment("encoder_decoder", {{"kind", "span_corruption"}, {"sentinels", 2}, {"noise_density", 0.5}}),
      "objective.sentinels: a row of");
  refused(objective_experiment("encoder_decoder", spans, {{"training", {{"max_length", 3}}}}), "sides of 3 tokens");
  refused(
      objective_experiment("encoder_decoder", spans, {{"tune", {{"grid", {{"objective.noise_density", {0.1, 0.2}}}}}}}),
      "would change");
  const std::string endless = repeated("one two three four\n", 40);
  folder.write("train.txt", endless);
  folder.write("dev.txt", endless);
  refused(objective_experiment("encoder_decoder", noise), "no token of this tokenizer ends a sentence");
}
