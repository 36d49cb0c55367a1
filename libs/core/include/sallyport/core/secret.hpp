#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

/// Overwrites memory in a way that the compiler may not leave out.
void wipe(void* data, std::size_t bytes) noexcept;

/// A value that must not be seen. It cannot be printed, formatted or compared, and wipes itself; reading it takes a
/// call that is easy to grep for.
template <class T>
class Secret;

template <>
class Secret<std::string> final {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) { erase(value); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.clear(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      clear();
      value_ = other.value_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      clear();
      value_ = std::move(other.value_);
      other.clear();
    }
    return *this;
  }
  ~Secret() { clear(); }

  bool empty() const noexcept { return value_.empty(); }
  std::string_view expose() const noexcept { return value_; }

  bool operator==(const Secret&) const = delete;

 private:
  void clear() noexcept { erase(value_); }
  /// A short text lives inside the string object and stays there when it is moved from, so the whole capacity is wiped.
  static void erase(std::string& text) noexcept {
    text.resize(text.capacity());
    wipe(text.data(), text.size());
    text.clear();
  }
  std::string value_;
};

}  // namespace sallyport
