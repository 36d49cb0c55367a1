#include "uri_reference.hpp"

#include <algorithm>

#include "utf8.hpp"

namespace sallyport::validation {

namespace {

/// The parts of RFC 3986 section 3, each with its delimiter; scheme and authority are absent when empty.
struct Parts {
  std::string_view scheme;     ///< with ':'
  std::string_view authority;  ///< with "//"
  std::string_view path;
  std::string_view query;  ///< with '?'
};

Parts split(std::string_view uri) noexcept {
  Parts parts;
  const auto stop = std::min(uri.find_first_of(":/?"), uri.size());
  if (stop > 0 && stop < uri.size() && uri[stop] == ':') {
    parts.scheme = uri.substr(0, stop + 1);
    uri.remove_prefix(stop + 1);
  }
  if (uri.starts_with("//")) {
    parts.authority = uri.substr(0, uri.find_first_of("/?", 2));
    uri.remove_prefix(parts.authority.size());
  }
  parts.path = uri.substr(0, uri.find('?'));
  parts.query = uri.substr(parts.path.size());
  return parts;
}

std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto end = std::min(path.find('/', path.front() == '/' ? 1 : 0), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    const std::string_view name = segment.starts_with('/') ? segment.substr(1) : segment;
    if (name != "." && name != "..") {
      out.append(segment);
      continue;
    }
    if (name == "..") out.resize(out.empty() ? 0 : std::min(out.rfind('/'), out.size()));
    if (path.empty()) out.push_back('/');
  }
  return out;
}

std::string merge(const Parts& base, std::string_view path) {
  if (!base.authority.empty() && base.path.empty()) return "/" + std::string(path);
  const auto slash = base.path.rfind('/');
  if (slash == std::string_view::npos) return std::string(path);
  return std::string(base.path.substr(0, slash + 1)).append(path);
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

SplitReference split_fragment(std::string_view reference) noexcept {
  const auto hash = reference.find('#');
  if (hash == std::string_view::npos) return {reference, std::nullopt};
  return {reference.substr(0, hash), reference.substr(hash + 1)};
}

std::string resolve_reference(std::string_view base_text, std::string_view reference) {
  const Parts base = split(split_fragment(base_text).address);
  const Parts own = split(reference);
  const auto join = [&own](std::string_view scheme, std::string_view authority, std::string path,
                           std::string_view query) {
    return std::string(scheme.empty() ? own.scheme : scheme).append(authority).append(path).append(query);
  };
  if (!own.scheme.empty()) {
    const bool hierarchical = !own.authority.empty() || own.path.starts_with('/');
    return join(own.scheme, own.authority, hierarchical ? remove_dot_segments(own.path) : std::string(own.path),
                own.query);
  }
  if (!own.authority.empty()) return join(base.scheme, own.authority, remove_dot_segments(own.path), own.query);
  if (own.path.empty()) {
    return join(base.scheme, base.authority, std::string(base.path), own.query.empty() ? base.query : own.query);
  }
  std::string path = own.path.starts_with('/') ? std::string(own.path) : merge(base, own.path);
  return join(base.scheme, base.authority, remove_dot_segments(path), own.query);
}

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::IsSpace) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  if (find_invalid_utf8(out)) return std::nullopt;
  return out;
}

}  // namespace sallyport::validation
