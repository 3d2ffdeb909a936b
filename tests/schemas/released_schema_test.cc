// The schemas of this build against those that were released (released/v1.txt, docs/schemas.md), and the comparison
// against schemas that were broken on purpose.
//
// SPILLWAY_WRITE_GOLDEN=1 appends what is new to the released file. It changes no line that is there.
#include <cstdio>
#include <fstream>
#include <functional>

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "spillway/v1/account.pb.h"
#include "spillway/v1/checkpoint.pb.h"
#include "spillway/v1/event.pb.h"
#include "spillway/v1/profile.pb.h"
#include "spillway/v1/risk.pb.h"
#include "tests/catch.h"
#include "tests/schemas/golden_file.h"
#include "tests/schemas/schema.h"

namespace spillway::schemas {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;

// What lanes, checkpoints and configuration events consist of.
std::vector<const FileDescriptor*> ReleasedFiles() {
  return {v1::MarketBatch::descriptor()->file(),  v1::FeatureSnapshot::descriptor()->file(),
          v1::Signal::descriptor()->file(),       v1::Event::descriptor()->file(),
          v1::Checkpoint::descriptor()->file(),   v1::Profile::descriptor()->file(),
          v1::AccountState::descriptor()->file(), v1::RiskProfile::descriptor()->file()};
}

Schema Released() {
  absl::StatusOr<Schema> schema = ReleasedSchema();
  INFO((schema.ok() ? "" : std::string(schema.status().message())));
  REQUIRE(schema.ok());
  return *schema;
}

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// A schema to break.
constexpr std::string_view kSmall = R"pb(
  name: "small.proto"
  package: "small"
  syntax: "proto3"
  message_type {
    name: "Order"
    field { name: "id" number: 1 type: TYPE_UINT32 label: LABEL_OPTIONAL }
    field { name: "price_e9" number: 2 type: TYPE_SFIXED64 label: LABEL_OPTIONAL oneof_index: 1 proto3_optional: true }
    field { name: "side" number: 3 type: TYPE_ENUM type_name: ".small.Side" label: LABEL_OPTIONAL }
    field { name: "tag" number: 4 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0 }
    field { name: "legs" number: 5 type: TYPE_MESSAGE type_name: ".small.Leg" label: LABEL_REPEATED }
    oneof_decl { name: "label" }
    oneof_decl { name: "_price_e9" }
    reserved_range { start: 7 end: 8 }
    reserved_range { start: 8 end: 10 }
  }
  message_type {
    name: "Leg"
    field { name: "ratio" number: 1 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
  }
  enum_type {
    name: "Side"
    value { name: "SIDE_UNSPECIFIED" number: 0 }
    value { name: "SIDE_BID" number: 1 }
    value { name: "SIDE_ASK" number: 2 }
  }
)pb";
constexpr std::string_view kSmallReserved = R"(
withdrawn small.Order 7 -
planned small.Order 8 venue
planned small.Order 9 -
)";

// As it is compiled after `change`.
Schema Small(const std::function<void(FileDescriptorProto&)>& change = nullptr) {
  FileDescriptorProto file;
  REQUIRE(google::protobuf::TextFormat::ParseFromString(std::string(kSmall), &file));
  if (change) change(file);
  DescriptorPool pool;
  const FileDescriptor* built = pool.BuildFile(file);
  REQUIRE(built != nullptr);
  return Describe({built});
}

Schema SmallReleased() {
  absl::StatusOr<Schema> schema = ParseSchema(ToText(Small()) + std::string(kSmallReserved));
  REQUIRE(schema.ok());
  return *schema;
}

// What the comparison says of the small schema after `change`.
std::string Broken(const std::function<void(FileDescriptorProto&)>& change) {
  return Lines(Compare(SmallReleased(), Small(change)).broken);
}
std::string BrokenOrder(const std::function<void(DescriptorProto&)>& change) {
  return Broken([&](FileDescriptorProto& file) { change(*file.mutable_message_type(0)); });
}

