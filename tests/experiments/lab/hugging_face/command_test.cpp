// `ablate import` and `ablate export` as a user types them.
#include "tests/experiments/cli/program.h"
#include "tests/experiments/lab/hugging_face/golden.h"

using namespace ablate;
using testing::Golden;
using testing::Outcome;
using testing::read_golden;
using testing::run_program;
using testing::TemporaryFolder;

TEST_CASE("import command: a published model becomes a run, is verified and goes back", "[cli][hugging_face][slow]") {
  const TemporaryFolder folder;
  Golden golden = read_golden("gpt2_1");
  write_model(golden, folder / "model");
  write_sample(golden, folder / "sample.safetensors");
  const Outcome imported =
      run_program(folder, {"import", "model", "--out", "runs/one", "--verify", "sample.safetensors"});
  INFO(imported.messages);
  CHECK(imported.status == 0);
  CHECK(imported.out.find("logits: largest difference") != std::string::npos);
  CHECK(imported.messages.find("runs/one: gpt2, ") != std::string::npos);
  CHECK(imported.messages.find("no tokenizer") != std::string::npos);

  const Outcome inspected = run_program(folder, {"inspect", "runs/one"});
  CHECK(inspected.status == 0);
  CHECK(inspected.out.find("architecture gpt2: not trained here") != std::string::npos);
  const Outcome tabled = run_program(folder, {"table", "runs"});
  INFO(tabled.messages);
  CHECK(tabled.status == 0);
  CHECK(run_program(folder, {"import", "model", "--out", "runs/two"}).status == 0);
  const Outcome both = run_program(folder, {"table", "runs"});
  INFO(both.messages);
  CHECK(both.status == 0);
  CHECK(both.out.find("model (one)") != std::string::npos);
  CHECK(both.out.find("model (two)") != std::string::npos);
  const Outcome compared = run_program(folder, {"compare", "runs/one", "runs/two"});
  INFO(compared.messages);
  CHECK(compared.status == 0);
  const Outcome generated = run_program(folder, {"generate", "runs/one", "--prompt", "a"});
  CHECK(generated.status == 2);
  CHECK(generated.messages.find("imported without a tokenizer") != std::string::npos);

  const Outcome exported = run_program(folder, {"export", "runs/one", "--out", "exported"});
  INFO(exported.messages);
  CHECK(exported.status == 0);
  CHECK(exported.messages.find("exported: GPT2LMHeadModel, ") != std::string::npos);
  const auto weights = read_tensors(folder / "exported/model.safetensors").tensors;
  for (const auto& [name, tensor] : golden.weights()) CHECK(weights.at(name).equal(tensor));
}

TEST_CASE("import command: what differs, and what is not supported, has an exit status of its own",
          "[cli][hugging_face][slow]") {
  const TemporaryFolder folder;
  Golden golden = read_golden("gpt2_1");
  golden.tensors.at("logits")[0][0][0] += 0.25;
  write_model(golden, folder / "model");
  write_sample(golden, folder / "sample.safetensors");
  const std::vector<std::string> words = {"import", "model", "--out", "run", "--verify", "sample.safetensors"};
  const Outcome different = run_program(folder, words);
  CHECK(different.status == 1);
  CHECK(different.messages.find("differs by more than 1e-4") != std::string::npos);
  CHECK(run_program(folder, words).messages.find("is the folder of a run already") != std::string::npos);

  golden.config["scale_attn_by_inverse_layer_idx"] = true;
  write_model(golden, folder / "other");
  const Outcome refused = run_program(folder, {"import", "other", "--out", "refused"});
  CHECK(refused.status == 2);
  CHECK(refused.messages.find("'scale_attn_by_inverse_layer_idx' is true") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "refused"));
  CHECK(run_program(folder, {"import", "model"}).messages.find("--out") != std::string::npos);
}
