#include "http/json_form.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <limits>

namespace sallyport::auth_service {

namespace json = boost::json;

namespace {

constexpr std::size_t kPointerBytesMax = 128;

/// A member's name as a JSON pointer, cut when it is absurdly long.
std::string pointer_to(std::string_view name) {
  std::string out = "/";
  for (const char c : name) {
    if (out.size() >= kPointerBytesMax) break;
    if (c == '~') {
      out.append("~0");
    } else if (c == '/') {
      out.append("~1");
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

/// Receives the parser's events. Values below the members of the form are looked at for names that stand twice, and are
/// otherwise of no interest.
class FormHandler {
 public:
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();

  explicit FormHandler(std::span<const FormField> fields) : fields_(fields) {}

  bool duplicate() const noexcept { return duplicate_; }
  std::expected<Form, FormFault> finish() {
    if (root_is_object_) {
      for (const FormField& field : fields_) {
        const bool seen = std::ranges::find(seen_, field.name) != seen_.end();
        if (field.presence == Presence::Required && !seen) report(pointer_to(field.name), "required", "is missing");
      }
    }
    if (!errors_.empty()) return std::unexpected(FormFault(std::move(errors_)));
    return std::move(form_);
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    if (depth_ == 0) {
      root_is_object_ = true;
    } else {
      other_value();
    }
    ++depth_;
    names_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code& ec) {
    --depth_;
    // By sorting, since names that collide on purpose would cost a hash table dearly.
    std::vector<std::string> names = std::move(names_.back());
    names_.pop_back();
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) == names.end()) return true;
    duplicate_ = true;
    ec = json::error::extra_data;
    return false;
  }
  bool on_array_begin(json::error_code&) {
    other_value();
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    --depth_;
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view last, std::size_t, json::error_code&) {
    text_.append(last.data(), last.size());
    if (depth_ == 1) key_ = text_;
    names_.back().push_back(std::exchange(text_, {}));
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view last, std::size_t, json::error_code&) {
    text_.append(last.data(), last.size());
    Secret<std::string> value(std::exchange(text_, {}));
    if (depth_ != 1 || !root_is_object_) {
      other_value();
      return true;
    }
    if (const FormField* field = member()) form_.values_.emplace_back(field->name, std::move(value));
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return other_value(); }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return other_value(); }
  bool on_double(double, json::string_view, json::error_code&) { return other_value(); }
  bool on_bool(bool, json::error_code&) { return other_value(); }
  bool on_null(json::error_code&) { return other_value(); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  /// The field that the key at hand names; nullptr, and reported, when there is none.
  const FormField* member() {
    const auto field = std::ranges::find(fields_, std::string_view(key_), &FormField::name);
    if (field == fields_.end()) {
      report(pointer_to(key_), "unknown_field", "is not known here");
      return nullptr;
    }
    seen_.push_back(field->name);
    return &*field;
  }
  /// A value that is not a string, or not where a string is wanted.
  bool other_value() {
    if (depth_ == 0) {
      report("", "type", "must be an object");
    } else if (depth_ == 1 && root_is_object_) {
      if (member() != nullptr) report(pointer_to(key_), "type", "must be a string");
    }
    return true;
  }
  void report(std::string pointer, std::string_view code, std::string_view message) {
    if (errors_.size() < kFormErrorsMax) errors_.push_back({std::move(pointer), code, message});
  }

  std::span<const FormField> fields_;
  Form form_;
  std::vector<FormError> errors_;
  std::vector<std::string_view> seen_;
  std::vector<std::vector<std::string>> names_;  ///< of the objects that are open
  std::string text_;                             ///< of a string or a key that arrives in parts
  std::string key_;                              ///< of the member at hand
  std::size_t depth_ = 0;
  bool root_is_object_ = false;
  bool duplicate_ = false;
};

std::optional<std::string_view> Form::find(std::string_view name) const noexcept {
  for (const auto& [known, value] : values_) {
    if (known == name) return value.expose();
  }
  return std::nullopt;
}

std::expected<Form, FormFault> read_form(std::string_view text, std::span<const FormField> fields) {
  json::parse_options options;
  options.max_depth = kFormDepthMax;
  json::basic_parser<FormHandler> parser(options, fields);
  json::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (parser.handler().duplicate()) {
    return std::unexpected(FormFault(MalformedJson{"The body has an object with one name twice."}));
  }
  if (ec == json::error::too_deep) {
    return std::unexpected(FormFault(MalformedJson{"The body is nested deeper than 32 levels."}));
  }
  if (ec || !parser.done()) return std::unexpected(FormFault(MalformedJson{"The body is not valid JSON."}));
  if (used != text.size()) {
    return std::unexpected(FormFault(MalformedJson{"Something stands behind the JSON object of the body."}));
  }
  return parser.handler().finish();
}

}  // namespace sallyport::auth_service
