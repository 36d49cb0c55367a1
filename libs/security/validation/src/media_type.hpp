#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::validation {

/// A media type (RFC 9110 section 8.3.1) in lower case, without the parameters that do not matter here.
struct MediaType {
  std::string type;
  std::string subtype;
  std::string charset;  ///< empty: not given

  bool is_json() const noexcept { return subtype == "json" || subtype.ends_with("+json"); }
};

/// nullopt when the text is no media type. `*` may stand for the type, the subtype or both only if `text` is a range of
/// a document, which the caller decides.
std::optional<MediaType> parse_media_type(std::string_view text);

/// How closely a range such as `application/*` describes a type: 0 not at all, 3 exactly.
int match_media_type(const MediaType& range, const MediaType& type) noexcept;

}  // namespace sallyport::validation
