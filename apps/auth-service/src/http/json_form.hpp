#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sallyport/core/secret.hpp"

namespace sallyport::auth_service {

inline constexpr std::size_t kFormDepthMax = 32;
inline constexpr std::size_t kFormErrorsMax = 32;  ///< a hostile body shall not be answered with a book

enum class Presence : std::uint8_t { Required, Optional };

/// One member of a form. All values are strings.
struct FormField {
  std::string_view name;
  Presence presence = Presence::Required;
};

/// One thing that is wrong with a form.
struct FormError {
  std::string pointer;       ///< RFC 6901
  std::string_view code;     ///< "required", "type", "unknown_field", …; a literal
  std::string_view message;  ///< for the client; a literal
};

/// The values of a form. They may be passwords and tokens, so all are treated as such.
class Form final {
 public:
  /// nullopt: the member was left out.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept { return find(name).has_value(); }
  /// For a member that is there.
  std::string text(std::string_view name) const { return std::string(find(name).value()); }
  Secret<std::string> secret(std::string_view name) const { return Secret<std::string>(text(name)); }

 private:
  friend class FormHandler;
  std::vector<std::pair<std::string_view, Secret<std::string>>> values_;
};

/// Not JSON as we take it: syntax, depth, UTF-8, a name twice, something behind it. A literal, for the client.
struct MalformedJson {
  std::string_view why;
};
using FormFault = std::variant<MalformedJson, std::vector<FormError>>;

/// Reads one JSON object (RFC 8259) by its table of members, strictly: every violation is reported, in the order of the
/// text, then what is missing. The names in `fields` outlive the form.
std::expected<Form, FormFault> read_form(std::string_view text, std::span<const FormField> fields);

}  // namespace sallyport::auth_service
