// Messages by reflection: which fields are set, and a message in which every field is.
#pragma once

#include <set>
#include <vector>

#include "google/protobuf/message.h"

namespace spillway::schemas {

// All fields of the message type and of the messages in it.
std::vector<const google::protobuf::FieldDescriptor*> FieldsOf(const google::protobuf::Descriptor& type);

// Adds the fields that have a value in `message` or in a message in it; a field without presence: that is not its
// default.
void CollectSetFields(const google::protobuf::Message& message,
                      std::set<const google::protobuf::FieldDescriptor*>& set);

// Sets every field to a value that none other of its type has, enums to their last value; two entries where repeated.
void FillDistinct(google::protobuf::Message& message);

}  // namespace spillway::schemas
