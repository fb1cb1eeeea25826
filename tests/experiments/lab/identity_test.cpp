#include "experiments/lab/identity.h"

#include "tests/catch.h"
#include "tests/data/support.h"

using namespace ablate;

namespace {

/// A run's configuration: an experiment's sections as JSON on top of what every run must say.
lab::RunConfig config_of(const std::string& sections) {
  Json json = {{"training", {{"budget", {{"steps", 100}}}}}};
  json.merge_patch(Json::parse(sections));
  return data::testing::from_json<lab::RunConfig>(json.dump());
}

std::string hash_of(const std::string& sections, const std::string& data = "d", std::int64_t seed = 1) {
  return lab::run_hash(config_of(sections), data, seed);
}

std::string decoding_of(const std::string& sections) { return lab::decoding_hash(config_of(sections)); }

}  // namespace

TEST_CASE("identity: sixteen and twelve hexadecimal digits", "[lab]") {
  const std::string run = hash_of("{}");
  CHECK(run.size() == 16);
  CHECK(run.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(decoding_of("{}").size() == 12);
  CHECK(run == hash_of("{}"));
}

TEST_CASE("identity: what decides no weight does not change the hash", "[lab]") {
  const std::string plain = hash_of("{}");
  for (const char* same : {
           R"({"model": {"d_model": 512, "norm": {"kind": "layer_norm"}, "encoder": {"layers": 6}}})",
           R"({"training": {"optimizer": {"beta1": 0.9}, "accumulate": 1, "clip_norm": null}})",
           R"({"training": {"log_every": 3}})",
           R"({"decoding": {"kind": "greedy"}})",
           R"({"decoding": {"beam": 9}})",
           R"({"evaluation": {"metrics": ["chrf"], "splits": ["dev"], "checkpoint": "last"}})",
           R"({"evaluation": {"batch_tokens": 9}})",
           R"({"model": {"vocabulary": 100}})",
       }) {
    INFO(same);
    CHECK(hash_of(same) == plain);
  }
}

TEST_CASE("identity: runs stay known when the program learns new options", "[lab]") {
  // Whoever changes one of these makes every finished run of that kind unknown: a new option must not.
  CHECK(hash_of("{}") == "f0f0d35affc78049");
  CHECK(hash_of(R"({"model": {"position": {"kind": "rotary"}, "attention": {"kind": "grouped_query"}}})") ==
        "d6edccad074c2a6e");
  CHECK(hash_of(R"({"model": {"norm": {"kind": "rms_norm"}, "residual": {"kind": "sandwich"},
                              "feed_forward": {"kind": "swiglu"}, "embedding": {"tying": "none"}}})") ==
        "3957bf0b935a71d3");
  CHECK(hash_of(R"({"training": {"optimizer": {"kind": "adamw"}, "precision": "bf16",
                                 "loss": {"smoothing": "other_words"},
                                 "schedule": {"kind": "cosine", "warmup": 10}}})") == "edd07327cc403b16");
}

TEST_CASE("identity: everything that decides the weights changes the hash", "[lab]") {
  std::vector<std::string> hashes = {hash_of("{}"), hash_of("{}", "other data"), hash_of("{}", "d", 2)};
  for (const char* other : {
           R"({"model": {"d_model": 256}})",
           R"({"model": {"max_length": 100}})",
           R"({"model": {"dropout": 0.2}})",
           R"({"model": {"encoder": {"dropout": 0.2}}})",
           R"({"model": {"decoder": {"dropout": 0.2}}})",
           R"({"model": {"norm": {"kind": "rms_norm"}}})",
           R"({"model": {"norm": {"eps": 1e-6}}})",
           R"({"model": {"residual": {"kind": "pre_norm"}}})",
           R"({"model": {"attention": {"heads": 4}}})",
           R"({"model": {"decoder": {"cross_attention": {"heads": 4}}}})",
           R"({"model": {"feed_forward": {"kind": "swiglu"}}})",
           R"({"model": {"position": {"kind": "rotary"}}})",
           R"({"model": {"embedding": {"tying": "none"}}})",
           R"({"model": {"encoder": {"layers": 2}}})",
           R"({"model": {"initialization": {"embedding": {"kind": "normal"}}}})",
           R"({"training": {"optimizer": {"beta1": 0.8}}})",
           R"({"training": {"schedule": {"warmup": 10}}})",
           R"({"training": {"loss": {"label_smoothing": 0}}})",
           R"({"training": {"loss": {"smoothing": "other_words"}}})",
           R"({"training": {"clip_norm": 1}})",
           R"({"training": {"accumulate": 2}})",
           R"({"training": {"precision": "bf16"}})",
           R"({"training": {"budget": {"steps": 101}}})",
           R"({"training": {"evaluate_every": {"steps": 5}}})",
           R"({"training": {"patience": 3}})",
           R"({"training": {"checkpoints": {"keep_last": 3}}})",
           R"({"training": {"batch": {"tokens": 100}}})",
       }) {
    const std::string hash = hash_of(other);
    INFO(other);
    CHECK(std::count(hashes.begin(), hashes.end(), hash) == 0);
    hashes.push_back(hash);
  }
}

