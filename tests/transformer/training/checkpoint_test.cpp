// Weights by name, their averages, and which of them a run's folder keeps.
#include "transformer/training/checkpoint.h"

#include "tests/transformer/training/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

namespace fs = std::filesystem;
using Steps = std::vector<std::int64_t>;

struct Weights : torch::nn::Module {
  explicit Weights(double value = 0) {
    register_parameter("matrix", at::full({2, 3}, value, at::kFloat));
    register_parameter("bias", at::full({3}, -value, at::kFloat));
  }
};

NamedTensors weights_with(double value) { return weights_of(Weights(value)); }

Steps steps_on_disk(const fs::path& folder) {
  Steps steps;
  for (const auto& entry : fs::directory_iterator(folder)) {
    steps.push_back(std::stoll(read_tensors(entry.path()).metadata.at("step")));
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

/// Saves evaluations at steps 10, 20, … with these losses, cleaning up after each.
void save_all(CheckpointFolder& checkpoints, const std::vector<double>& nlls) {
  for (std::size_t i = 0; i < nlls.size(); ++i) {
    const auto step = static_cast<std::int64_t>(10 * (i + 1));
    checkpoints.save(Weights(static_cast<double>(step)), {step, nlls[i]});
    checkpoints.remove_others();
  }
}

}  // namespace

TEST_CASE("weights go from model to model, by name and to the last bit", "[training][checkpoint]") {
  const TemporaryFolder folder;
  const auto a = make_tiny(tiny(), at::kFloat, 1), b = make_tiny(tiny(), at::kFloat, 2);
  write_tensors(folder / "a.safetensors", {weights_of(*a), {}});
  CHECK_FALSE(identical(weights_of(*a), weights_of(*b)));
  load_weights(*b, read_tensors(folder / "a.safetensors").tensors, "a");
  CHECK(identical(weights_of(*a), weights_of(*b)));
  const Batch batch = copy_batch({{4, 5, 6}});
  CHECK(a->forward(batch).equal(b->forward(batch)));
}

TEST_CASE("weights that do not fit are refused with their name, and nothing is loaded", "[training][checkpoint]") {
  Weights model(1);
  NamedTensors weights = weights_with(2);
  const auto check = [&](const char* what) {
    CHECK_THROWS_AS(load_weights(model, weights, "run/step_1.safetensors"), UserError);
    CHECK_THROWS_MENTION(load_weights(model, weights, "run/step_1.safetensors"), "run/step_1.safetensors: ");
    CHECK_THROWS_MENTION(load_weights(model, weights, "run/step_1.safetensors"), what);
    CHECK(identical(weights_of(model), weights_with(1)));
  };
  SECTION("one is missing") {
    weights.erase("matrix");
    check("'matrix' are missing");
  }
  SECTION("one is of another shape") {
    weights["matrix"] = at::zeros({3, 2});
    check("'matrix' have another shape");
  }
  SECTION("one is unknown") {
    weights["zebra"] = at::zeros({3});
    check("the model has no 'zebra'");
  }
}

TEST_CASE("the average of checkpoints is their mean, to the last bit of a float", "[training][checkpoint]") {
  const TemporaryFolder folder;
  std::vector<fs::path> files;
  for (const double value : {1e8, 1.0, -1e8, 5.0}) {
    files.push_back(folder / (std::to_string(files.size()) + ".safetensors"));
    write_tensors(files.back(), {weights_with(value), {}});
  }
  const NamedTensors mean = average_weights(files);  // in float the two large ones would swallow the small one
  CHECK(identical(mean, weights_with(1.5)));
  CHECK(identical(average_weights({files[1]}), weights_with(1)));
}

TEST_CASE("the average of a damaged checkpoint is an error that names the file", "[training][checkpoint]") {
  const TemporaryFolder folder;
  write_tensors(folder / "a.safetensors", {weights_with(1), {}});
  folder.write("b.safetensors", "nothing of the kind");
  CHECK_THROWS_MENTION(average_weights({folder / "a.safetensors", folder / "b.safetensors"}),
                       (folder / "b.safetensors").string());
}

TEST_CASE("a checkpoint is a file of weights named after its step", "[training][checkpoint]") {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), 1, 1);
  checkpoints.save(Weights(3), {127, 1.0});
  CHECK(checkpoints.file(127) == folder / "step_00000127.safetensors");
  CHECK(identical(read_tensors(checkpoints.file(127)).tensors, weights_with(3)));
}

