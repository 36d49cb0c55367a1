#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "program.hpp"
#include "sallyport/validation/validation_error.hpp"

namespace sallyport::validation {

/// Where the evaluation is in the value: a chain through the stack, so that a valid value costs nothing.
struct Place {
  static constexpr std::uint32_t kMissing = std::numeric_limits<std::uint32_t>::max();

  const Place* up = nullptr;  ///< nullptr: the root
  std::uint32_t index = 0;    ///< of the element, or of the member among its siblings; kMissing: is not there
  std::string_view name;      ///< of the member
  bool is_element = false;
};

/// Collects what is wrong.
class Report final {
 public:
  explicit Report(std::string_view prefix) : prefix_(prefix) {}

  void add(const Place& place, std::string_view code, std::string message);
  bool is_full() const noexcept;
  /// In document order, each once.
  ValidationErrors take();

 private:
  struct Finding {
    std::vector<std::uint32_t> order;
    std::size_t sequence = 0;
    ValidationError error;
  };
  std::string_view prefix_;
  std::vector<Finding> findings_;
};

/// "a string", "an integer or null": the types of a mask, in words.
std::string describe_types(TypeMask types);

}  // namespace sallyport::validation
