#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>

#include <unistd.h>

#include <fmt/format.h>

#include "commands.hpp"
#include "dev_banner.hpp"
#include "dev_demo.hpp"
#include "dev_home.hpp"
#include "dev_services.hpp"
#include "dev_users.hpp"
#include "echo_service.hpp"
#include "load.hpp"
#include "sallyport/api_gateway/gateway.hpp"
#include "sallyport/api_gateway/limit_catalog.hpp"
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

/// Where a file has put something else in the place of /auth/*, the routes for single paths below go too.
void drop_left_over(Config& config) {
  const auto whole = std::ranges::find_if(config.routes, [](const auto& r) { return r.prefix && r.path == "/auth"; });
  if (whole == config.routes.end() || whole->upstream == "auth") return;
  std::erase_if(config.routes, [](const auto& r) { return r.upstream == "auth" && r.path.starts_with("/auth/"); });
}

/// What is wrong with where it would listen, or "".
std::string listen_problem(const Config& config, const DevArguments& arguments) {
  for (const auto& address : config.listen) {
    if (is_loopback(address.address) || arguments.insecure_listen) continue;
    return fmt::format("{} is not a loopback address; --insecure-listen allows it", address.address.to_string());
  }
  return "";
}

log::Logger::Options log_options(const DevArguments& arguments) {
  const bool terminal = ::isatty(2) == 1;
  return {.level = arguments.log_sql ? log::Level::Debug : log::Level::Info,
          .format = terminal ? log::Logger::Format::Text : log::Logger::Format::Json};
}

/// The gateway with the services behind it, until a signal.
int serve(const DevArguments& arguments, Config config, DevScene scene, const DevServices& services,
          const std::optional<storage::RedisUrl>& redis, log::Logger& logger) {
  services.add_to(config);
  if (arguments.config_file) {
    auto overlaid = load_config_file(*arguments.config_file, api_gateway::ConfigMode::Dev, config);
    if (!overlaid) return 1;
    config = std::move(*overlaid);
    drop_left_over(config);
  }
  if (const std::string problem = listen_problem(config, arguments); !problem.empty()) return wrong_call(problem);

  api_gateway::Gateway::Options options{
      .redis = redis, .denylist = services.denylist(), .counters = services.counters(), .on_listening = {}};
  services.use_limits(api_gateway::limit_catalog(config));
  options.on_listening = [&](const std::vector<std::string>& urls) {
    std::fputs(dev_banner(config, scene, urls).c_str(), stdout);
    std::fflush(stdout);
  };
  api_gateway::Gateway gateway(config, logger, std::move(options));
  std::string error;
  const int code = gateway.run(error);
  return code == 0 ? 0 : cannot_start(error);
}

/// Makes the users, starts the services, and serves.
int run_with(const DevArguments& arguments, Config config, const DevHome& home, DevUsers& users,
             const std::optional<storage::RedisUrl>& redis, log::Logger& logger) {
  DevScene scene{.counters = redis ? "in Redis" : "in this process, gone when it stops (--redis URL shares them)",
                 .database = "in " + home.database.endpoint()};
  std::unique_ptr<EchoService> echo;
  if (arguments.upstreams.empty()) {
    echo = std::make_unique<EchoService>(logger);
    add_route(config, "/", "127.0.0.1", echo->port());
    scene.echo = true;
  }
  if (auto ready = users.set_up(logger); !ready) return cannot_start(ready.error());
  DevServices services(home, redis, logger, arguments.log_sql ? &logger : nullptr);
  if (auto ready = services.start(); !ready) return cannot_start(ready.error());
  if (const auto& payer = users.payer()) {
    if (auto made = make_demo_payments(home, payer->id, services.processor_url(), logger); !made) {
      return cannot_start(made.error());
    }
    scene.payer = payer->email;
  }
  return serve(arguments, std::move(config), std::move(scene), services, redis, logger);
}

}  // namespace

int run_dev(const DevArguments& arguments) {
  const auto listen = parse_listen(arguments.listen);
  if (!listen)
    return wrong_call("--listen " + arguments.listen + ": expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:0");
  Config config = built_in(arguments, *listen);
  if (const std::string problem = listen_problem(config, arguments); !problem.empty()) return wrong_call(problem);
  for (const std::string& upstream : arguments.upstreams) {
    if (const std::string problem = add_upstream(config, upstream); !problem.empty()) return wrong_call(problem);
  }
  std::optional<storage::RedisUrl> redis;
  if (arguments.redis && !(redis = usable_redis_url("--redis", *arguments.redis, false))) return 1;
  std::optional<storage::DatabaseUrl> database;
  if (arguments.database && !(database = usable_database_url("--database", *arguments.database, false))) return 1;
  const auto home = DevHome::open(arguments.data_folder, std::move(database));
  if (!home) return cannot_start(home.error());
  DevUsers users(*home, arguments.demo ? Demo::Yes : Demo::No);

  auto secrets = home->known_values();
  for (auto& password : users.known_values()) secrets.push_back(std::move(password));
  if (redis && !redis->password.empty()) secrets.push_back(redis->password);
  log::Logger logger(log_options(arguments), log::Redactor(std::move(secrets)));
  return run_with(arguments, std::move(config), *home, users, redis, logger);
}

}  // namespace sallyport::app
