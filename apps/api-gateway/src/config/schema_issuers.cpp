#include <algorithm>

#include "config/schema.hpp"
#include "sallyport/tokens/jwks_source.hpp"

namespace sallyport::api_gateway {
namespace {

constexpr std::size_t kIssuersMax = 16;
constexpr std::size_t kRolesMax = 64;

/// Keys of somebody else come over TLS or not at all.
Parsed<std::string> parse_https_url(std::string_view text) {
  const auto url = tokens::JwksUrl::parse(text, tokens::PlainHttp::LoopbackOnly);
  if (!url || !url->tls) return std::unexpected("a URL such as https://login.example.net/keys");
  return std::string(text);
}

Parsed<Role> parse_role(std::string_view text) {
  if (text == "user") return Role::User;
  if (text == "admin") return Role::Admin;
  return std::unexpected("user or admin");
}

Key<IssuerConfig> roles_key() {
  Key<IssuerConfig> key;
  key.doc = KeyDoc{"roles", "map of their role to `user` or `admin`", fmt::format("at most {}", kRolesMax), "none",
                   "What the text in their claim `role` stands for here. Any other role, and none, is no role: such a "
                   "token passes only where the route names none."};
  key.read = [](const YamlNode& node, IssuerConfig& out, Problems& problems) {
    if (node.kind != YamlNode::Kind::Map)
      return report_wrong_type(node, "roles", "a map, such as { ops: admin }", problems);
    if (node.keys.size() > kRolesMax) problems.error(node, fmt::format("roles: at most {}", kRolesMax));
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      if (node.keys[i].kind != YamlNode::Kind::Scalar) continue;
      const auto theirs = parse_claim(node.keys[i].text);
      if (!theirs) report_wrong_type(node.keys[i], "roles", theirs.error(), problems);
      read_scalar(
          node.items[i], "roles", Quotes::Allowed, parse_role,
          [&](Role ours) { out.roles.emplace_back(node.keys[i].text, ours); }, problems);
    }
  };
  return key;
}

bool within(const RouteConfig& route, std::string_view area) {
  const std::string below = std::string(area) + "/";
  if (route.path == area || route.path.starts_with(below)) return true;
  return route.prefix && (route.path == "/" || below.starts_with(route.path + "/"));
}

void check_route(const Draft& draft, const RouteConfig& route, const YamlNode& node, Problems& problems) {
  // Nobody else's tokens where accounts, money and administration are, whatever a configuration says.
  static constexpr std::string_view kOwnOnly[] = {"/auth", "/payments", "/admin"};
  const YamlNode& place = node.at_or_self("issuers");
  if (route.auth == AuthMode::None) problems.error(place, "issuers: only where auth is optional or required");
  for (const std::string_view area : kOwnOnly) {
    if (!within(route, area)) continue;
    problems.error(
        place, fmt::format("issuers: what is below {} takes our own tokens only, and {} matches that", area, route.id));
    break;
  }
  std::vector<std::string_view> names;
  for (const IssuerConfig& issuer : draft.issuers) names.push_back(issuer.name);
  for (const std::string& name : route.issuers) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const auto guess = nearest(name, names);
    problems.error(place, fmt::format("issuers: no issuer is called {}{}", in_quotes(name),
                                      guess.empty() ? "" : fmt::format("; did you mean '{}'?", guess)));
  }
}

}  // namespace

const KeyTable<IssuerConfig>& issuer_keys() {
  using I = IssuerConfig;
  static const KeyTable<I> table = {
      required(text_key<I>("name", &I::name, "at most 32 of `a-z`, `0-9`, `_`, `-`", parse_name,
                           "What routes and metrics call it.")),
      required(text_key<I>("issuer", &I::issuer, "1 to 255 bytes", parse_claim, "`iss` of its tokens, exactly.")),
      required(text_key<I>("audience", &I::audience, "1 to 255 bytes", parse_claim,
                           "`aud` of its tokens: this, or a list that holds it.")),
      required(text_key<I>("jwks_url", &I::jwks_url, "https:// URL", parse_https_url,
                           "Where its keys are published (RS256, ES256, EdDSA). At most 64 KiB, no redirects; fetched "
                           "every `jwks_refresh`. While that fails the last good set stays in force.")),
      text_key<I>("ca_file", &I::ca_file, "absolute path", parse_file,
                  "PEM bundle of the CAs that `jwks_url` is trusted by; without it the system's own."),
      roles_key(),
  };
  return table;
}

void read_issuers(const YamlNode& node, Draft& out, Problems& problems) {
  if (node.kind != YamlNode::Kind::List) return report_wrong_type(node, "issuers", "a list of issuers", problems);
  if (node.items.size() > kIssuersMax) return problems.error(node, fmt::format("issuers: at most {}", kIssuersMax));
  out.issuers.clear();
  for (const YamlNode& item : node.items) {
    IssuerConfig issuer;
    read_map(issuer_keys(), item, "issuer", issuer, problems);
    for (const IssuerConfig& other : out.issuers) {
      if (!issuer.name.empty() && other.name == issuer.name) {
        problems.error(item.at_or_self("name"), fmt::format("name: the issuer '{}' stands twice", issuer.name));
      }
      if (!issuer.issuer.empty() && other.issuer == issuer.issuer) {
        problems.error(item.at_or_self("issuer"), fmt::format("issuer: '{}' has it already", other.name));
      }
    }
    out.issuers.push_back(std::move(issuer));
  }
}

void check_issuers(const YamlNode& root, const Draft& draft, Problems& problems) {
  for (const IssuerConfig& issuer : draft.issuers) {
    if (draft.issuer.empty() || issuer.issuer != draft.issuer) continue;
    problems.error(root.at_or_self("issuers"), fmt::format("issuer: '{}' has that of our own tokens", issuer.name));
  }
  for (std::size_t i = 0; i < draft.routes.size(); ++i) {
    const RouteConfig& route = draft.routes[i];
    if (!route.issuers.empty() && draft.route_nodes[i] != nullptr) {
      check_route(draft, route, *draft.route_nodes[i], problems);
    }
  }
}

}  // namespace sallyport::api_gateway
