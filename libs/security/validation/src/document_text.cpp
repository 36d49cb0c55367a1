#include "document_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <istream>
#include <sstream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "json_value.hpp"
#include "sallyport/validation/json_reader.hpp"
#include "utf8.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr std::size_t kDocumentBytesMax = std::size_t{4} << 20U;
constexpr std::size_t kDocumentDepthMax = 64;
constexpr double kTwoTo63 = 9223372036854775808.0;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) noexcept {
  return std::ranges::find(words, text) != words.end();
}

std::string_view without_sign(std::string_view text) noexcept {
  return text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
bool is_float(std::string_view text) noexcept {
  text = without_sign(text);
  const auto skip_digits = [&text] {
    const auto* const end = std::ranges::find_if_not(text, is_digit);
    const auto count = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(count);
    return count;
  };
  const std::size_t whole = skip_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (skip_digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text = without_sign(text.substr(1));
  return skip_digits() > 0 && text.empty();
}

template <class Number>
bool read_number(std::string_view text, Number& number, auto... format) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, format...);
  return error == std::errc() && stopped == end;
}

std::expected<json::value, std::string> read_integer(std::string_view text, int base) {
  std::int64_t small = 0;
  std::uint64_t large = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  if (read_number(text, small, base)) return small;
  if (read_number(text, large, base)) return large;
  return std::unexpected("an integer that does not fit into 64 bits; put it in quotes if it is a text");
}

std::expected<json::value, std::string> read_float(std::string_view text) {
  double number = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  if (!read_number(text, number) || !std::isfinite(number)) return std::unexpected("a number that no double can hold");
  if (number == std::trunc(number) && number >= -kTwoTo63 && number < kTwoTo63) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

struct Refused final : std::exception {
  Refused(const YAML::Mark& where, std::string reason) : mark(where), why(std::move(reason)) {}
  YAML::Mark mark;
  std::string why;
};

/// Works on the parser's events, which is below the level where aliases would be expanded and duplicates lost.
class Builder final : public YAML::EventHandler {
 public:
  DocumentText take() { return {std::move(root_), std::move(lines_)}; }
  bool has_document() const noexcept { return documents_ != 0; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) throw Refused(mark, "a second YAML document: only one is read");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "?", anchor);
    if (expects_key()) throw Refused(mark, "a key that is null; put it in quotes if it is a text");
    add(mark, json::value(nullptr));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused(mark, "aliases (*name) are not allowed");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    check(mark, tag, anchor);
    if (expects_key()) return add_key(mark, text);
    if (tag == "!") return add(mark, json::value(json::string(text)));  // it stood in quotes
    auto typed = type_plain_scalar(text);
    if (!typed) throw Refused(mark, std::move(typed.error()));
    add(mark, std::move(*typed));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::value(json::array()));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::value(json::object()));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    json::value value;
    std::string key;
    std::size_t pointer_bytes = 0;  ///< of the pointer to this value
    bool has_key = false;
  };

  static void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw Refused(mark, "anchors (&name) are not allowed");
    if (!tag.empty() && tag != "?" && tag != "!") throw Refused(mark, "tags (!name) are not allowed");
  }
  bool expects_key() const noexcept {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().has_key;
  }
  void add_key(const YAML::Mark& mark, const std::string& text) {
    Frame& frame = frames_.back();
    if (frame.value.get_object().contains(text)) throw Refused(mark, fmt::format("the key '{}' stands twice", text));
    frame.key = text;
    frame.has_key = true;
  }
  /// Extends the pointer by the place that the next value takes.
  void enter(const YAML::Mark& mark) {
    if (!frames_.empty()) {
      Frame& frame = frames_.back();
      pointer_.resize(frame.pointer_bytes);
      const json::array* const array = frame.value.if_array();
      pointer_.append("/").append(array != nullptr ? std::to_string(array->size()) : pointer_token(frame.key));
    }
    lines_.emplace(pointer_, mark.line + 1);
  }
  void add(const YAML::Mark& mark, json::value value) {
    enter(mark);
    put(std::move(value));
  }
  void put(json::value value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (json::array* const array = frame.value.if_array()) {
      array->push_back(std::move(value));
    } else {
      frame.value.get_object().emplace(frame.key, std::move(value));
      frame.has_key = false;
    }
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, json::value value) {
    check(mark, tag, anchor);
    if (frames_.size() >= kDocumentDepthMax) throw Refused(mark, "nested too deep");
    if (expects_key()) throw Refused(mark, "a key must be a text");
    enter(mark);
    frames_.push_back({std::move(value), {}, pointer_.size(), false});
  }
  void close() {
    json::value value = std::move(frames_.back().value);
    frames_.pop_back();
    put(std::move(value));
  }

  json::value root_;
  std::map<std::string, int> lines_;
  std::vector<Frame> frames_;
  std::string pointer_;
  int documents_ = 0;
};

std::unexpected<OpenApiProblem> problem_at(int line, std::string why) {
  return std::unexpected(OpenApiProblem{line > 0 ? fmt::format("line {}", line) : std::string(), std::move(why)});
}

std::expected<DocumentText, OpenApiProblem> read_yaml(std::string_view text) {
  Builder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.has_document()) parser.HandleNextDocument(builder);
  } catch (const Refused& refused) {
    return problem_at(refused.mark.line + 1, refused.why);
  } catch (const YAML::Exception& error) {
    return problem_at(error.mark.line + 1, "not valid YAML: " + error.msg);
  }
  if (!builder.has_document()) return problem_at(0, "the document is empty");
  return builder.take();
}

}  // namespace

std::expected<json::value, std::string> type_plain_scalar(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return json::value(nullptr);
  if (is_one_of(text, {"true", "True", "TRUE"})) return json::value(true);
  if (is_one_of(text, {"false", "False", "FALSE"})) return json::value(false);
  const std::string_view digits = without_sign(text);
  if (!digits.empty() && std::ranges::all_of(digits, is_digit)) return read_integer(text, 10);
  const auto prefixed = [text](std::string_view prefix, std::string_view allowed) {
    return text.starts_with(prefix) && text.size() > 2 && text.find_first_not_of(allowed, 2) == std::string_view::npos;
  };
  if (prefixed("0o", "01234567")) return read_integer(text.substr(2), 8);
  if (prefixed("0x", "0123456789abcdefABCDEF")) return read_integer(text.substr(2), 16);
  if (is_float(text)) return read_float(text);
  if (is_one_of(digits, {".inf", ".Inf", ".INF"}) || is_one_of(text, {".nan", ".NaN", ".NAN"})) {
    return std::unexpected("a number that JSON does not have");
  }
  return json::value(json::string(text));
}

std::expected<DocumentText, OpenApiProblem> read_document(std::string_view text) {
  if (text.size() > kDocumentBytesMax) return problem_at(0, "the document is larger than 4 MiB");
  if (const auto bad = find_invalid_utf8(text)) {
    return problem_at(1 + static_cast<int>(std::ranges::count(text.substr(0, *bad), '\n')), "not valid UTF-8");
  }
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') return read_yaml(text);
  auto value = parse_json(text, {.bytes_max = kDocumentBytesMax, .depth_max = kDocumentDepthMax});
  if (value) return DocumentText{std::move(*value), {}};
  const auto line = 1 + std::ranges::count(text.substr(0, value.error().offset), '\n');
  return problem_at(static_cast<int>(line), std::string(value.error().why));
}

}  // namespace sallyport::validation
