#include "transformer/core/batch.h"

#include "tests/catch.h"

TEST_CASE("a batch that stands on its device is not copied", "[core][batch]") {
  ablate::Batch batch;
  batch.source = at::ones({2, 3}, at::kLong);
  batch.target_input = at::ones({2, 4}, at::kLong);
  batch.target_output = at::ones({2, 4}, at::kLong);
  CHECK(batch.to(at::kCPU).source.is_same(batch.source));
}

TEST_CASE("a batch moves with its tokens, and keeps its counts", "[core][batch]") {
  ablate::Batch batch;
  batch.source = at::ones({2, 3}, at::kLong);
  batch.target_input = at::ones({2, 4}, at::kLong);
  batch.target_output = at::ones({2, 4}, at::kLong);
  batch.prefix = at::ones({2}, at::kLong);
  batch.target_tokens = 8;
  batch.index = {5, 7};
  const ablate::Batch moved = batch.to(at::kMeta);
  for (const ablate::Tensor& tokens : {moved.source, moved.target_input, moved.target_output, moved.prefix}) {
    CHECK(tokens.is_meta());
  }
  CHECK(moved.target_tokens == 8);
  CHECK(moved.index == std::vector<std::int64_t>{5, 7});
}
