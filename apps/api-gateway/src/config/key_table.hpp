#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/problems.hpp"
#include "config/scalars.hpp"
#include "config/yaml_tree.hpp"
#include "sallyport/core/units.hpp"

namespace sallyport::api_gateway {

/// What the reference page says about a key.
struct KeyDoc {
  std::string_view name;
  std::string type;  ///< with the unit in it
  std::string bounds;
  std::string fallback;  ///< the value when the file does not name the key
  std::string help;
  bool required = false;
  bool refused = false;  ///< known, but an error in this build; `help` says why
};

/// One key of a map that describes a T: the one place that parses, bounds and documents it.
template <class T>
struct Key {
  KeyDoc doc;
  std::function<void(const YamlNode&, T&, Problems&)> read;
};

template <class T>
using KeyTable = std::vector<Key<T>>;

enum class RequiredKeys : std::uint8_t { Check, Skip };

/// Says that a key is unknown and what may have been meant.
void report_unknown_key(const YamlNode& key, std::string_view where, const std::vector<std::string_view>& known,
                        Problems& problems);
void report_wrong_type(const YamlNode& node, std::string_view key, std::string_view wanted, Problems& problems);
void report_refused_key(const YamlNode& key, std::string_view why, Problems& problems);

/// Reads a map by its table. where: "in route" and the like, for messages.
template <class T>
void read_map(const KeyTable<T>& table, const YamlNode& node, std::string_view where, T& out, Problems& problems,
              RequiredKeys required = RequiredKeys::Check) {
  if (node.kind == YamlNode::Kind::Invalid) return;
  if (node.kind != YamlNode::Kind::Map) return report_wrong_type(node, where, "a map of keys", problems);
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const YamlNode& name = node.keys[i];
    if (name.kind != YamlNode::Kind::Scalar) continue;
    const auto key = std::find_if(table.begin(), table.end(), [&](const auto& k) { return k.doc.name == name.text; });
    if (key == table.end()) {
      std::vector<std::string_view> known;
      for (const auto& k : table) known.push_back(k.doc.name);
      report_unknown_key(name, where, known, problems);
    } else if (key->doc.refused) {
      report_refused_key(name, key->doc.help, problems);
    } else if (node.items[i].kind != YamlNode::Kind::Invalid) {
      key->read(node.items[i], out, problems);
    }
  }
  if (required == RequiredKeys::Skip) return;
  for (const auto& key : table) {
    const bool present =
        std::any_of(node.keys.begin(), node.keys.end(), [&](const YamlNode& k) { return k.text == key.doc.name; });
    if (key.doc.required && !present) {
      problems.error(node,
                     fmt::format("{} lacks the key '{}' ({}: {})", where, key.doc.name, key.doc.type, key.doc.bounds));
    }
  }
}

/// A scalar that `parse` understands; quotes are allowed only where the value is text.
enum class Quotes : std::uint8_t { Allowed, Refused };

template <class Parse, class Store>
void read_scalar(const YamlNode& node, std::string_view key, Quotes quotes, const Parse& parse, const Store& store,
                 Problems& problems) {
  if (node.kind == YamlNode::Kind::Invalid) return;
  if (node.kind == YamlNode::Kind::Scalar && (node.plain || quotes == Quotes::Allowed)) {
    auto parsed = parse(std::string_view(node.text));
    if (parsed) return store(std::move(*parsed));
    return report_wrong_type(node, key, parsed.error(), problems);
  }
  const auto parsed = parse(std::string_view());
  report_wrong_type(node, key, parsed ? "a value" : parsed.error(), problems);
}

/// Makers of keys: the member says the default, and it belongs to T or to a base of it.

template <class T, class Owner, class Integer>
Key<T> integer_key(std::string_view name, Integer Owner::* member, std::uint64_t min, std::uint64_t max,
                   std::string help) {
  Key<T> key;
  key.doc = KeyDoc{name, "integer", fmt::format("{} to {}", min, max), fmt::format("{}", T{}.*member), std::move(help)};
  key.read = [=](const YamlNode& node, T& out, Problems& problems) {
    read_scalar(
        node, name, Quotes::Refused, [=](std::string_view text) { return parse_integer(text, min, max); },
        [&](std::uint64_t value) { out.*member = static_cast<Integer>(value); }, problems);
  };
  return key;
}

template <class T, class Owner, class Duration>
Key<T> duration_key(std::string_view name, Duration Owner::* member, std::chrono::milliseconds min,
                    std::chrono::milliseconds max, std::string help) {
  Key<T> key;
  key.doc = KeyDoc{name, "duration", fmt::format("{} to {}", format_duration(min), format_duration(max)),
                   format_duration(T{}.*member), std::move(help)};
  key.read = [=](const YamlNode& node, T& out, Problems& problems) {
    read_scalar(
        node, name, Quotes::Allowed, [=](std::string_view text) { return parse_bounded_duration(text, min, max); },
        [&](std::chrono::milliseconds value) {
          const auto kept = std::chrono::duration_cast<Duration>(value);
          if (kept != value) return report_wrong_type(node, name, "whole seconds", problems);
          out.*member = kept;
        },
        problems);
  };
  return key;
}

