#include "report.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "json_value.hpp"
#include "sallyport/validation/schema.hpp"

namespace sallyport::validation {

namespace {

constexpr std::size_t kNameBytesMax = 128;  ///< of a name in a pointer

std::string_view cut(std::string_view name) noexcept {
  if (name.size() <= kNameBytesMax) return name;
  std::size_t end = kNameBytesMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0U) == 0x80U) --end;
  return name.substr(0, end);
}

void append_pointer(const Place& place, std::string& pointer, std::vector<std::uint32_t>& order) {
  if (place.up == nullptr) return;
  append_pointer(*place.up, pointer, order);
  order.push_back(place.index);
  pointer.append("/").append(place.is_element ? std::to_string(place.index) : pointer_token(cut(place.name)));
}

}  // namespace

void Report::add(const Place& place, std::string_view code, std::string message) {
  if (is_full()) return;
  Finding finding{{}, findings_.size(), {std::string(prefix_), code, std::move(message)}};
  append_pointer(place, finding.error.pointer, finding.order);
  findings_.push_back(std::move(finding));
}

bool Report::is_full() const noexcept {
  return findings_.size() >= kErrorsMax;
}

ValidationErrors Report::take() {
  std::ranges::sort(findings_, [](const Finding& left, const Finding& right) {
    return std::tie(left.order, left.sequence) < std::tie(right.order, right.sequence);
  });
  ValidationErrors errors;
  errors.reserve(findings_.size());
  for (Finding& finding : findings_) {
    // Two branches of a schema may say the same of one place.
    if (std::ranges::find(errors, finding.error) == errors.end()) errors.push_back(std::move(finding.error));
  }
  return errors;
}

std::string describe_types(TypeMask types) {
  struct Word {
    TypeMask mask;
    std::string_view word;
  };
  static constexpr std::array kWords = std::to_array<Word>({{kNumber, "a number"},
                                                            {kInteger, "an integer"},
                                                            {kString, "a string"},
                                                            {kBoolean, "true or false"},
                                                            {kArray, "an array"},
                                                            {kObject, "an object"},
                                                            {kNull, "null"}});
  std::string text;
  for (const auto& [mask, word] : kWords) {
    if ((types & mask) != mask) continue;
    types = static_cast<TypeMask>(types & ~mask);
    if (!text.empty()) text.append(" or ");
    text.append(word);
  }
  return text;
}

}  // namespace sallyport::validation
