#include "json_value.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "number.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr std::size_t kFewElements = 6;  ///< up to here comparing all pairs is cheaper than sorting

/// Writes a form that is the same for equal values and for no others.
class CanonicalWriter final {
 public:
  explicit CanonicalWriter(std::string& out) : out_(out) {}

  void write(const json::value& value) {
    switch (value.kind()) {
      case json::kind::null:
        return out_.push_back('z');
      case json::kind::bool_:
        return out_.push_back(value.get_bool() ? 't' : 'f');
      case json::kind::int64:
      case json::kind::uint64:
      case json::kind::double_:
        out_.push_back('n');
        out_.append(Number::of(value)->to_text());
        return out_.push_back(';');
      case json::kind::string:
        return write_text(view_of(value.get_string()));
      case json::kind::array:
        out_.push_back('[');
        for (const json::value& element : value.get_array()) write(element);
        return out_.push_back(']');
      case json::kind::object:
        return write_object(value.get_object());
    }
  }

 private:
  void write_text(std::string_view text) {
    // With its length, so that no text can look like the end of another.
    out_.push_back('s');
    out_.append(std::to_string(text.size())).push_back(':');
    out_.append(text);
  }
  void write_object(const json::object& object) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const auto& one : object) members.push_back(&one);
    std::ranges::sort(members, {}, [](const auto* one) { return view_of(one->key()); });
    out_.push_back('{');
    for (const auto* one : members) {
      write_text(view_of(one->key()));
      write(one->value());
    }
    out_.push_back('}');
  }

  std::string& out_;
};

bool equal_objects(const json::object& left, const json::object& right) {
  if (left.size() != right.size()) return false;
  return std::ranges::all_of(left, [&right](const json::key_value_pair& one) {
    const json::value* const other = right.if_contains(one.key());
    return other != nullptr && equal_values(one.value(), *other);
  });
}

bool find_path(const json::value& at, const json::value& target, std::string& path) {
  if (&at == &target) return true;
  const std::size_t length = path.size();
  const auto step = [&](const json::value& child, const std::string& token) {
    path.append("/").append(token);
    if (find_path(child, target, path)) return true;
    path.resize(length);
    return false;
  };
  if (const json::array* const array = at.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (step((*array)[i], std::to_string(i))) return true;
    }
  } else if (const json::object* const object = at.if_object()) {
    for (const auto& one : *object) {
      if (step(one.value(), pointer_token(view_of(one.key())))) return true;
    }
  }
  return false;
}

std::string unescape_token(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
      name.push_back(token[++i] == '0' ? '~' : '/');
    } else {
      name.push_back(token[i]);
    }
  }
  return name;
}

const json::value* child_of(const json::value& value, std::string_view token) {
  if (const json::array* const array = value.if_array()) {
    std::size_t index = 0;
    const char* const end = token.data() + token.size();
    const auto [stopped, error] = std::from_chars(token.data(), end, index);
    const bool leading_zero = token.size() > 1 && token.front() == '0';
    if (error != std::errc() || stopped != end || leading_zero || index >= array->size()) return nullptr;
    return &(*array)[index];
  }
  return member(value, unescape_token(token));
}

}  // namespace

bool equal_values(const json::value& left, const json::value& right) {
  const auto left_number = Number::of(left);
  if (left_number) {
    const auto right_number = Number::of(right);
    return right_number && *left_number == *right_number;
  }
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case json::kind::bool_:
      return left.get_bool() == right.get_bool();
    case json::kind::string:
      return left.get_string() == right.get_string();
    case json::kind::array:
      return std::ranges::equal(left.get_array(), right.get_array(), equal_values);
    case json::kind::object:
      return equal_objects(left.get_object(), right.get_object());
    default:
      return true;  // null
  }
}

bool are_unique(const json::array& elements) {
  if (elements.size() <= kFewElements) {
    for (std::size_t i = 0; i < elements.size(); ++i) {
      for (std::size_t j = i + 1; j < elements.size(); ++j) {
        if (equal_values(elements[i], elements[j])) return false;
      }
    }
    return true;
  }
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> parts;
  parts.reserve(elements.size());
  CanonicalWriter writer(text);
  for (const json::value& element : elements) {
    const std::size_t begin = text.size();
    writer.write(element);
    parts.emplace_back(begin, text.size() - begin);
  }
  const auto view = [&text](const auto& part) { return std::string_view(text).substr(part.first, part.second); };
  std::ranges::sort(parts, {}, view);
  return std::ranges::adjacent_find(parts, {}, view) == parts.end();
}

const json::value* member(const json::value& value, std::string_view name) noexcept {
  const json::object* const object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
}

const json::string* string_member(const json::value& value, std::string_view name) noexcept {
  const json::value* const found = member(value, name);
  return found == nullptr ? nullptr : found->if_string();
}

std::string pointer_token(std::string_view name) {
  std::string token;
  token.reserve(name.size());
  for (const char c : name) {
    if (c == '~') {
      token.append("~0");
    } else if (c == '/') {
      token.append("~1");
    } else {
      token.push_back(c);
    }
  }
  return token;
}

const json::value* resolve_pointer(const json::value& root, std::string_view pointer) {
  const json::value* at = &root;
  while (!pointer.empty() && at != nullptr) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    at = child_of(*at, pointer.substr(0, end));
    pointer.remove_prefix(end);
  }
  return at;
}

std::string pointer_to(const json::value& root, const json::value& target) {
  std::string path;
  find_path(root, target, path);
  return path;
}

}  // namespace sallyport::validation
