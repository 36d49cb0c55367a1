#include "sallyport/service/route_table.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace sallyport::service {
namespace {

using net::http::Method;

bool is_parameter(std::string_view segment) noexcept {
  return segment.starts_with('{');
}

std::string_view name_of(std::string_view segment) noexcept {
  return segment.substr(1, segment.size() - 2);
}

/// Takes the next segment off a path that begins with '/'.
std::string_view take_segment(std::string_view& rest) noexcept {
  rest.remove_prefix(1);
  const std::string_view segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

std::vector<std::string> split(std::string_view pattern) {
  const auto wrong = [&](const char* why) { return std::invalid_argument("route " + std::string(pattern) + why); };
  if (!pattern.starts_with('/')) throw wrong(" does not begin with /");
  std::vector<std::string> segments;
  std::set<std::string> names;
  for (std::string_view rest = pattern; !rest.empty();) {
    const std::string segment(take_segment(rest));
    const bool braces = segment.find_first_of("{}") != std::string::npos;
    const bool whole =
        segment.size() > 2 && segment.front() == '{' && segment.find_first_of("{}", 1) + 1 == segment.size();
    if (braces && !(whole && segment.back() == '}')) throw wrong(": braces enclose a whole segment");
    if (braces && !names.insert(segment).second) throw wrong(" has one name twice");
    segments.push_back(segment);
  }
  if (names.size() > kPathParametersMax) throw wrong(" has too many parameters");
  return segments;
}

/// The same paths, whatever the parameters are called.
bool same_shape(const std::vector<std::string>& a, const std::vector<std::string>& b) noexcept {
  return std::ranges::equal(
      a, b, [](const std::string& x, const std::string& y) { return x == y || (is_parameter(x) && is_parameter(y)); });
}

/// Fixed text counts before a parameter, from the left.
bool counts_before(const std::vector<std::string>& a, const std::vector<std::string>& b) noexcept {
  return std::ranges::lexicographical_compare(a, b, {}, is_parameter, is_parameter);
}

void add_method(std::string& list, Method method) {
  const auto add = [&](std::string_view name) { list.append(list.empty() ? "" : ", ").append(name); };
  add(net::http::to_string(method));
  if (method == Method::Get) add("HEAD");
}

std::string list_of(const std::set<Method>& methods) {
  std::string list;
  for (const Method method : methods) add_method(list, method);
  return list;
}

bool fill(std::span<const std::string> segments, std::string_view path, PathParameters& out) noexcept {
  out = {};
  for (const std::string& segment : segments) {
    if (path.empty()) return false;
    const std::string_view found = take_segment(path);
    if (!is_parameter(segment)) {
      if (found != segment) return false;
      continue;
    }
    if (found.empty()) return false;
    out.names[out.size] = name_of(segment);
    out.values[out.size++] = found;
  }
  return path.empty();
}

}  // namespace

RouteTable::RouteTable(std::span<const Entry> entries) {
  std::set<Method> all;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto segments = split(entries[i].pattern);
    auto path = std::ranges::find_if(paths_, [&](const Path& known) { return same_shape(known.segments, segments); });
    if (path == paths_.end()) {
      path = paths_.insert(paths_.end(), {std::string(entries[i].pattern), std::move(segments), {}, {}});
    } else if (path->pattern != entries[i].pattern) {
      throw std::invalid_argument("routes " + path->pattern + " and " + std::string(entries[i].pattern) +
                                  " differ in names only");
    }
    if (std::ranges::find(path->methods, entries[i].method, &std::pair<Method, std::size_t>::first) !=
        path->methods.end()) {
      throw std::invalid_argument("route " + path->pattern + " takes one method twice");
    }
    path->methods.emplace_back(entries[i].method, i);
    all.insert(entries[i].method);
  }
  std::ranges::sort(paths_, [](const Path& a, const Path& b) { return counts_before(a.segments, b.segments); });
  for (Path& path : paths_) {
    std::set<Method> methods;
    for (const auto& [method, index] : path.methods) methods.insert(method);
    path.allow = list_of(methods);
  }
  all_methods_ = list_of(all);
}

RouteTable::Match RouteTable::find(std::string_view path, Method method) const noexcept {
  Match match;
  if (!path.starts_with('/')) return match;
  const Method wanted = method == Method::Head ? Method::Get : method;
  for (const Path& known : paths_) {
    if (!fill(known.segments, path, match.parameters)) continue;
    match.pattern = known.pattern;
    match.allow = known.allow;
    for (const auto& [taken, index] : known.methods) {
      if (taken == wanted || taken == method) match.index = index;
    }
    return match;
  }
  match.parameters = {};
  return match;
}

}  // namespace sallyport::service
