#include "tests/schemas/distinct_message.h"

#include <string>

#include "fmt/format.h"

namespace spillway::schemas {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void AddFields(const Descriptor& type, std::set<const Descriptor*>& seen, std::vector<const FieldDescriptor*>& out) {
  if (!seen.insert(&type).second) return;
  for (int i = 0; i < type.field_count(); ++i) {
    out.push_back(type.field(i));
    if (type.field(i)->message_type() != nullptr) AddFields(*type.field(i)->message_type(), seen, out);
  }
}

// Calls `set` with the value number `count` of the field's type.
template <class Set>
void WithValue(const FieldDescriptor& field, int count, Set set) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return set.Int32(-count);
    case FieldDescriptor::CPPTYPE_INT64:
      return set.Int64(-1'000'000'007LL * count);
    case FieldDescriptor::CPPTYPE_UINT32:
      return set.UInt32(static_cast<uint32_t>(count));
    case FieldDescriptor::CPPTYPE_UINT64:
      return set.UInt64(1'000'000'007ULL * static_cast<uint64_t>(count));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return set.Double(count + 0.125);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return set.Float(static_cast<float>(count) + 0.125f);
    case FieldDescriptor::CPPTYPE_BOOL:
      return set.Bool(true);
    case FieldDescriptor::CPPTYPE_ENUM:
      return set.Enum(field.enum_type()->value(field.enum_type()->value_count() - 1));
    case FieldDescriptor::CPPTYPE_STRING:
      return set.String(fmt::format("{} {}", field.name(), count));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return;
  }
}

struct Singular {
  Message& message;
  const FieldDescriptor* field;
  const Reflection& reflection = *message.GetReflection();
  void Int32(int32_t v) { reflection.SetInt32(&message, field, v); }
  void Int64(int64_t v) { reflection.SetInt64(&message, field, v); }
  void UInt32(uint32_t v) { reflection.SetUInt32(&message, field, v); }
  void UInt64(uint64_t v) { reflection.SetUInt64(&message, field, v); }
  void Double(double v) { reflection.SetDouble(&message, field, v); }
  void Float(float v) { reflection.SetFloat(&message, field, v); }
  void Bool(bool v) { reflection.SetBool(&message, field, v); }
  void Enum(const EnumValueDescriptor* v) { reflection.SetEnum(&message, field, v); }
  void String(std::string v) { reflection.SetString(&message, field, std::move(v)); }
};

struct Repeated {
  Message& message;
  const FieldDescriptor* field;
  const Reflection& reflection = *message.GetReflection();
  void Int32(int32_t v) { reflection.AddInt32(&message, field, v); }
  void Int64(int64_t v) { reflection.AddInt64(&message, field, v); }
  void UInt32(uint32_t v) { reflection.AddUInt32(&message, field, v); }
  void UInt64(uint64_t v) { reflection.AddUInt64(&message, field, v); }
  void Double(double v) { reflection.AddDouble(&message, field, v); }
  void Float(float v) { reflection.AddFloat(&message, field, v); }
  void Bool(bool v) { reflection.AddBool(&message, field, v); }
  void Enum(const EnumValueDescriptor* v) { reflection.AddEnum(&message, field, v); }
  void String(std::string v) { reflection.AddString(&message, field, std::move(v)); }
};

void Fill(Message& message, int& count) {
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    for (int entry = 0; entry < (field.is_repeated() ? 2 : 1); ++entry) {
      if (field.message_type() != nullptr) {
        Fill(field.is_repeated() ? *message.GetReflection()->AddMessage(&message, &field)
                                 : *message.GetReflection()->MutableMessage(&message, &field),
             count);
      } else if (field.is_repeated()) {
        WithValue(field, ++count, Repeated{message, &field});
      } else {
        WithValue(field, ++count, Singular{message, &field});
      }
    }
  }
}

}  // namespace

std::vector<const FieldDescriptor*> FieldsOf(const Descriptor& type) {
  std::set<const Descriptor*> seen;
  std::vector<const FieldDescriptor*> fields;
  AddFields(type, seen, fields);
  return fields;
}

void CollectSetFields(const Message& message, std::set<const FieldDescriptor*>& set) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    set.insert(field);
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      CollectSetFields(reflection.GetMessage(message, field), set);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i)
      CollectSetFields(reflection.GetRepeatedMessage(message, field, i), set);
  }
}

void FillDistinct(Message& message) {
  int count = 0;
  Fill(message, count);
}

}  // namespace spillway::schemas
