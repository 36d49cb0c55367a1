#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/core/ip_address.hpp"
#include "sallyport/net/http/message.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/rate_limit/policy.hpp"

namespace sallyport::validation {
class OpenApi;
}

namespace sallyport::api_gateway {

struct ListenAddress {
  IpAddress address;
  std::uint16_t port = 0;  ///< 0: any free port
};

enum class ForwardedHeader : std::uint8_t { XForwardedFor, Forwarded };
enum class ForwardedProto : std::uint8_t { Http, Https };

struct HostPort {
  std::string host;  ///< a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;
};

struct UpstreamConfig {
  std::string name;
  std::vector<HostPort> hosts;
  std::chrono::milliseconds timeout{15000};  ///< route total until the answer's head
  std::chrono::milliseconds connect_timeout{1000};
  std::uint32_t max_in_flight = 256;        ///< per process, not per thread
  std::uint32_t idle_connections_max = 64;  ///< kept open for each host by each thread
  bool tls = false;
  std::string ca_file;      ///< PEM, for TLS; empty: the system's own
  std::string server_name;  ///< that its certificate must be for; set whenever tls is
};

/// Whether a route asks for an access token of ours.
enum class AuthMode : std::uint8_t {
  None,      ///< never looked at
  Optional,  ///< may be left out; one that is sent must be good
  Required,
};

/// Whom a route lets in. A token with any other `role` is good where nothing is said.
enum class Role : std::uint8_t {
  Any,
  User,  ///< `user` and `admin`: whoever may do more may do this too
  Admin,
};

/// What becomes of calls with a token while nobody can say whether its session has ended: Redis is away.
enum class Revocation : std::uint8_t {
  Lenient,       ///< tokens pass until they expire
  StrictWrites,  ///< calls other than GET and HEAD are refused with 503
  Strict,        ///< all are
};

/// Another identity provider. Its tokens count only on the routes that name it, its roles only as they are mapped.
struct IssuerConfig {
  std::string name;
  std::string issuer;                               ///< `iss` of its tokens
  std::string audience;                             ///< `aud`
  std::string jwks_url;                             ///< https
  std::string ca_file;                              ///< PEM bundle; empty: the system's own CAs
  std::vector<std::pair<std::string, Role>> roles;  ///< its `role`, and what that stands for here
};

/// What becomes of a request that breaks its route's schema.
enum class SchemaMode : std::uint8_t {
  Enforce,  ///< it is refused
  Shadow,   ///< it is counted and passes
};

/// The OpenAPI document that the requests of a route are held to.
struct SchemaConfig {
  std::string file;  ///< as the configuration says it: a path, or "builtin:NAME"
  SchemaMode mode = SchemaMode::Enforce;
  std::string base_path;               ///< stands before every path of the document; empty: nothing does
  std::uint64_t body_max = 1U << 20U;  ///< bytes of JSON that are gathered to be checked
  std::shared_ptr<const validation::OpenApi> document;  ///< immutable, shared by all who name it
};

struct RouteConfig {
  std::string id;                          ///< the pattern, canonical: names the route in logs, metrics and keys
  std::string path;                        ///< canonical, lower case, without the "/*"
  bool prefix = false;                     ///< the pattern ended in "/*"
  std::vector<net::http::Method> methods;  ///< empty: all
  std::string upstream;
  AuthMode auth = AuthMode::None;
  Role role = Role::Any;                 ///< anything else goes with AuthMode::Required
  std::optional<Revocation> revocation;  ///< nullopt: Strict with Role::Admin, else Lenient
  std::vector<std::string> issuers;      ///< names of those whose tokens count here beside our own
  std::vector<std::string> rate_limits;  ///< names of the policies beside `global`
  std::string strip_prefix;
  std::uint64_t body_max = 1U << 20U;  ///< bytes
  bool streaming = false;              ///< dispatch before the body has arrived; idle deadline only
  bool body_on_any_method = false;     ///< allow a body on GET, HEAD, DELETE, OPTIONS
  std::optional<SchemaConfig> schema;
};

struct CorsConfig {
  std::vector<std::string> origins;  ///< exact; empty: CORS is off
  std::vector<std::string> methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  std::vector<std::string> headers{"content-type", "authorization", "idempotency-key"};
  bool credentials = false;
  std::chrono::seconds max_age{600};
};

struct ConnectionLimits {
  std::uint32_t connections_max = 16000;             ///< per process
  std::uint32_t connections_per_address_max = 4000;  ///< per process
  std::uint32_t requests_per_connection_max = 1000;
  std::chrono::milliseconds head_timeout{10000};
  std::chrono::milliseconds keep_alive_timeout{60000};
  std::chrono::milliseconds body_idle_timeout{30000};
  std::chrono::milliseconds write_stall_timeout{30000};
  std::uint32_t body_rate_min = 500;  ///< bytes a second after the first 5 s
  std::chrono::milliseconds connection_age_max{3600000};
};

/// Everything a gateway is told by its file. Immutable once loaded.
struct Config {
  std::vector<ListenAddress> listen;
  std::uint32_t threads = 0;       ///< 0: one for each core
  std::vector<std::string> hosts;  ///< authorities answered for; empty: any
  std::vector<Cidr> trusted_proxies;
  ForwardedHeader forwarded_header = ForwardedHeader::XForwardedFor;
  ForwardedProto forwarded_proto = ForwardedProto::Http;  ///< what clients speak to trusted proxies that do not say
  std::vector<Cidr> internal_access;
  std::uint32_t ipv6_prefix = 64;  ///< bits of an IPv6 address that identify a client
  std::string redis_key_prefix = "sp:";
  std::uint32_t instances = 1;
  bool allow_plaintext = false;                   ///< plain redis:// and key sets by plain http off loopback
  std::string issuer;                             ///< `iss` of our own tokens; needed as soon as a route asks for them
  std::string audience;                           ///< `aud`
  std::string jwks_url;                           ///< where their issuer publishes its keys
  std::string jwks_ca_file;                       ///< PEM bundle; empty: the system's own CAs
  std::chrono::milliseconds jwks_refresh{60000};  ///< between two fetches of them
  std::vector<IssuerConfig> issuers;
  std::vector<std::string> rate_limits_off;
  std::vector<rate_limit::Policy> rate_limits;  ///< always has `global` and `auth` unless switched off
  std::vector<UpstreamConfig> upstreams;
  std::vector<RouteConfig> routes;
  CorsConfig cors;
  ConnectionLimits limits;
  log::Level log_level = log::Level::Info;
  bool access_log = true;
  bool docs = true;                                   ///< the gateway answers /docs, /openapi and /problems
  std::chrono::milliseconds drain{5000};              ///< SIGTERM: keep accepting, then close the listener
  std::chrono::milliseconds shutdown_timeout{30000};  ///< then finish what is in flight, at most this long
};

struct ConfigProblem {
  int line = 0, column = 0;  ///< 1-based; 0: the whole file
  std::string message;
  bool warning = false;
};

struct LoadedConfig {
  Config config;
  std::vector<ConfigProblem> problems;  ///< in the order of the file
  bool ok() const noexcept;             ///< no problem but warnings
};

/// Production rules also require what has no safe default (`instances`, at least one route, …).
enum class ConfigMode : std::uint8_t { Production, Dev };

/// Parses and validates a YAML text; reports every problem at once. In Dev mode what the text names overlays `base`.
/// folder: what relative names of files start from; empty: the working folder. Reads the documents that `schema` names.
LoadedConfig load_config(std::string_view yaml, ConfigMode mode, const Config& base = {}, std::string_view folder = {});
/// "file:line:column: message", one a line.
std::string format_problems(std::string_view file, const std::vector<ConfigProblem>& problems);
/// The sign-in paths that the `auth` policy always applies to, as match keys.
std::vector<std::string> canonical_auth_paths();
/// Whether any route asks for access tokens: then `issuer`, `audience` and `jwks_url` are needed.
bool asks_for_tokens(const Config& config) noexcept;
/// Whether a request for this canonical path, in lower case and without a trailing slash, finds a route.
bool routes(const Config& config, std::string_view path, net::http::Method method);
/// The reference page docs/configuration.md, made from the table that parses.
std::string configuration_reference();

}  // namespace sallyport::api_gateway
