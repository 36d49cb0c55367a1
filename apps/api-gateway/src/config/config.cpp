#include "sallyport/api_gateway/config.hpp"

#include "config/schema.hpp"
#include "config/yaml_tree.hpp"

namespace sallyport::api_gateway {

LoadedConfig load_config(std::string_view yaml, ConfigMode mode, const Config& base, std::string_view folder) {
  Problems problems;
  Draft draft;
  draft.folder = folder;
  if (mode == ConfigMode::Dev) static_cast<Config&>(draft) = base;
  YamlNode root = parse_yaml(yaml, problems);
  if (root.kind == YamlNode::Kind::Null) root.kind = YamlNode::Kind::Map;  // an empty file says nothing, and may
  if (root.kind != YamlNode::Kind::Invalid) {
    read_map(root_keys(), root, "the file", draft, problems);
    if (root.kind == YamlNode::Kind::Map) validate(root, mode, draft, problems);
  }
  return LoadedConfig{std::move(static_cast<Config&>(draft)), problems.take()};
}

}  // namespace sallyport::api_gateway
