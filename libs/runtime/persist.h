// Saves and restores processors' state: one list of members serves both directions.
//
//   template <class Archive> void Persist(Archive& a) { a(sequence_, book_, window_); }
//
// Covers numbers, enums, bool, strings, optional, pair, array, vector, deque, map types, Price-like values, Time,
// and any type with such a Persist. What is read is checked: a truncated or longer state is an error, never a guess.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/money.h"
#include "libs/base/price.h"
#include "libs/base/quantity.h"
#include "libs/base/time.h"

namespace spillway::runtime {

namespace persist_internal {
template <class T>
concept FlatValue = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, Price> ||
    std::is_same_v<T, Quantity> || std::is_same_v<T, Money> || std::is_same_v<T, Time> || std::is_same_v<T, Duration> ||
    std::is_same_v<T, std::chrono::seconds>;
template <class T>
concept MapLike = requires {
  typename T::key_type;
  typename T::mapped_type;
};
template <class T>
concept SetLike = !MapLike<T> && requires {
  typename T::key_type;
};
template <class T>
concept Sequence = requires(T t) {
  t.push_back(std::declval<typename T::value_type>());
  t.clear();
}
&&!std::is_same_v<T, std::string>;
}  // namespace persist_internal

class StateWriter {
 public:
  static constexpr bool kReading = false;
  template <class... Ts>
  void operator()(const Ts&... values) {
    (Write(values), ...);
  }
  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  void Raw(const void* data, size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  void Size(size_t size) {
    const auto count = static_cast<uint64_t>(size);
    Raw(&count, sizeof(count));
  }

  template <class T>
  void Write(const T& value) {
    using namespace persist_internal;
    if constexpr (std::is_same_v<T, bool>) {
      const uint8_t byte = value ? 1 : 0;
      Raw(&byte, 1);
    } else if constexpr (FlatValue<T>) {
      Raw(&value, sizeof(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      Size(value.size());
      Raw(value.data(), value.size());
    } else if constexpr (MapLike<T> || SetLike<T> || Sequence<T>) {
      Size(value.size());
      if constexpr (std::is_same_v<T, std::vector<bool>>) {
        for (const bool item : value) Write(item);
      } else {
        for (const auto& item : value) Write(item);
      }
    } else {
      WriteOther(value);
    }
  }
  template <class A, class B>
  void WriteOther(const std::pair<A, B>& value) {
    Write(value.first);
    Write(value.second);
  }
  template <class T>
  void WriteOther(const std::optional<T>& value) {
    Write(value.has_value());
    if (value) Write(*value);
  }
  template <class T, size_t N>
  void WriteOther(const std::array<T, N>& value) {
    for (const T& item : value) Write(item);
  }
  template <class T>
  requires requires(T& t, StateWriter& w) { t.Persist(w); }
  void WriteOther(const T& value) {
    const_cast<T&>(value).Persist(*this);  // Persist reads only when given a writer
  }
  template <class T>
  requires requires(T& t, StateWriter& w) { PersistFields(w, t); }
  void WriteOther(const T& value) { PersistFields(*this, const_cast<T&>(value)); }

  std::string bytes_;
};

class StateReader {
 public:
  static constexpr bool kReading = true;
  explicit StateReader(std::string_view bytes) : rest_(bytes) {}
  template <class... Ts>
  void operator()(Ts&... values) {
    (Read(values), ...);
  }
  // OK if everything was there and nothing is left.
  absl::Status Finish() const {
    if (failed_) return absl::DataLossError("the saved state ends early");
    if (!rest_.empty()) return absl::DataLossError("the saved state is longer than this build reads");
    return absl::OkStatus();
  }
  bool failed() const { return failed_; }

 private:
  void Raw(void* data, size_t size) {
    if (failed_ || rest_.size() < size) {
      failed_ = true;
      std::memset(data, 0, size);
      return;
    }
    std::memcpy(data, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  size_t Size() {
    uint64_t count = 0;
    Raw(&count, sizeof(count));
    if (count > rest_.size()) {  // an element takes a byte at least
      failed_ = true;
      return 0;
    }
    return static_cast<size_t>(count);
  }

  template <class T>
  void Read(T& value) {
    using namespace persist_internal;
    if constexpr (std::is_same_v<T, bool>) {
      uint8_t byte = 0;
      Raw(&byte, 1);
      value = byte != 0;
    } else if constexpr (FlatValue<T>) {
      Raw(&value, sizeof(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      const size_t size = Size();
      value.assign(rest_.substr(0, size));
      rest_.remove_prefix(size);
    } else if constexpr (MapLike<T>) {
      value.clear();
      for (size_t i = Size(); i > 0 && !failed_; --i) {
        std::pair<typename T::key_type, typename T::mapped_type> item;
        Read(item);
        value.insert(std::move(item));
      }
    } else if constexpr (SetLike<T>) {
      value.clear();
      for (size_t i = Size(); i > 0 && !failed_; --i) {
        typename T::key_type item{};
        Read(item);
        value.insert(std::move(item));
      }
    } else if constexpr (Sequence<T>) {
      value.clear();
      for (size_t i = Size(); i > 0 && !failed_; --i) {
        typename T::value_type item{};
        Read(item);
        value.push_back(std::move(item));
      }
    } else {
      ReadOther(value);
    }
  }
  template <class A, class B>
  void ReadOther(std::pair<A, B>& value) {
    Read(value.first);
    Read(value.second);
  }
  template <class T>
  void ReadOther(std::optional<T>& value) {
    bool present = false;
    Read(present);
    value.reset();
    if (present) Read(value.emplace());
  }
  template <class T, size_t N>
  void ReadOther(std::array<T, N>& value) {
    for (T& item : value) Read(item);
  }
  template <class T>
  requires requires(T& t, StateReader& r) { t.Persist(r); }
  void ReadOther(T& value) { value.Persist(*this); }
  template <class T>
  requires requires(T& t, StateReader& r) { PersistFields(r, t); }
  void ReadOther(T& value) { PersistFields(*this, value); }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace spillway::runtime
