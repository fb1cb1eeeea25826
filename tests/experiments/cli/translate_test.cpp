// `ablate translate` by the real program, with a model that has learnt its task.
#include "tests/experiments/cli/tiny_experiment.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;

namespace {

/// Copying three to six of eight symbols, learnt once for all tests of this file.
struct LearntCopy {
  TemporaryFolder folder;
  Outcome outcome;
  std::string run;
  LearntCopy() {
    Json json = tiny_experiment(
        {{"seeds", {1}}, {"rows", {{{"name", "sinusoidal"}}}}, {"evaluation", {{"checkpoint", "last"}}}});
    json["model"]["d_model"] = 64;
    json["model"]["dropout"] = 0.0;
    json["model"]["feed_forward"]["d_ff"] = 128;
    json["data"]["task"]["train"] = 4000;
    json["data"]["task"]["test"] = 200;
    json["training"] = Json::parse(R"({"batch": {"tokens": 512}, "loss": {"label_smoothing": 0},
        "schedule": {"kind": "linear", "learning_rate": 3e-3, "warmup": 30}, "clip_norm": 1.0,
        "budget": {"steps": 350}, "evaluate_every": {"steps": 175}})");
    write_experiment(folder, json);
    outcome = run_program(folder, run_arguments());
    if (run_folders(folder).size() == 1) run = run_folders(folder)[0].string();
  }
};

const LearntCopy& learnt() {
  static const LearntCopy copy;
  return copy;
}

