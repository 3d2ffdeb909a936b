#include "libs/config/yaml.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "every_kind.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "rapidcheck.h"
#include "tests/catch.h"

namespace spillway::config {
namespace {

using google::protobuf::util::MessageDifferencer;
using test::EveryKind;

// The smallest valid document, so that a test writes only what it is about.
const std::string kRest = "words: [a]\n";

EveryKind Read(const std::string& yaml) {
  EveryKind message;
  const absl::Status status = ParseYaml(kRest + yaml, "f.yaml", message);
  INFO(yaml << "\n" << status);
  REQUIRE(status.ok());
  return message;
}

// The problems of `yaml`; its first line is line 2.
std::string Refused(const std::string& yaml) {
  EveryKind message;
  const absl::Status status = ParseYaml(kRest + yaml, "f.yaml", message);
  INFO(yaml);
  REQUIRE(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

bool Has(const std::string& text, const std::string& part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("config: scalars of every kind are read as their field's type", "[config]") {
  const EveryKind message = Read(
      "flag: true\nsmall: -5\nlarge: 9223372036854775807\ncount: 3\nbig_count: 18446744073709551615\nratio: 0.25\n"
      "weight: 1.5\ntext: plain words\ncolor: dark_green\nprice: 10.000000001\nsize: 0.00000001\nwait: 2500ms\n"
      "left: 'yes'\ncolors: [red, dark_green]\nratios: [1, 2.5]\n"
      "nested: {name: nn, points: 0}\nitems:\n  - {name: a, points: -1}\n  - name: b\n    points: 2\n    after: 5m\n");
  CHECK(message.flag());
  CHECK(message.small() == -5);
  CHECK(message.large() == INT64_MAX);
  CHECK(message.count() == 3);
  CHECK(message.big_count() == UINT64_MAX);
  CHECK(message.ratio() == 0.25);
  CHECK(message.weight() == 1.5f);
  CHECK(message.text() == "plain words");
  CHECK(message.color() == test::COLOR_DARK_GREEN);
  CHECK(message.price_e9() == 10'000'000'001);
  CHECK(message.size_e8() == 1);
  CHECK(message.wait_ns() == 2'500'000'000);
  CHECK(message.left() == "yes");
  CHECK(message.colors_size() == 2);
  CHECK(message.ratios(1) == 2.5);
  CHECK(message.nested().points() == 0);
  REQUIRE(message.items_size() == 2);
  CHECK(message.items(1).after_ns() == 300'000'000'000);
}

TEST_CASE("config: decimals are exact where a double would not be", "[config]") {
  CHECK(Read("price: 0.1").price_e9() == 100'000'000);
  CHECK(Read("size: 12345678901.12345678").size_e8() == 1'234'567'890'112'345'678);
  CHECK(Has(Refused("price: 0.0300000001"), "f.yaml:2: price: '0.0300000001' is not a decimal number with at most 9"));
}

TEST_CASE("config: a value of another type is refused with the expected form", "[config]") {
  CHECK(Has(Refused("flag: yes"), "f.yaml:2: flag: 'yes' is not true or false"));
  CHECK(Has(Refused("flag: \"true\""), "flag: \"true\" is not true or false; remove the quotes"));
  CHECK(Has(Refused("small: 2.5"), "small: '2.5' is not a whole number"));
  CHECK(Has(Refused("small: 2147483648"), "small: '2147483648' is not a whole number"));
  CHECK(Has(Refused("count: -1"), "count: '-1' is not a whole number such as 5, not negative"));
  CHECK(Has(Refused("wait: 5"), "wait: '5' is not a duration such as 250ms"));
  CHECK(Has(Refused("color: blue"), "color: 'blue' is not one of: red, dark_green"));
  CHECK(Has(Refused("color: unspecified"), "is not one of"));
  CHECK(Has(Refused("color: COLOR_RED"), "is not one of"));
  CHECK(Has(Refused("ratio: [1]"), "ratio: a list where one value was expected"));
  CHECK(Has(Refused("nested: 5"), "nested: '5' where a map was expected, with the keys name, points, after"));
  CHECK(Has(Refused("ratios: 5"), "ratios: '5' where a list was expected; write [ ... ]"));
  CHECK(Has(Refused("text:"), "text: empty, expected text"));
  CHECK(Has(Refused("text: !!str x"), "the tag tag:yaml.org,2002:str is not supported"));
  for (const std::string number :
       {"1e3", "010", "0x10", "+5", ".5", "5.", "1_000", "nan", ".inf", "-.", "0o7", "1:30"}) {
    INFO(number);
    CHECK(Has(Refused("ratio: " + number), "is not a number such as 7.5"));
    CHECK(Has(Refused("price: " + number), "is not a decimal number"));
  }
}

TEST_CASE("config: a limit holds on its edge and is named beyond it", "[config]") {
  CHECK(Read("price: 0.03").price_e9() == 30'000'000);
  CHECK(Has(Refused("price: 0.029999999"), "price: 0.029999999 is below the minimum 0.03"));
  CHECK(Read("price: 100").price_e9() == 100'000'000'000);
  CHECK(Has(Refused("price: 100.000000001"), "is above the maximum 100"));
  CHECK(Read("count: 5").count() == 5);
  CHECK(Has(Refused("count: 6"), "count: 6 is above the maximum 5"));
  CHECK(Has(Refused("ratio: 0"), "ratio: 0 is not above 0"));
  CHECK(Read("wait: 1000ms").wait_ns() == 1'000'000'000);
  CHECK(Has(Refused("wait: 999ms"), "wait: 999ms is below the minimum 1s"));
  CHECK(Has(Refused("text: A"), "text: 'A' does not match the pattern [a-z ]*"));
}

TEST_CASE("config: an unknown key names the nearest valid one", "[config]") {
  CHECK(Has(Refused("pirce: 1"), "f.yaml:2: pirce: unknown key; did you mean 'price'?"));
  CHECK(Has(Refused("nested: {name: a, points: 1, pionts: 1}"), "nested.pionts: unknown key; did you mean 'points'?"));
  CHECK(Has(Refused("price_e9: 1"), "price_e9: unknown key; write 'price', a decimal number"));
  CHECK(Has(Refused("nested: {name: a, points: 1, zzzzzz: 1}"), "expected one of: name, points, after"));
  CHECK(Has(Refused("<<: 1"), "merge keys are not supported"));
  CHECK(Has(Refused("[a]: 1"), "a key that is not plain text"));
}

TEST_CASE("config: a key given twice and both members of a oneof are refused", "[config]") {
  CHECK(Has(Refused("flag: true\nsmall: 1\nflag: false"), "f.yaml:4: flag: given twice, first on line 2"));
  CHECK(Has(Refused("left: a\nright: b"), "f.yaml:3: right: excludes 'left' given above"));
}

TEST_CASE("config: what is required must be given, a zero included", "[config]") {
  CHECK(Has(Refused("small: 1\nnested:\n  name: a\n"), "f.yaml:3: nested.points: missing; expected a number"));
  CHECK(Has(Refused("items:\n  - name: a\n    points: 1\n  - points: 2\n"), "f.yaml:5: items[1].name: missing"));
  CHECK(Read("nested: {name: '', points: 0}").has_nested());
  EveryKind message;
  CHECK(ParseYaml("flag: true", "f.yaml", message).message() ==
        "f.yaml:1: words: missing; expected a list; each item is text");
  CHECK(ParseYaml("words: []", "f.yaml", message).message() == "f.yaml:1: words: 0 items, expected at least 1");
}

TEST_CASE("config: all problems of a file are reported together in the order of its lines, twenty at most",
          "[config]") {
  const std::string three = Refused("flag: 1\nsmall: x\nnested: {points: 1}\n");
  CHECK(three ==
        "f.yaml:2: flag: '1' is not true or false\n"
        "f.yaml:3: small: 'x' is not a whole number such as 5 or -5\n"
        "f.yaml:4: nested.name: missing; expected text");
  std::string many;
  for (int i = 0; i < 25; ++i) many += "unknown" + std::to_string(i) + ": 1\n";
  const std::string text = Refused(many);
  CHECK(std::count(text.begin(), text.end(), '\n') == 20);
  CHECK(text.ends_with("\n... and 5 more"));
}

TEST_CASE("config: what is not one YAML document is refused with its line", "[config]") {
  EveryKind message;
  CHECK(Has(std::string(ParseYaml("a: [1\nb: 2", "f.yaml", message).message()), "f.yaml:2: not YAML"));
  CHECK(Has(std::string(ParseYaml("", "f.yaml", message).message()), "f.yaml:1: no configuration in the file"));
  CHECK(Has(std::string(ParseYaml("# only words\n", "f.yaml", message).message()), "no configuration"));
  CHECK(Has(std::string(ParseYaml("flag: true\n---\nflag: false\n", "f.yaml", message).message()), "2 YAML documents"));
  CHECK(Has(std::string(ParseYaml("- a\n", "f.yaml", message).message()), "a list where a map was expected"));
}

TEST_CASE("config: an alias stands for what its anchor marks", "[config]") {
  const EveryKind message = Read("nested: &n {name: a, points: 1}\nitems: [*n, *n]\n");
  REQUIRE(message.items_size() == 2);
  CHECK(message.items(1).name() == "a");
}

TEST_CASE("config: after an error the message keeps its value", "[config]") {
  EveryKind message;
  message.set_small(7);
  CHECK_FALSE(ParseYaml("words: [b]\nsmall: x", "f.yaml", message).ok());
  CHECK(message.small() == 7);
  CHECK(message.words_size() == 0);
}

TEST_CASE("config: a later layer replaces scalars and lists and merges nested messages", "[config]") {
  EveryKind message;
  Origins origins;
  Problems problems;
  ReadLayer("flag: true\nwords: [a, b]\nnested: {name: nn, points: 1}\nitems: [{name: x, points: 1}]", "base.yaml",
            message, origins, problems);
  ReadLayer("flag: false\n\nwords: [c]\nnested: {points: 2}", "child.yaml", message, origins, problems);
  CheckRequired(message, origins, problems);
  CHECK(problems.ToStatus() == absl::OkStatus());
  CHECK_FALSE(message.flag());
  CHECK(message.words_size() == 1);
  CHECK(message.nested().name() == "nn");
  CHECK(message.nested().points() == 2);
  CHECK(message.items_size() == 1);
  CHECK(origins.Find("nested.points")->file == "child.yaml");
  CHECK(origins.Find("nested.points")->line == 4);
  CHECK(origins.Find("nested.name")->file == "base.yaml");
  CHECK(origins.Find("words[1]") == nullptr);
  CHECK(origins.Nearest("items[0].after").file == "base.yaml");
}

TEST_CASE("config: a file that is not there, a directory and a file too long are told apart", "[config]") {
  const std::filesystem::path directory = std::filesystem::temp_directory_path() / "spillway_config_test";
  std::filesystem::create_directories(directory);
  EveryKind message;
  CHECK(ParseYamlFile(directory / "none.yaml", message).code() == absl::StatusCode::kNotFound);
  CHECK(Has(std::string(ParseYamlFile(directory, message).message()), "is a directory"));
  std::ofstream(directory / "long.yaml") << "# " << std::string(kFileBytesMax, 'x');
  CHECK(Has(std::string(ParseYamlFile(directory / "long.yaml", message).message()), "longer than"));
  std::ofstream(directory / "good.yaml") << "words: [a]\n";
  CHECK(ParseYamlFile(directory / "good.yaml", message).ok());
  std::filesystem::remove_all(directory);
}

TEST_CASE("config: YAML written from a message reads back as the same message", "[config]") {
  CHECK(rc::check("round trip", [] {
    const auto ascii = rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
    EveryKind message;
    message.set_flag(*rc::gen::arbitrary<bool>());
    message.set_small(*rc::gen::arbitrary<int32_t>());
    message.set_large(*rc::gen::inRange<int64_t>(INT64_MIN, INT64_MAX));
    message.set_count(*rc::gen::inRange<uint32_t>(1, 6));
    if (*rc::gen::arbitrary<bool>()) message.set_big_count(*rc::gen::arbitrary<uint64_t>());
    if (*rc::gen::arbitrary<bool>()) message.set_ratio(*rc::gen::positive<double>());
    if (*rc::gen::arbitrary<bool>()) message.set_weight(*rc::gen::arbitrary<float>());
    message.set_text(*rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcz "))));
    message.set_color(*rc::gen::element(test::COLOR_UNSPECIFIED, test::COLOR_RED, test::COLOR_DARK_GREEN));
    if (*rc::gen::arbitrary<bool>()) message.set_price_e9(*rc::gen::inRange<int64_t>(30'000'000, 100'000'000'000));
    if (*rc::gen::arbitrary<bool>()) message.set_size_e8(*rc::gen::inRange<int64_t>(-INT64_MAX, INT64_MAX));
    if (*rc::gen::arbitrary<bool>()) message.set_wait_ns(*rc::gen::inRange<int64_t>(1'000'000'000, INT64_MAX / 1000));
    message.add_words(*ascii);
    for (const std::string& word : *rc::gen::container<std::vector<std::string>>(ascii)) message.add_words(word);
    for (const double ratio : *rc::gen::container<std::vector<double>>(rc::gen::arbitrary<double>()))
      message.add_ratios(ratio);
    if (*rc::gen::arbitrary<bool>()) message.set_left(*ascii);
    const auto nested = [&](test::Nested& out) {
      out.set_name(*ascii);
      out.set_points(*rc::gen::arbitrary<double>());
      if (*rc::gen::arbitrary<bool>()) out.set_after_ns(*rc::gen::inRange<int64_t>(0, 1'000'000'000'000));
    };
    if (*rc::gen::arbitrary<bool>()) nested(*message.mutable_nested());
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) nested(*message.add_items());
    const std::string yaml = ToYaml(message);
    EveryKind read;
    const absl::Status status = ParseYaml(yaml, "f.yaml", read);
    if (!status.ok()) RC_FAIL(std::string(status.message()) + "\n" + yaml);
    RC_ASSERT(MessageDifferencer::Equals(message, read));
  }));
}

TEST_CASE("config: a text cut, overwritten or repeated anywhere is read or refused with its file and line",
          "[config]") {
  const std::string whole =
      "flag: true\nprice: 10.05\nwait: 5m\ncolor: red\nnested: &n {name: nn, points: 0}\nwords: [\"yes\", "
      "plain]\nitems:\n"
      "  - *n\n  - name: b\n    points: 1\n    after: 250ms\n";
  CHECK(rc::check("damaged text", [&] {
    std::string text = whole;
    for (int edits = *rc::gen::inRange(1, 5); edits > 0; --edits) {
      const auto at = *rc::gen::inRange<size_t>(0, text.size());
      const auto length = *rc::gen::inRange<size_t>(0, 8);
      switch (*rc::gen::inRange(0, 3)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text[at] = *rc::gen::arbitrary<char>();
          break;
        default:
          text.insert(at, text.substr(at, length));
          break;
      }
      if (text.empty()) text = "x";
    }
    EveryKind message;
    const absl::Status status = ParseYaml(text, "f.yaml", message);
    if (status.ok()) {
      EveryKind again;
      RC_ASSERT(ParseYaml(ToYaml(message), "again.yaml", again).ok());
      RC_ASSERT(MessageDifferencer::Equals(message, again));
    } else {
      RC_ASSERT(status.code() == absl::StatusCode::kInvalidArgument);
      RC_ASSERT(status.message().substr(0, 7) == "f.yaml:");
    }
  }));
}

TEST_CASE("config: depth, length and number without measure are refused, not followed", "[config]") {
  const std::string many(kFileBytesMax, 'a');
  CHECK(Has(Refused("text: " + many), "letters, at most 1000 are allowed"));
  CHECK(Refused(many + ": 1").size() < 1000);
  CHECK(Refused("small: " + many).size() < 1000);
  CHECK(Refused("colors: " + std::string(100'000, '[')).size() < 1000);
  std::string list = "colors: [";
  for (int i = 0; i < 100'000; ++i) list += "red, ";
  CHECK(Read(list + "red]").colors_size() == 100'001);
}

TEST_CASE("config: written YAML looks as a person would write it", "[config]") {
  const std::string yaml =
      "count: 3\n"
      "text: \"two words\"\n"
      "color: dark_green\n"
      "price: 10.05\n"
      "wait: 5m\n"
      "nested:\n"
      "  name: nn\n"
      "  points: 0\n"
      "words: [\"yes\", plain, \"5\"]\n"
      "items:\n"
      "  - name: a\n"
      "    points: 7.5\n"
      "  - name: b\n"
      "    points: 1\n"
      "    after: 250ms\n";
  EveryKind message;
  REQUIRE(ParseYaml(yaml, "f.yaml", message).ok());
  CHECK(ToYaml(message) == yaml);
  CHECK(ToYaml(EveryKind()) == "{}\n");
}

}  // namespace spillway::config
