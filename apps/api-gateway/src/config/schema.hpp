#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/key_table.hpp"
#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {

/// A Config on its way, with what the checks across keys need to know about the file.
struct Draft : Config {
  std::vector<const YamlNode*> route_nodes;  ///< parallel to `routes`; nullptr: from the base configuration
  std::string folder;                        ///< what relative names of files start from; empty: the working folder
  /// OpenAPI documents by file and base path: read once, however many routes name them. Null: could not be loaded.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const validation::OpenApi>> documents;
};

/// The tables, one for each kind of map in the file. Whoever adds a key adds it here and nowhere else.
const KeyTable<Draft>& root_keys();
const KeyTable<rate_limit::Policy>& policy_keys();
const KeyTable<UpstreamConfig>& upstream_keys();
const KeyTable<RouteConfig>& route_keys();
const KeyTable<SchemaConfig>& request_schema_keys();
const KeyTable<IssuerConfig>& issuer_keys();
const KeyTable<CorsConfig>& cors_keys();
const KeyTable<ConnectionLimits>& limit_keys();

/// The policies that exist although no file names them.
std::vector<rate_limit::Policy> built_in_policies();

void read_policies(const YamlNode& node, Draft& out, Problems& problems);
void read_upstreams(const YamlNode& node, Draft& out, Problems& problems);
void read_issuers(const YamlNode& node, Draft& out, Problems& problems);
void read_routes(const YamlNode& node, Draft& out, Problems& problems);

/// Reads `schema` of a route: the name of a document, or a map.
void read_request_schema(const YamlNode& node, RouteConfig& out, Problems& problems);
/// Loads the document that the route names, if any, and says at `schema` what is wrong with it.
void load_request_schema(const YamlNode& route_node, RouteConfig& route, Draft& draft, Problems& problems);

/// The rules about access tokens that concern more than one key.
void check_issuers(const YamlNode& root, const Draft& draft, Problems& problems);
void check_tokens(const YamlNode& root, ConfigMode mode, const Draft& draft, Problems& problems);

/// The rules that concern more than one key. root is the file's top map.
void validate(const YamlNode& root, ConfigMode mode, Draft& draft, Problems& problems);

}  // namespace sallyport::api_gateway