TEST_CASE("identity: what a run begins from is known by its content, and until then by its name", "[lab]") {
  const auto from = [](const std::string& keys) {
    return hash_of(R"({"training": {"initialize_from": {)" + keys + "}}}");
  };
  const std::string named = from(R"("run": "a")"), known = from(R"("run": "a", "content": "c")");
  CHECK(named != hash_of("{}"));
  CHECK(from(R"("run": "b")") != named);
  CHECK(from(R"("run": "a", "checkpoint": "last")") != named);
  CHECK(known != named);
  CHECK(from(R"("run": "b", "checkpoint": "average_best", "average": 3, "content": "c")") == known);
  CHECK(from(R"("run": "a", "strict": true, "content": "c")") == known);
  CHECK(from(R"("run": "a", "content": "d")") != known);
  for (const char* other :
       {R"("take": ["encoder"])", R"("leave": ["encoder"])", R"("rename": ["decoder = encoder"])"}) {
    INFO(other);
    CHECK(from(R"("run": "a", "content": "c", )" + std::string(other)) != known);
  }
}

TEST_CASE("identity: a model is known by its stacks, wherever a setting was written", "[lab]") {
  const auto same = [](const std::string& shared, const std::string& apart) {
    INFO(shared << " and " << apart);
    CHECK(hash_of(shared) == hash_of(apart));
    CHECK(hash_of(shared) != hash_of("{}"));
  };
  same(R"({"model": {"norm": {"kind": "rms_norm"}}})",
       R"({"model": {"encoder": {"norm": {"kind": "rms_norm"}}, "decoder": {"norm": {"kind": "rms_norm"}}}})");
  same(R"({"model": {"attention": {"heads": 4}}})",
       R"({"model": {"encoder": {"attention": {"heads": 4}}, "decoder": {"attention": {"heads": 4}}}})");
  same(R"({"model": {"dropout": 0.3}})", R"({"model": {"encoder": {"dropout": 0.3}, "decoder": {"dropout": 0.3}}})");
  CHECK(hash_of(R"({"model": {"norm": {"kind": "rms_norm"}}})") !=
        hash_of(R"({"model": {"encoder": {"norm": {"kind": "rms_norm"}}}})"));
}

TEST_CASE("identity: a stored configuration comes to the hash of the run", "[lab]") {
  const lab::RunConfig config = config_of(
      R"({"model": {"norm": {"kind": "rms_norm", "eps": 1e-6}, "dropout": 0.3,
                    "encoder": {"layers": 2, "dropout": 0.25}},
          "training": {"clip_norm": 0.1}})");
  Json stored = {{"mathematics", lab::mathematics_version},
                 {"data_hash", "d"},
                 {"seed", 3},
                 {"config", config::Writer::write(config)}};
  CHECK(lab::stored_hash(stored) == lab::run_hash(config, "d", 3));
  stored["config"]["model"]["dropout"] = 0.2;
  CHECK(lab::stored_hash(stored) != lab::run_hash(config, "d", 3));
  stored["config"]["model"]["unknown"] = 1;
  CHECK(lab::stored_hash(stored) == std::nullopt);
  stored["config"]["model"].erase("unknown");
  stored["mathematics"] = lab::mathematics_version + 1;
  CHECK(lab::stored_hash(stored) == std::nullopt);
}

TEST_CASE("identity: a way of decoding is known by its weights and its search", "[lab]") {
  const std::string plain = decoding_of("{}");
  CHECK(decoding_of(R"({"decoding": {"kind": "beam", "beam": 4}})") == plain);
  CHECK(decoding_of(R"({"evaluation": {"metrics": ["chrf"], "splits": ["dev"]}})") == plain);
  CHECK(decoding_of(R"({"model": {"d_model": 256}})") == plain);
  CHECK(decoding_of(R"({"decoding": {"beam": 5}})") != plain);
  CHECK(decoding_of(R"({"decoding": {"kind": "greedy"}})") != plain);
  CHECK(decoding_of(R"({"evaluation": {"checkpoint": "last"}})") != plain);
  const auto average = [](int k) {
    return decoding_of(
        R"({"training": {"checkpoints": {"keep_last": 5}}, "evaluation": {"checkpoint": "average_last",
                           "average": )" +
        std::to_string(k) + "}}");
  };
  CHECK(average(2) != average(3));
  CHECK(average(2) != plain);
}

TEST_CASE("identity: of text, what is learnt changes the hash, and how it is measured that of the figures", "[lab]") {
  const auto text = [](const std::string& more) {
    return R"({"model": {"family": "decoder"}, "training": {"loss": {"label_smoothing": 0}})" + more + "}";
  };
  const std::string plain = hash_of(text("")), measured = decoding_of(text(""));
  CHECK(plain != hash_of("{}"));
  for (const char* other : {R"(, "objective": {"windows": "consecutive"})", R"(, "objective": {"document_end": false})",
                            R"(, "objective": {"layout": "documents"})"}) {
    INFO(other);
    CHECK(hash_of(text(other)) != plain);
    CHECK(decoding_of(text(other)) == measured);
  }
  for (const char* other : {R"(, "evaluation": {"stride": 9})", R"(, "evaluation": {"window": 99})"}) {
    INFO(other);
    CHECK(hash_of(text(other)) == plain);
    CHECK(decoding_of(text(other)) != measured);
  }
}

TEST_CASE("identity: starts that inherit leave the runs known", "[lab]") {
  CHECK(hash_of(R"({"model": {"initialization": {"query_key_value": {"kind": "normal"}}}})") ==
        hash_of(R"({"model": {"initialization": {"query_key_value": {"kind": "normal"}, "query": {"std": 0.02}}}})"));
  const char* const normal = R"({"model": {"initialization": {"feed_forward": {"kind": "normal"}}}})";
  const std::string known = hash_of(normal);
  CHECK(known == hash_of(R"({"model": {"initialization": {"feed_forward": {"kind": "normal"},
                                                          "feed_forward_output": {"std": 0.02}}}})"));
  CHECK(known != hash_of(R"({"model": {"initialization": {"feed_forward": {"kind": "normal"},
                                                          "feed_forward_output": {"std": 0.01}}}})"));
}
