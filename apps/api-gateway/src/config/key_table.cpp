#include "config/key_table.hpp"

namespace sallyport::api_gateway {

void report_unknown_key(const YamlNode& key, std::string_view where, const std::vector<std::string_view>& known,
                        Problems& problems) {
  const auto guess = nearest(key.text, known);
  std::string message = fmt::format("{}: unknown key {}", where, in_quotes(key.text));
  if (!guess.empty()) message += fmt::format("; did you mean '{}'?", guess);
  problems.error(key, std::move(message));
}

void report_wrong_type(const YamlNode& node, std::string_view key, std::string_view wanted, Problems& problems) {
  if (node.kind == YamlNode::Kind::Invalid) return;
  problems.error(node, fmt::format("{}: expected {}; {}", key, wanted, describe(node)));
}

void report_refused_key(const YamlNode& key, std::string_view why, Problems& problems) {
  problems.error(key, fmt::format("'{}': {}", key.text, why));
}

Parsed<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::unexpected(std::string("true or false"));
}

}  // namespace sallyport::api_gateway