TEST_CASE("the last k and the best k checkpoints stay, the rest goes", "[training][checkpoint]") {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), 2, 3);
  save_all(checkpoints, {5, 1, 4, 2, 3, 6, 7});
  CHECK(steps_on_disk(folder.path()) == Steps{20, 40, 50, 60, 70});
  CHECK(steps_of(checkpoints.kept()) == Steps{20, 40, 50, 60, 70});
  CHECK(steps_of(checkpoints.last(2)) == Steps{70, 60});
  CHECK(steps_of(checkpoints.best(3)) == Steps{20, 40, 50});
  CHECK(steps_of(checkpoints.best(1)) == Steps{20});
  CHECK(identical(read_tensors(checkpoints.file(40)).tensors, weights_with(40)));
}

TEST_CASE("of equally good checkpoints the earlier one is the better", "[training][checkpoint]") {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), 1, 2);
  save_all(checkpoints, {2, 1, 1, 1, 3});
  CHECK(steps_of(checkpoints.best(2)) == Steps{20, 30});
  CHECK(steps_on_disk(folder.path()) == Steps{20, 30, 50});
}

TEST_CASE("the best checkpoint may be the last one", "[training][checkpoint]") {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), 1, 1);
  save_all(checkpoints, {3, 2, 1});
  CHECK(steps_on_disk(folder.path()) == Steps{30});
}

TEST_CASE("the files of a state on disk stay until the next state is on disk", "[training][checkpoint]") {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), 1, 1);
  save_all(checkpoints, {2});
  checkpoints.save(Weights(20), {20, 1});
  CHECK(steps_of(checkpoints.kept()) == Steps{20});
  CHECK(steps_on_disk(folder.path()) == Steps{10, 20});
  checkpoints.remove_others();
  CHECK(steps_on_disk(folder.path()) == Steps{20});
}

TEST_CASE("what a killed run left behind goes, other files stay", "[training][checkpoint]") {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), 1, 1);
  for (const char* left : {"step_00000005.safetensors", ".step_00000010.safetensors.tmp-123-4",
                           ".state.safetensors.tmp-123-5", "state.safetensors", "config.json", "step_1.txt"}) {
    folder.write(left, "");
  }
  save_all(checkpoints, {2});
  CHECK(TestRun(folder.path()).files() ==
        std::vector<std::string>{"config.json", "state.safetensors", "step_00000010.safetensors", "step_1.txt"});
}

TEST_CASE("a checkpoint that is saved again replaces itself", "[training][checkpoint]") {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), 3, 1);
  checkpoints.restore({{10, 1.0}, {20, 2.0}});
  checkpoints.save(Weights(20), {20, 2.5});
  CHECK(steps_of(checkpoints.kept()) == Steps{10, 20});
  CHECK(checkpoints.last(1).front().nll == 2.5);
}

TEST_CASE("a checkpoint that cannot be written changes nothing on disk", "[training][checkpoint]") {
  const TemporaryFolder folder;
  folder.write("taken", "");
  CheckpointFolder checkpoints(folder / "taken", 1, 1);
  CHECK_THROWS_AS(checkpoints.save(Weights(1), {1, 1.0}), RunError);
}

TEST_CASE("saved generators draw the same numbers again", "[training][checkpoint]") {
  const TemporaryFolder folder;
  at::manual_seed(5);
  at::randn({7});
  write_tensors(folder / "random.safetensors", {generator_states(at::kCPU), {}});
  const Tensor first = at::randn({9});
  at::manual_seed(6);
  load_generator_states(read_tensors(folder / "random.safetensors").tensors, at::kCPU);
  CHECK(at::randn({9}).equal(first));
  CHECK_THROWS_MENTION(load_generator_states({}, at::kCPU), "random.cpu");
}
