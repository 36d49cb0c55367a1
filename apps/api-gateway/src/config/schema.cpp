#include "config/schema.hpp"

#include <algorithm>

#include "sallyport/tokens/jwks_source.hpp"

namespace sallyport::api_gateway {
namespace {

using namespace std::chrono_literals;

template <class T>
using Read = std::function<void(const YamlNode&, T&, Problems&)>;

Key<Draft> custom(std::string_view name, std::string type, std::string bounds, std::string fallback, std::string help,
                  Read<Draft> read) {
  return Key<Draft>{KeyDoc{name, std::move(type), std::move(bounds), std::move(fallback), std::move(help)},
                    std::move(read)};
}

void check_listen(const YamlNode& node, const std::vector<ListenAddress>& listen, Problems& problems) {
  for (std::size_t i = 0; i < listen.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (listen[i].port != 0 && listen[i].port == listen[j].port && listen[i].address == listen[j].address) {
        problems.error(node,
                       fmt::format("listen: {} port {} stands twice", listen[i].address.to_string(), listen[i].port));
      }
    }
  }
}

Key<Draft> listen_key() {
  return custom("listen", "address or list of addresses", "1 to 16", "required in production",
                "Where clients connect: an IP address and a port; port 0 takes any free one.",
                [](const YamlNode& node, Draft& out, Problems& problems) {
                  if (node.kind == YamlNode::Kind::List) {
                    out.listen = read_list<ListenAddress>(node, "listen", 16, parse_listen_address, problems);
                    if (node.items.empty()) problems.error(node, "listen: the list is empty");
                    check_listen(node, out.listen, problems);
                    return;
                  }
                  read_scalar(
                      node, "listen", Quotes::Allowed, parse_listen_address,
                      [&](ListenAddress address) { out.listen = {address}; }, problems);
                });
}

Key<Draft> threads_key() {
  return custom("threads", "integer or auto", "1 to 256", "auto", "Event loops; `auto` is one for each processor core.",
                [](const YamlNode& node, Draft& out, Problems& problems) {
                  const auto parse = [](std::string_view text) -> Parsed<std::uint64_t> {
                    if (text == "auto") return 0;
                    const auto count = parse_integer(text, 1, 256);
                    if (!count) return std::unexpected("auto or " + count.error());
                    return count;
                  };
                  read_scalar(
                      node, "threads", Quotes::Refused, parse,
                      [&](std::uint64_t count) { out.threads = static_cast<std::uint32_t>(count); }, problems);
                });
}

Parsed<std::string> parse_switchable(std::string_view text) {
  if (text == "global" || text == "auth") return std::string(text);
  return std::unexpected(std::string("global or auth (any other policy is off when no route names it)"));
}

constexpr const char* kOfAuth = "is a setting of the auth service (`sallyport auth`), not of a gateway";
constexpr const char* kNoRedis = "addresses of stores come from the environment: set SALLYPORT_REDIS_URL";
constexpr const char* kNoDatabase = "addresses of stores come from the environment: set SALLYPORT_DATABASE_URL";

Parsed<std::string> parse_jwks_url(std::string_view text) {
  const auto url = tokens::JwksUrl::parse(text, tokens::PlainHttp::Anywhere);
  if (!url) return std::unexpected("a URL such as https://id.example.com/.well-known/jwks.json");
  return std::string(text);
}

KeyTable<Draft> make_root_keys() {
  using D = Draft;
  return {
      listen_key(),
      threads_key(),
      list_key<D>(
          "hosts", &Config::hosts, "authorities", 256, "any", parse_authority,
          "Authorities this gateway answers for; a request for another gets 421, but for health checks. Without a "
          "port: on every port."),
      list_key<D>("trusted_proxies", &Config::trusted_proxies, "address blocks", 256, "none", parse_block,
                  "Peers whose forwarding field names the client. Nobody else's is read."),
      enum_key<D>("forwarded_header", &Config::forwarded_header,
                  EnumNames<ForwardedHeader>{{"x-forwarded-for", ForwardedHeader::XForwardedFor},
                                             {"forwarded", ForwardedHeader::Forwarded}},
                  "The one field in which trusted proxies name the client; all others are deleted."),
      enum_key<D>("forwarded_proto", &Config::forwarded_proto,
                  EnumNames<ForwardedProto>{{"http", ForwardedProto::Http}, {"https", ForwardedProto::Https}},
                  "What clients speak to trusted proxies: upstreams get it as X-Forwarded-Proto. The `proto` of a "
                  "`forwarded` entry goes first; a client that connects directly always speaks http."),
      list_key<D>("internal_access", &Config::internal_access, "address blocks", 256, "none", parse_block,
                  "Who may read /metrics and the details of /health/ready: peer and client must match."),
      integer_key<D>("ipv6_prefix", &Config::ipv6_prefix, 32, 128,
                     "Leading bits of an IPv6 address that stand for one client in rate limits."),
      text_key<D>("redis_key_prefix", &Config::redis_key_prefix, "1 to 32 of letters, digits, `:_-.`", parse_key_prefix,
                  "Begins every key in Redis."),
      integer_key<D>("instances", &Config::instances, 1, 10000,
                     "Gateways that share the traffic: divides limits that count locally while Redis is away. "
                     "Required in production when a policy has `on_store_error: local`."),
      bool_key<D>(
          "allow_plaintext", &Config::allow_plaintext,
          "Allows plain redis://, a plain upstream for the sign-in routes and a plain `jwks_url` off loopback."),
      text_key<D>(
          "issuer", &Config::issuer, "1 to 255 bytes", parse_claim,
          "`iss` of the access tokens that routes ask for, as in the auth service's file. Required when a route "
          "has `auth: optional` or `required`."),
      text_key<D>("audience", &Config::audience, "1 to 255 bytes", parse_claim,
                  "`aud` of these tokens. Required with them."),
      text_key<D>("jwks_url", &Config::jwks_url, "http:// or https:// URL", parse_jwks_url,
                  "Where the keys are published that verify them. http only at a loopback address. Required with them; "
                  "until the first set has been fetched, requests with a token get 503."),
      text_key<D>("jwks_ca_file", &Config::jwks_ca_file, "absolute path", parse_file,
                  "PEM bundle of the CAs that `jwks_url` is trusted by; without it the system's own."),
      duration_key<D>(
          "jwks_refresh", &Config::jwks_refresh, 100ms, 1h,
          "How often the keys are fetched, and the least time between two fetches that tokens with an unknown "
          "key cause."),
      custom("issuers", "list of issuers", "at most 16", "none",
             "Other identity providers, whose tokens some routes take; see below.", read_issuers),
      list_key<D>("rate_limits_off", &Config::rate_limits_off, "policy names", 2, "none", parse_switchable,
                  "Switches a built-in policy off (`global`, `auth`); start-up warns about it."),
      custom("rate_limits", "map of policies", "at most 64", "the built-in `global` and `auth`",
             "Policies by name, see below.", read_policies),
      custom("upstreams", "map of upstreams", "at most 256", "required in production", "Services by name, see below.",
             read_upstreams),
      custom("routes", "list of routes", "at most 1024", "required in production", "What is served, see below.",
             read_routes),
      custom("cors", "map", "", "off", "Cross-origin access for browsers, see below.",
             [](const YamlNode& node, D& out, Problems& problems) {
               read_map(cors_keys(), node, "cors", out.cors, problems);
             }),
      custom("limits", "map", "", "see below", "Limits of client connections, see below.",
             [](const YamlNode& node, D& out, Problems& problems) {
               read_map(limit_keys(), node, "limits", out.limits, problems);
             }),
      enum_key<D>("log_level", &Config::log_level,
                  EnumNames<log::Level>{{"debug", log::Level::Debug},
                                        {"info", log::Level::Info},
                                        {"warn", log::Level::Warn},
                                        {"error", log::Level::Error},
                                        {"critical", log::Level::Critical},
                                        {"off", log::Level::Off}},
                  "Least level that is written."),
      bool_key<D>("access_log", &Config::access_log, "One line for each request."),
      bool_key<D>("docs", &Config::docs,
                  "Serves `/docs`, `/openapi` and `/problems`, before routes of these paths and within the limits."),
      duration_key<D>("drain", &Config::drain, 0ms, 5min,
                      "After SIGTERM: how long the listener stays open while readiness already fails."),
      duration_key<D>("shutdown_timeout", &Config::shutdown_timeout, 0ms, 10min,
                      "After that: the most that requests in flight are given to finish."),
      refused_key<D>("redis", kNoRedis),
      refused_key<D>("redis_url", kNoRedis),
      refused_key<D>("database_url", kNoDatabase),
      refused_key<D>("access_ttl", kOfAuth),
      refused_key<D>("refresh_ttl", kOfAuth),
      refused_key<D>("session_max", kOfAuth),
      refused_key<D>("refresh_grace", kOfAuth),
  };
}

}  // namespace

