#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iterator>
#include <memory>

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "commands.hpp"
#include "dev_identity.hpp"
#include "echo_service.hpp"
#include "load.hpp"
#include "sallyport/api_gateway/gateway.hpp"
#include "sallyport/core/units.hpp"
#include "sallyport/net/http/authority.hpp"

namespace sallyport::app {

using api_gateway::Config;

namespace {

int wrong_call(const std::string& message) {
  std::fprintf(stderr, "sallyport dev: %s\n", message.c_str());
  return 2;
}

int cannot_start(const std::string& why) {
  std::fprintf(stderr, "sallyport dev: cannot start: %s\n", why.c_str());
  return 1;
}

std::optional<api_gateway::ListenAddress> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto address = host == "localhost" ? IpAddress::parse("127.0.0.1") : IpAddress::parse(host);
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (!address || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return api_gateway::ListenAddress{*address, port};
}

bool is_loopback(const IpAddress& address) {
  return Cidr::parse("127.0.0.0/8")->contains(address) || Cidr::parse("::1/128")->contains(address);
}

/// The auth service's paths, before everything else.
void add_identity(Config& config, std::uint16_t port) {
  api_gateway::UpstreamConfig upstream;
  upstream.name = "auth";
  upstream.hosts.push_back({"127.0.0.1", port});
  config.upstreams.push_back(std::move(upstream));
  for (const std::string path : {"/auth", "/.well-known/jwks.json"}) {
    api_gateway::RouteConfig route;
    route.path = path;
    route.prefix = path == "/auth";
    route.id = path + (route.prefix ? "/*" : "");
    route.upstream = "auth";
    config.routes.push_back(std::move(route));
  }
}

void add_route(Config& config, const std::string& prefix, const std::string& host, std::uint16_t port) {
  api_gateway::UpstreamConfig upstream;
  upstream.name = config.upstreams.empty() ? "dev" : fmt::format("dev-{}", config.upstreams.size() + 1);
  upstream.hosts.push_back({host, port});
  api_gateway::RouteConfig route;
  route.path = prefix;
  route.prefix = true;
  route.id = (prefix == "/" ? "" : prefix) + "/*";
  route.upstream = upstream.name;
  config.upstreams.push_back(std::move(upstream));
  config.routes.push_back(std::move(route));
}

/// "PREFIX=URL", for example "/shop=http://127.0.0.1:3000". Returns what is wrong, or "".
std::string add_upstream(Config& config, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || text.front() != '/')
    return "--upstream " + text + ": expected PREFIX=URL, such as /=http://127.0.0.1:3000";
  std::string prefix = text.substr(0, equals);
  while (prefix.size() > 1 && prefix.back() == '/') prefix.pop_back();
  std::string_view url = std::string_view(text).substr(equals + 1);
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return "--upstream " + text + ": the URL must begin with http://";
  url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  const auto authority = net::http::parse_authority(url);
  if (!authority) return "--upstream " + text + ": expected http://HOST or http://HOST:PORT, without a path";
  std::string_view host = authority->host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  add_route(config, prefix, std::string(host), authority->port.value_or(80));
  return "";
}

Config built_in(const DevArguments& arguments, const api_gateway::ListenAddress& listen) {
  Config config = api_gateway::load_config("", api_gateway::ConfigMode::Dev).config;
  config.listen = {listen};
  config.threads = arguments.threads;
  config.internal_access = {*Cidr::parse("127.0.0.0/8"), *Cidr::parse("::1/128")};
  config.drain = std::chrono::milliseconds(0);
  // A page of another origin can make a browser send requests to a name that resolves to loopback: answer to our own
  // only.
  if (!arguments.insecure_listen) config.hosts = {"127.0.0.1", "localhost", "[::1]"};
  return config;
}

/// "http://127.0.0.1:3000", and the others of several.
std::string hosts_of(const Config& config, const std::string& upstream) {
  std::string text;
  for (const auto& candidate : config.upstreams) {
    if (candidate.name != upstream) continue;
    for (const auto& [host, port] : candidate.hosts) {
      const bool v6 = host.find(':') != std::string::npos;
      text += fmt::format("{}http://{}{}{}:{}", text.empty() ? "" : ", ", v6 ? "[" : "", host, v6 ? "]" : "", port);
    }
  }
  return text;
}

/// Where a policy applies, for a person.
std::string places_of(const Config& config, const std::string& policy) {
  if (policy == "global") return "on every path";
  std::vector<std::string> places;
  if (policy == "auth") places = api_gateway::canonical_auth_paths();
  for (const auto& route : config.routes) {
    const bool named = std::find(route.rate_limits.begin(), route.rate_limits.end(), policy) != route.rate_limits.end();
    if (named && std::find(places.begin(), places.end(), route.id) == places.end()) places.push_back(route.id);
  }
  return places.empty() ? "on no path" : fmt::format("on {}", fmt::join(places, ", "));
}

/// Commands that show an answer, its fields, and a limit: as far as the routes go.
std::string commands_to_try(const Config& config, const std::string& url) {
  std::string text;
  const auto takes = [&](std::string_view path, net::http::Method method) { return routes(config, path, method); };
  for (const auto& route : config.routes) {
    std::string path = route.path;
    if (route.prefix) path += path == "/" ? "hello" : "/hello";
    if (!takes(path, net::http::Method::Get)) continue;
    text = fmt::format("  curl {0}{1}\n  curl -i {0}{1}\n", url, path);
    break;
  }
  if (takes("/auth/login", net::http::Method::Post)) {
    text += fmt::format(
        "  for i in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%{{http_code}}\\n' -X POST {}/auth/login; done\n", url);
  }
  return text.empty() ? "" : "\nTry:\n" + text + "\n";
}

void print_banner(const Config& config, const DevArguments& arguments, const EchoService* echo,
                  const std::vector<std::string>& urls) {
  std::string text = "Sallyport " SALLYPORT_VERSION ", development gateway\n";
  text += arguments.redis ? "  counters   in Redis\n"
                          : "  counters   in this process, gone when it stops (--redis URL shares them)\n";
  for (const auto& route : config.routes) {
    text += fmt::format(
        "  route      {}  ->  {}\n", route.id,
        echo != nullptr && route.upstream == "dev" ? "the built-in echo service (--upstream PREFIX=URL for yours)"
        : arguments.data_folder && route.upstream == "auth" ? "the auth service, accounts in " + *arguments.data_folder
                                                            : hosts_of(config, route.upstream));
  }
  for (const auto& policy : config.rate_limits) {
    text += fmt::format("  limit      {}: {} in {} {}\n", policy.name, policy.limit, format_duration(policy.window),
                        places_of(config, policy.name));
  }
  for (const std::string& url : urls) text += fmt::format("listening on {}\n", url);
  text += commands_to_try(config, urls.front());
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int run_dev(const DevArguments& arguments) {
  const auto listen = parse_listen(arguments.listen);
  if (!listen)
    return wrong_call("--listen " + arguments.listen + ": expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:0");
  Config config = built_in(arguments, *listen);
  for (const std::string& upstream : arguments.upstreams) {
    if (const std::string problem = add_upstream(config, upstream); !problem.empty()) return wrong_call(problem);
  }
  std::optional<storage::RedisUrl> redis;
  std::vector<Secret<std::string>> secrets;
  if (arguments.redis) {
    redis = usable_redis_url("--redis", *arguments.redis, false);
    if (!redis) return 1;
    if (!redis->password.empty()) secrets.push_back(redis->password);
  }
  std::optional<DevIdentity> identity;
  if (arguments.data_folder) {
    auto prepared = DevIdentity::prepare(*arguments.data_folder);
    if (!prepared) return cannot_start(prepared.error());
    identity = *std::move(prepared);
    std::ranges::move(identity->known_values(), std::back_inserter(secrets));
  }
  const bool terminal = ::isatty(2) == 1;
  log::Logger logger({.format = terminal ? log::Logger::Format::Text : log::Logger::Format::Json},
                     log::Redactor(std::move(secrets)));
  std::unique_ptr<EchoService> echo;
  if (arguments.upstreams.empty()) {
    echo = std::make_unique<EchoService>(logger);
    add_route(config, "/", "127.0.0.1", echo->port());
  }
  std::unique_ptr<auth_service::AuthService> auth;
  if (identity) {
    auto started = identity->start(redis, logger);
    if (!started) return cannot_start(started.error());
    auth = *std::move(started);
    add_identity(config, port_of(auth->urls().front()));
  }
  if (arguments.config_file) {
    auto overlaid = load_config_file(*arguments.config_file, api_gateway::ConfigMode::Dev, config);
    if (!overlaid) return 1;
    config = std::move(*overlaid);
  }
  for (const auto& address : config.listen) {
    if (!is_loopback(address.address) && !arguments.insecure_listen) {
      return wrong_call(
          fmt::format("{} is not a loopback address; --insecure-listen allows it", address.address.to_string()));
    }
  }
  api_gateway::Gateway::Options options;
  options.redis = redis;
  options.on_listening = [&](const std::vector<std::string>& urls) {
    print_banner(config, arguments, echo.get(), urls);
  };
  api_gateway::Gateway gateway(config, logger, std::move(options));
  std::string error;
  const int code = gateway.run(error);
  return code == 0 ? 0 : cannot_start(error);
}

}  // namespace sallyport::app