bool Has(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("schemas: this build reads and writes all that was released", "[schemas]") {
  const std::filesystem::path path = SchemasFolder() / "released" / "v1.txt";
  const Differences differences = Compare(Released(), Describe(ReleasedFiles()));
  INFO(Lines(differences.broken));
  CHECK(differences.broken.empty());
  const std::string added = ToText(differences.added);
  if (added.empty()) return;
  if (WritingGolden()) {
    std::ofstream(path, std::ios::app) << added;
  } else {
    std::fprintf(stderr, "NOTE: not yet released; add to %s when it is:\n%s", path.c_str(), added.c_str());
  }
}

TEST_CASE("schemas: an enum's zero is UNSPECIFIED, and its values carry its name", "[schemas]") {
  for (const FileDescriptor* file : ReleasedFiles()) {
    for (int i = 0; i < file->enum_type_count(); ++i) {
      const google::protobuf::EnumDescriptor& type = *file->enum_type(i);
      CAPTURE(type.full_name());
      const std::string zero = type.FindValueByNumber(0)->name();
      const std::string ending = "UNSPECIFIED";
      REQUIRE(zero.size() > ending.size());
      REQUIRE(zero.substr(zero.size() - ending.size()) == ending);
      const std::string prefix = zero.substr(0, zero.size() - ending.size());
      for (int v = 0; v < type.value_count(); ++v) {
        CAPTURE(type.value(v)->name());
        CHECK(type.value(v)->name().substr(0, prefix.size()) == prefix);
      }
    }
  }
}

TEST_CASE("schema comparison: a schema is no break of itself, and its text comes back as it was", "[schemas]") {
  CHECK(Broken([](FileDescriptorProto&) {}).empty());
  CHECK(ToText(Compare(SmallReleased(), Small()).added).empty());
  const std::string text = ToText(SmallReleased());
  CHECK(Has(text, "field small.Order 2 price_e9 sfixed64 optional -\n"));
  CHECK(Has(text, "field small.Order 4 tag string optional label\n"));
  CHECK(Has(text, "field small.Order 5 legs small.Leg repeated -\n"));
  CHECK(ToText(*ParseSchema(text)) == text);
  CHECK_FALSE(ParseSchema("field small.Order 2 price_e9 sfixed64\n").ok());
  CHECK_FALSE(ParseSchema("comment small.Order 2 price_e9\n").ok());
  CHECK_FALSE(ParseSchema(text + "value small.Side 1 SIDE_BUY\n").ok());
}

TEST_CASE("schema comparison: additions pass, and name the lines to add", "[schemas]") {
  const Differences differences = Compare(SmallReleased(), Small([](FileDescriptorProto& file) {
                                            DescriptorProto& order = *file.mutable_message_type(0);
                                            FieldDescriptorProto& venue = *order.add_field();
                                            venue = order.field(0);
                                            venue.set_name("venue");
                                            venue.set_number(8);
                                            order.mutable_reserved_range(1)->set_start(9);
                                            auto& value = *file.mutable_enum_type(0)->add_value();
                                            value.set_name("SIDE_BOTH");
                                            value.set_number(3);
                                            *file.add_message_type() = file.message_type(1);
                                            file.mutable_message_type(2)->set_name("Fill");
                                          }));
  CHECK(Lines(differences.broken).empty());
  CHECK(ToText(differences.added) ==
        "field small.Fill 1 ratio double singular -\n"
        "field small.Order 8 venue uint32 singular -\n"
        "value small.Side 3 SIDE_BOTH\n");
}

TEST_CASE("schema comparison: a removed, renumbered, renamed or retyped field is a break", "[schemas]") {
  CHECK(Has(BrokenOrder([](DescriptorProto& order) { order.mutable_field()->DeleteSubrange(0, 1); }),
            "field small.Order id: was number 1, is removed: put it back"));
  CHECK(Has(Broken([](FileDescriptorProto& file) {
              file.mutable_message_type(0)->mutable_field()->RemoveLast();
              file.mutable_message_type()->DeleteSubrange(1, 1);
            }),
            "field small.Leg ratio: was number 1, is removed"));
  CHECK(Has(BrokenOrder([](DescriptorProto& order) { order.mutable_field(0)->set_number(6); }),
            "field small.Order id: was number 1, is number 6"));
  CHECK(Has(BrokenOrder([](DescriptorProto& order) { order.mutable_field(0)->set_name("order_id"); }),
            "field small.Order id (1): its name was 'id', is 'order_id'"));
  // Alike on the wire, but not to those who read it: a signed number's sign, an enum's meaning.
  CHECK(Has(
      BrokenOrder([](DescriptorProto& order) { order.mutable_field(0)->set_type(FieldDescriptorProto::TYPE_SINT32); }),
      "field small.Order id (1): its type was 'uint32', is 'sint32'"));
  CHECK(Has(BrokenOrder([](DescriptorProto& order) {
              order.mutable_field(2)->set_type(FieldDescriptorProto::TYPE_UINT32);
              order.mutable_field(2)->clear_type_name();
            }),
            "field small.Order side (3): its type was 'small.Side', is 'uint32'"));
  // Two fields that change places are two breaks.
  const std::string swapped = BrokenOrder([](DescriptorProto& order) {
    order.mutable_field(0)->set_number(3);
    order.mutable_field(2)->set_number(1);
  });
  CHECK(Has(swapped, "field small.Order id: was number 1, is number 3"));
  CHECK(Has(swapped, "field small.Order side: was number 3, is number 1"));
}

TEST_CASE("schema comparison: another label, or into or out of a oneof, is a break", "[schemas]") {
  CHECK(Has(BrokenOrder([](DescriptorProto& order) {
              order.mutable_field(0)->set_label(FieldDescriptorProto::LABEL_REPEATED);
            }),
            "field small.Order id (1): its label was 'singular', is 'repeated'"));
  CHECK(Has(BrokenOrder([](DescriptorProto& order) {
              order.mutable_field(1)->clear_proto3_optional();
              order.mutable_field(1)->clear_oneof_index();
              order.mutable_oneof_decl()->RemoveLast();
            }),
            "field small.Order price_e9 (2): its label was 'optional', is 'singular'"));
  CHECK(Has(Broken([](FileDescriptorProto& file) {
              file.set_syntax("proto2");
              file.mutable_message_type(0)->mutable_field(0)->set_label(FieldDescriptorProto::LABEL_REQUIRED);
              file.mutable_message_type(0)->mutable_field(1)->clear_proto3_optional();
            }),
            "field small.Order id (1): its label was 'singular', is 'required'"));
  CHECK(Has(BrokenOrder([](DescriptorProto& order) { order.mutable_field(2)->set_oneof_index(0); }),
            "field small.Order side (3): its oneof was '-', is 'label'"));
  CHECK(Has(BrokenOrder([](DescriptorProto& order) {
              order.mutable_field(0)->set_oneof_index(0);
              order.mutable_field(3)->clear_oneof_index();
            }),
            "field small.Order tag (4): its oneof was 'label', is '-'"));
}

TEST_CASE("schema comparison: an enum's value that is removed, renumbered or renamed is a break", "[schemas]") {
  const auto broken_side = [](const std::function<void(EnumDescriptorProto&)>& change) {
    return Broken([&](FileDescriptorProto& file) { change(*file.mutable_enum_type(0)); });
  };
  CHECK(Has(broken_side([](EnumDescriptorProto& side) { side.mutable_value()->RemoveLast(); }),
            "value small.Side SIDE_ASK: was number 2, is removed"));
  CHECK(Has(broken_side([](EnumDescriptorProto& side) { side.mutable_value(2)->set_number(5); }),
            "value small.Side SIDE_ASK: was number 2, is number 5"));
  CHECK(Has(broken_side([](EnumDescriptorProto& side) { side.mutable_value(2)->set_name("SIDE_SELL"); }),
            "value small.Side 2: was 'SIDE_ASK', is 'SIDE_SELL'"));
}

TEST_CASE("schema comparison: a withdrawn number is never used again, a planned one only as planned", "[schemas]") {
  const auto use = [](int number, const std::string& name) {
    return [=](DescriptorProto& order) {
      FieldDescriptorProto& field = *order.add_field();
      field = order.field(0);
      field.set_name(name);
      field.set_number(number);
      order.clear_reserved_range();
      for (const int still : {7, 8, 9}) {
        if (still == number) continue;
        order.add_reserved_range()->set_start(still);
        order.mutable_reserved_range()->rbegin()->set_end(still + 1);
      }
    };
  };
  CHECK(Has(BrokenOrder(use(7, "urgency")), "small.Order 7: this number was withdrawn, is in use"));
  CHECK(Has(BrokenOrder(use(8, "urgency")), "small.Order 8: this number was reserved for 'venue', is 'urgency'"));
  CHECK(BrokenOrder(use(8, "venue")).empty());
  CHECK(BrokenOrder(use(9, "urgency")).empty());  // kept, but not for anything by name
  const std::string freed = BrokenOrder([](DescriptorProto& order) { order.clear_reserved_range(); });
  CHECK(Has(freed, "small.Order 7: this number was withdrawn, is free"));
  CHECK(Has(freed, "small.Order 8: this number was reserved for 'venue', is free"));
}

}  // namespace spillway::schemas