const KeyTable<Draft>& root_keys() {
  static const auto table = make_root_keys();
  return table;
}

const KeyTable<CorsConfig>& cors_keys() {
  using C = CorsConfig;
  static const KeyTable<C> table = {
      required(list_key<C>("origins", &C::origins, "origins", 64, "", parse_origin,
                           "Exact origins, such as https://app.example.com. There is no wildcard.")),
      list_key<C>("methods", &C::methods, "methods", 16, "GET, HEAD, POST, PUT, PATCH, DELETE", parse_method_name,
                  "What a preflight allows."),
      list_key<C>("headers", &C::headers, "field names", 64, "content-type, authorization, idempotency-key",
                  parse_field_name, "Request fields that a preflight allows."),
      bool_key<C>("credentials", &C::credentials, "Lets the browser send cookies and authorization with the request."),
      duration_key<C>("max_age", &C::max_age, 0ms, 24h, "How long a browser may remember a preflight (whole seconds)."),
  };
  return table;
}

const KeyTable<ConnectionLimits>& limit_keys() {
  using L = ConnectionLimits;
  static const KeyTable<L> table = {
      integer_key<L>("connections_max", &L::connections_max, 1, 1'000'000, "Client connections of the process."),
      integer_key<L>("connections_per_address_max", &L::connections_per_address_max, 1, 1'000'000,
                     "Client connections of the process from one address."),
      integer_key<L>("requests_per_connection_max", &L::requests_per_connection_max, 1, 1'000'000,
                     "Requests after which a connection is closed."),
      duration_key<L>("head_timeout", &L::head_timeout, 100ms, 2min,
                      "From the first byte of a request head to its last."),
      duration_key<L>("keep_alive_timeout", &L::keep_alive_timeout, 100ms, 1h, "Idle time between two requests."),
      duration_key<L>("body_idle_timeout", &L::body_idle_timeout, 100ms, 10min,
                      "Longest silence inside a request body."),
      duration_key<L>("write_stall_timeout", &L::write_stall_timeout, 100ms, 10min,
                      "Longest time that a client takes nothing of an answer."),
      integer_key<L>("body_rate_min", &L::body_rate_min, 0, 1'000'000,
                     "Least bytes a second of a request body after its first 5 s; 0: no such rule."),
      duration_key<L>("connection_age_max", &L::connection_age_max, 1s, 24h,
                      "Age after which a connection is closed at the next request (with 10 % jitter)."),
  };
  return table;
}

}  // namespace sallyport::api_gateway
