#include "expunge/report/figure.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "example_results.hpp"

using namespace expunge::report;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string message_of(const Gnuplot& gnuplot, const std::string& commands) {
  try {
    gnuplot_svg("x", "x", 100, 100, commands, gnuplot);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE(
    "every figure of a report is one picture with a title, and colours that a dark page can use") {
  const std::vector<Figure> all = figures(example::results());
  REQUIRE(all.size() == 5);
  for (const Figure& figure : all) {
    CAPTURE(figure.name);
    CHECK(figure.svg.rfind("<svg", 0) == 0);
    CHECK(contains(figure.svg, "</svg>"));
    CHECK(contains(figure.svg, "<title>" + html_text(figure.title) + "</title>"));
    CHECK(!contains(figure.svg, "<script"));
    CHECK(!contains(figure.svg, "'black'"));
    CHECK(!contains(figure.svg, "id='gpDot'"));
    CHECK(!figure.caption.empty());
  }
}

TEST_CASE("figures of results without curves are none") {
  CHECK(figures(Results{}).empty());
}

TEST_CASE("names that gnuplot or XML would read as code are drawn as they stand") {
  ForgetSetResult set;
  set.name = "it's <b> & \"x\"";
  set.klom_vs_compute = {{"a 'quoted' <name> `date`\nline", {{0.1, {1, 1, 1}}}}};
  Results results;
  results.forget_sets = {set};
  const std::vector<Figure> all = figures(results);
  REQUIRE(all.size() == 1);
  CHECK(contains(all[0].svg, "a 'quoted' &lt;name> `date` line"));
  CHECK(!contains(all[0].svg, "<name>"));
}

TEST_CASE("a curve of nothing but missing numbers is drawn as nothing, not as zero") {
  ForgetSetResult set;
  set.klom_vs_compute = {{"GA", {{0.1, {not_measured, INFINITY, not_measured}}}}};
  const Drawing drawing = klom_drawing(set, "klom_1");
  CHECK(contains(drawing.commands, "10 NaN NaN NaN\n"));
  Results results;
  results.forget_sets = {set};
  CHECK(figures(results).size() == 1);
}

TEST_CASE("figures without one finite number are drawn empty") {
  Results results;
  results.models_curves = {{"LASSO", {{100, not_measured, {}, not_measured}}}, {"ridge", {}}};
  results.missing_targets = {{"SCRUB", "", {}, {}}};
  results.histograms = {{"Shirt", 2, 2, {0, 0, 0, 0}, {}}, {"Bag", 0, 0, {}, {{"GA", {INFINITY}}}}};
  CHECK(figures(results).size() == 3);
}

TEST_CASE("what costs nothing stands left of the logarithmic axis") {
  const detail::ComputeAxis axis = detail::compute_axis(example::results().forget_sets[0]);
  CHECK(axis.begin == doctest::Approx(0.1));
  CHECK(axis.zero < axis.begin);
  CHECK(axis.end == 100);
}

TEST_CASE("the missing-targets figure counts the points that left their target") {
  const Results results = example::results();
  const Drawing drawing = missing_targets_drawing(results.missing_targets);
  CHECK(contains(drawing.commands, "SCRUB: 30 of 60 points leave their target"));
  CHECK(contains(drawing.commands, "DMM, Gauss-Newton: 0 of 60 points"));
  MissingTargets broken = results.missing_targets[0];
  broken.percent[2].pop_back();
  CHECK_THROWS_WITH_AS(missing_targets_drawing({broken}), doctest::Contains("59 points"),
                       std::invalid_argument);
}

TEST_CASE("the shares of a margin histogram add up to one, infinite margins apart") {
  ImageMargins image{"x", 0, 0, {}, {{"a", {0, 0.5, 1, 1, INFINITY}}}};
  const detail::Range range = detail::margin_range(image);
  CHECK(range.low == 0);
  CHECK(range.high == 1);
  double sum = 0;
  for (const double share : detail::margin_shares(image.series[0].margins, range)) sum += share;
  CHECK(sum == doctest::Approx(0.8));
}

TEST_CASE("an image whose pixels do not fill it is a mistake of the caller") {
  CHECK_THROWS_WITH_AS(histogram_drawing({{"Shirt", 2, 2, {1, 2, 3}, {}}}),
                       "histogram_drawing: Shirt is 2 x 2 pixels but has 3", std::invalid_argument);
}

TEST_CASE("a missing gnuplot is named, with the package that holds it") {
  const std::string said = message_of({"no-such-gnuplot"}, "plot 1\n");
  CHECK(contains(said, "there is no program 'no-such-gnuplot'"));
  CHECK(contains(said, "gnuplot-nox"));
}

TEST_CASE("when gnuplot fails its own words are passed on") {
  CHECK(contains(message_of({}, "plot nonsense(x)\n"), "undefined function: nonsense"));
}

TEST_CASE("a figure file is written whole and leaves no partial file behind") {
  const detail::TemporaryFolder folder;
  const Figure figure{"one", "t", "c", "<svg width=\"1\"></svg>"};
  const std::filesystem::path path = write_figure(figure, folder.file("figures"));
  CHECK(contains(read_text_file(path), "background:#ffffff"));
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path()))
    CHECK(entry.path().extension() != ".partial");
  CHECK_THROWS_AS(write_text_file("/proc/no/such/folder/x", "x"), expunge::io_error);
}

TEST_CASE("a method has one style, and different methods of the quickstart look different") {
  CHECK(method_style("DMM").colour != method_style("DM-Direct").colour);
  CHECK(method_style("difference of means, thresholded").colour !=
        method_style("difference of means, plain").colour);
  CHECK(method_style("GDA").colour != method_style("GD").colour);
  CHECK(method_style("something else").colour == method_style("something else").colour);
}