template <class T, class Owner>
Key<T> size_key(std::string_view name, std::uint64_t Owner::* member, std::uint64_t min, std::uint64_t max,
                std::string help) {
  Key<T> key;
  key.doc = KeyDoc{name, "size", fmt::format("{} to {}", format_size(min), format_size(max)), format_size(T{}.*member),
                   std::move(help)};
  key.read = [=](const YamlNode& node, T& out, Problems& problems) {
    read_scalar(
        node, name, Quotes::Allowed, [=](std::string_view text) { return parse_bounded_size(text, min, max); },
        [&](std::uint64_t value) { out.*member = value; }, problems);
  };
  return key;
}

Parsed<bool> parse_bool(std::string_view text);

template <class T, class Owner>
Key<T> bool_key(std::string_view name, bool Owner::* member, std::string help) {
  Key<T> key;
  key.doc = KeyDoc{name, "boolean", "true, false", T{}.*member ? "true" : "false", std::move(help)};
  key.read = [=](const YamlNode& node, T& out, Problems& problems) {
    read_scalar(node, name, Quotes::Refused, parse_bool, [&](bool value) { out.*member = value; }, problems);
  };
  return key;
}

template <class Enum>
using EnumNames = std::vector<std::pair<std::string_view, Enum>>;

template <class Enum>
std::string join_names(const EnumNames<Enum>& names) {
  std::string out;
  for (const auto& entry : names) {
    if (!out.empty()) out += ", ";
    out += entry.first;
  }
  return out;
}

template <class T, class Owner, class Enum>
Key<T> enum_key(std::string_view name, Enum Owner::* member, EnumNames<Enum> names, std::string help) {
  const auto now = std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.second == T{}.*member; });
  Key<T> key;
  key.doc = KeyDoc{name, "word", join_names(names), now == names.end() ? "" : std::string(now->first), std::move(help)};
  key.read = [=](const YamlNode& node, T& out, Problems& problems) {
    const auto parse = [&](std::string_view text) -> Parsed<Enum> {
      for (const auto& [word, value] : names) {
        if (word == text) return value;
      }
      return std::unexpected("one of " + join_names(names));
    };
    read_scalar(node, name, Quotes::Allowed, parse, [&](Enum value) { out.*member = value; }, problems);
  };
  return key;
}

template <class T, class Owner>
Key<T> text_key(std::string_view name, std::string Owner::* member, std::string bounds,
                Parsed<std::string> (*parse)(std::string_view), std::string help) {
  Key<T> key;
  key.doc = KeyDoc{name, "text", std::move(bounds), T{}.*member, std::move(help)};
  key.read = [=](const YamlNode& node, T& out, Problems& problems) {
    read_scalar(
        node, name, Quotes::Allowed, parse, [&](std::string value) { out.*member = std::move(value); }, problems);
  };
  return key;
}

/// A list of scalars. Equal ones are refused where Value can tell.
template <class Value>
std::vector<Value> read_list(const YamlNode& node, std::string_view key, std::size_t max,
                             Parsed<Value> (*parse)(std::string_view), Problems& problems) {
  std::vector<Value> values;
  if (node.kind != YamlNode::Kind::List) {
    report_wrong_type(node, key, "a list, such as [a, b]", problems);
    return values;
  }
  if (node.items.size() > max) problems.error(node, fmt::format("{}: at most {} entries", key, max));
  for (const YamlNode& item : node.items) {
    if (values.size() == max) break;
    read_scalar(
        item, key, Quotes::Allowed, parse,
        [&](Value value) {
          if constexpr (requires { value == value; }) {
            if (std::find(values.begin(), values.end(), value) != values.end()) {
              return problems.error(item, fmt::format("{}: {} stands twice", key, in_quotes(item.text)));
            }
          }
          values.push_back(std::move(value));
        },
        problems);
  }
  return values;
}

template <class T, class Owner, class Value>
Key<T> list_key(std::string_view name, std::vector<Value> Owner::* member, std::string type, std::size_t max,
                std::string fallback, Parsed<Value> (*parse)(std::string_view), std::string help) {
  Key<T> key;
  key.doc =
      KeyDoc{name, "list of " + std::move(type), fmt::format("at most {}", max), std::move(fallback), std::move(help)};
  key.read = [=](const YamlNode& node, T& out, Problems& problems) {
    out.*member = read_list(node, name, max, parse, problems);
  };
  return key;
}

template <class T>
Key<T> required(Key<T> key) {
  key.doc.required = true;
  key.doc.fallback = "required";
  return key;
}

/// For values whose default stands for something else than itself.
template <class T>
Key<T> with_fallback(Key<T> key, std::string fallback) {
  key.doc.fallback = std::move(fallback);
  return key;
}

template <class T>
Key<T> refused_key(std::string_view name, std::string why) {
  Key<T> key;
  key.doc.name = name;
  key.doc.help = std::move(why);
  key.doc.refused = true;
  return key;
}

}  // namespace sallyport::api_gateway
