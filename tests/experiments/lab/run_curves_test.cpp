#include "experiments/lab/run_curves.h"

#include <nlohmann/json.hpp>

#include "experiments/lab/terminal_plot.h"
#include "tests/catch.h"
#include "tests/temporary_folder.h"

#include <cmath>

using namespace ablate;
using namespace ablate::lab;
using ablate::testing::TemporaryFolder;

TEST_CASE("curves: lines of training and of evaluation apart, what is missing is no number", "[lab]") {
  const TemporaryFolder folder;
  const auto file = folder.write("metrics.jsonl",
                                 "{\"step\":10,\"tokens\":100,\"loss\":3.5,\"gradient_norm\":null}\n"
                                 "{\"step\":10,\"tokens\":100,\"dev_nll\":3.25}\n"
                                 "{\"step\":20,\"tokens\":200,\"loss\":3.0,\"gradient_norm\":0.5}\n"
                                 "{\"step\":30,\"tok");
  const RunCurves curves = read_curves(file);
  CHECK(curves.log.of("step") == std::vector<double>{10, 20});
  CHECK(curves.log.of("loss") == std::vector<double>{3.5, 3});
  CHECK(std::isnan(curves.log.of("gradient_norm")[0]));
  CHECK(curves.log.of("gradient_norm")[1] == 0.5);
  CHECK(curves.evaluations.of("dev_nll") == std::vector<double>{3.25});
  CHECK(curves.evaluations.size() == 1);
  CHECK_THROWS_AS(curves.log.of("dev_nll"), std::out_of_range);
  const Json json = curves.log.json();
  CHECK(json["gradient_norm"] == Json::parse("[null, 0.5]"));
  CHECK(read_curves(folder / "no such file").log.size() == 0);
}

TEST_CASE("terminal: a curve's ends are at the ends of its axes", "[lab]") {
  const std::string plot = plot_curves({{"falling", {0, 50, 100}, {4, NAN, 2}}}, 10, 3);
  CHECK(plot ==
        "4 ┤•\n"
        "  ┤\n"
        "2 ┤         •\n"
        "  └──────────\n"
        "   0      100\n"
        "   • falling\n");
  CHECK(plot_curves({{"nothing", {1}, {NAN}}}) == "");
  CHECK(plot_curves({{"one point", {1}, {2}}}, 4, 2).find("•") != std::string::npos);
}

TEST_CASE("terminal: weights as shades, columns by letter", "[lab]") {
  CHECK(plot_weights({{1, 0}, {0.5, 0.5}}, {"ein", "Haus"}, {"a", "house"}) ==
        "     a b \n"
        " ein ██  \n"
        "Haus ▒▒▒▒\n"
        "     a a  b house\n");
}
