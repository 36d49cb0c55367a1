#include "sallyport/service/settings.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "flat_yaml.hpp"

namespace sallyport::service {

void SettingsTable::one(std::string_view name, Needed needed, Store store) {
  keys_.push_back({std::string(name), Shape::One, needed, std::move(store)});
}

void SettingsTable::many(std::string_view name, Needed needed, Store store) {
  keys_.push_back({std::string(name), Shape::Many, needed, std::move(store)});
}

void SettingsTable::check(std::function<Reading()> rule) {
  rules_.push_back(std::move(rule));
}

bool SettingsTable::has(std::string_view name) const noexcept {
  return std::ranges::find(found_, name) != found_.end();
}

std::vector<SettingsProblem> SettingsTable::read(std::string_view yaml) {
  std::vector<SettingsProblem> problems;
  found_.clear();
  const auto entries = parse_flat_yaml(yaml, problems);
  if (!problems.empty() && entries.empty()) return problems;
  for (const YamlEntry& entry : entries) {
    found_.push_back(entry.key.text);
    const auto key = std::ranges::find(keys_, entry.key.text, &Key::name);
    const auto report = [&](const YamlScalar& where, std::string message) {
      problems.push_back({where.line, where.column, std::move(message)});
    };
    if (key == keys_.end()) {
      report(entry.key, fmt::format("unknown key '{}'", entry.key.text));
      continue;
    }
    if (entry.is_list && key->shape == Shape::One) {
      report(entry.key, fmt::format("{}: one value, not a list", key->name));
      continue;
    }
    if (entry.is_list && entry.values.empty() && key->needed == Needed::Yes) {
      report(entry.key, fmt::format("{}: the list is empty", key->name));
    }
    for (const YamlScalar& value : entry.values) {
      if (auto read = key->store(value.text); !read) {
        report(value, fmt::format("{}: expected {}, found '{}'", key->name, read.error(), value.text));
      }
    }
  }
  for (const Key& key : keys_) {
    if (key.needed == Needed::Yes && !has(key.name)) {
      problems.push_back({0, 0, fmt::format("the key '{}' is missing", key.name)});
    }
  }
  if (problems.empty()) {
    for (const auto& rule : rules_) {
      if (auto kept = rule(); !kept) problems.push_back({0, 0, std::move(kept.error())});
    }
  }
  std::ranges::sort(problems, {}, [](const SettingsProblem& p) { return std::tie(p.line, p.column, p.message); });
  return problems;
}

std::string format_problems(std::string_view file, const std::vector<SettingsProblem>& problems) {
  std::string out;
  for (const SettingsProblem& problem : problems) {
    if (problem.line == 0) {
      out += fmt::format("{}: {}\n", file, problem.message);
    } else {
      out += fmt::format("{}:{}:{}: {}\n", file, problem.line, problem.column, problem.message);
    }
  }
  return out;
}

}  // namespace sallyport::service