Outcome translate(const std::string& input, const std::vector<std::string>& options = {}) {
  std::vector<std::string> arguments = {"translate", learnt().run, "--threads", "1", "--device", "cpu"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_program(learnt().folder, arguments, {.input = input});
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("a copying task is learnt to 95 % exact match", "[cli][slow]") {
  CHECK_STATUS(learnt().outcome, 0);
  REQUIRE_FALSE(learnt().run.empty());
  const Json decodings = result_of(learnt().run)["decodings"];
  const Json& test = decodings.begin().value()["splits"]["test"];
  CHECK(test["scores"]["exact_match"]["value"].get<double>() >= 95);
  CHECK(test["accuracy"].get<double>() >= 95);
  CHECK(test["perplexity"].get<double>() < 1.2);
}

TEST_CASE("translate: as many lines out as in, in order, empty lines kept", "[cli][slow]") {
  const std::string input = "7 7 0 0 7\n\n0 1 2\n6 5 4 3 2 1\n\n\n3 3 3 1\n   \n1 2 3\n\n";
  const Outcome outcome = translate(input);
  CHECK_STATUS(outcome, 0);
  CHECK(outcome.messages.empty());
  const std::vector<std::string> in = lines_of(input), out = lines_of(outcome.out);
  REQUIRE(out.size() == in.size());
  int same = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const bool empty = in[i].find_first_not_of(' ') == std::string::npos;
    INFO(in[i] << " -> " << out[i]);
    CHECK(out[i].empty() == empty);
    same += static_cast<int>(!empty && in[i] == out[i]);
  }
  CHECK(same >= 4);  // of the five: the model may err once, the order may not

  // However the lines are put into batches, and wherever they come from.
  CHECK(translate(input, {"--batch-tokens", "1"}).out == outcome.out);
  learnt().folder.write("lines.txt", input);
  CHECK(translate("", {"--input", "lines.txt"}).out == outcome.out);
  data::testing::write_compressed(learnt().folder / "lines.txt.gz", input);
  CHECK(translate("", {"--input", "lines.txt.gz"}).out == outcome.out);
  CHECK(translate("", {}).out.empty());
  CHECK(translate("0 1 2", {}).out == out[2] + "\n");  // a last line without its end
}

TEST_CASE("translate: another beam, and the n best of it", "[cli][slow]") {
  const std::string input = "0 1 2\n\n5 4 3 5\n";
  CHECK(translate(input, {"--beam", "1"}).out == translate(input).out);
  const Outcome best = translate(input, {"--beam", "3"});
  CHECK_STATUS(best, 0);
  const Outcome all = translate(input, {"--beam", "3", "--n-best", "3"});
  CHECK_STATUS(all, 0);
  const std::vector<std::string> lines = lines_of(all.out);
  REQUIRE(lines.size() == 9);  // three hypotheses and an empty line, an empty block, three and an empty line
  for (const std::size_t empty : {3U, 4U, 8U}) CHECK(lines[empty].empty());
  const auto text = [&](std::size_t i) { return lines[i].substr(lines[i].find('\t') + 1); };
  CHECK(text(0) + "\n\n" + text(5) + "\n" == best.out);
  CHECK(std::stod(lines[0]) >= std::stod(lines[1]));
  CHECK(std::stod(lines[1]) >= std::stod(lines[2]));
  CHECK(text(0) != text(1));

  const Outcome few = translate(input, {"--beam", "2", "--n-best", "3"});
  CHECK_STATUS(few, 2);
  CHECK(has(few.messages, "n_best"));
  const Outcome greedy = translate(input, {"--n-best", "3"});
  CHECK_STATUS(greedy, 2);
  CHECK(has(greedy.messages, "--beam"));
}

TEST_CASE("translate: a line beyond the model's maximum is cut, and said so", "[cli][slow]") {
  std::string longest;
  for (int i = 0; i < 40; ++i) longest += "1 ";
  const Outcome outcome = translate("0 1 2\n" + longest + "\n2 1 0\n");
  CHECK_STATUS(outcome, 0);
  CHECK(lines_of(outcome.out).size() == 3);
  CHECK(has(outcome.messages, "warning: 1 line"));
  CHECK(has(outcome.messages, "cut"));
}

TEST_CASE("translate: wrong input and wrong folders", "[cli][slow]") {
  const auto refused = [](const Outcome& outcome, const std::string& what) {
    CHECK_STATUS(outcome, 2);
    CHECK(outcome.out.empty());
    INFO(outcome.messages);
    CHECK(has(outcome.messages, what));
  };
  refused(translate("0 1\n\xFF\n"), "standard input:2: not valid UTF-8");
  refused(translate("", {"--input", "none.txt"}), "none.txt: there is no such file");
  refused(translate("", {"--beam", "0"}), "beam");
  refused(translate("", {"--batch-tokens", "0"}), "--batch-tokens");
  refused(translate("", {"--batch-tokens=-5"}), "--batch-tokens");
  const TemporaryFolder& folder = learnt().folder;
  refused(run_program(folder, {"translate", "runs"}), "not the folder of a run");
  refused(run_program(folder, {"translate"}), "the run is missing");

  const fs::path copy = folder / "copy";
  const auto damaged = [&](const std::string& file, const std::string& content) {
    fs::remove_all(copy);
    fs::copy(learnt().run, copy);
    folder.write("copy/" + file, content);
    return run_program(folder, {"translate", "copy"}, {.input = "0 1 2\n"});
  };
  const std::string weights = "step_00000350.safetensors";
  std::string bytes = data::testing::read_text(fs::path(learnt().run) / weights);
  refused(damaged(weights, bytes.substr(0, bytes.size() / 2)), weights + ": ");
  refused(damaged(weights, bytes.substr(0, 5)), weights + ": ");
  bytes[bytes.size() - 100] ^= 1;
  refused(damaged(weights, bytes), "checksum");
  refused(damaged("config.json", "{\"hash\": "), "config.json: parse error at line 1");
  refused(damaged("result.json", "{}"), "result.json: damaged");
  refused(damaged("result.json", R"({"status": "finished"})"), "result.json: damaged");
  refused(damaged("result.json", ""), "result.json: ");
  fs::remove(copy / "result.json");
  refused(run_program(folder, {"translate", "copy"}), "has not finished training");
  refused(damaged("tokenizer.vocab.json", "[]"), "tokenizer.vocab.json");
}
