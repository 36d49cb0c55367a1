// Where a gateway is put together: what each event loop owns, and the order of the middleware.
#include "sallyport/runtime/task.hpp"
#include "worker.hpp"

namespace sallyport::api_gateway {
namespace {

constexpr std::size_t kUpstreamBufferBytes = 16384;
constexpr std::size_t kUpstreamBuffersKept = 256;
constexpr std::chrono::milliseconds kUpstreamTick{20};
constexpr std::size_t kTasksMax = 65536;
constexpr std::size_t kTokensRemembered = 8192;                        ///< by each event loop, about 1 KiB each
constexpr std::uint64_t kGatheredBytesMax = std::uint64_t{64} << 20U;  ///< by each event loop, of bodies to be checked

net::ServerLimits server_limits(const ConnectionLimits& c) {
  net::ServerLimits limits;
  limits.connections_max = c.connections_max;
  limits.connections_per_address_max = c.connections_per_address_max;
  limits.requests_per_connection_max = c.requests_per_connection_max;
  limits.head_timeout = c.head_timeout;
  limits.keep_alive_timeout = c.keep_alive_timeout;
  limits.body_idle_timeout = c.body_idle_timeout;
  limits.write_stall_timeout = c.write_stall_timeout;
  limits.body_rate_min = c.body_rate_min;
  limits.connection_age_max = c.connection_age_max;
  return limits;
}

storage::RedisOptions redis_options(const storage::RedisUrl& url) {
  storage::RedisOptions options;
  options.url = url;
  return options;
}

std::optional<tokens::CachedVerifier> make_verifier(const Shared& shared) {
  if (shared.key_origins.empty()) return std::nullopt;
  tokens::AccessTokenVerifier::Options options;
  options.issuer = shared.config.issuer;
  options.audience = shared.config.audience;
  return std::optional<tokens::CachedVerifier>(std::in_place, tokens::AccessTokenVerifier(options, nullptr),
                                               kTokensRemembered);
}

std::vector<std::unique_ptr<OutsideIssuer>> make_outside(const Shared& shared) {
  std::vector<std::unique_ptr<OutsideIssuer>> issuers;
  for (std::size_t i = 1; i < shared.key_origins.size(); ++i) {
    issuers.push_back(
        std::make_unique<OutsideIssuer>(shared.config.issuers[i - 1], [&shared, i] { shared.report_unknown_key(i); }));
  }
  return issuers;
}

}  // namespace

// Every request passes these steps from top to bottom, and every answer on the way back from the step that made it.
// What denies cheaply stands above what costs.
void Worker::compose() {
  chain_.add(request_context_);     // first, so that every answer, line of the log and problem document has its id
  chain_.add(security_headers_);    // above everything that can answer, so that no answer lacks them
  chain_.add(client_address_);      // the log, limits and internal access depend on who asks
  chain_.add(host_check_);          // a request for somebody else's host is none of ours
  chain_.add(route_match_);         // one canonical path, for every decision below and for the upstream
  chain_.add(internal_routes_);     // health and metrics leave here: they must work when a flood is limited
  chain_.add(cors_);                // preflights leave here: browsers ask them, users do not count for them
  chain_.add(rate_limit_);          // before anything that costs, and before 404, so that probing uses up a budget
  chain_.add(pages_);               // the contract is public, but a page is a request like any other
  chain_.add(authenticate_);        // after the address has paid: a flood must not buy signature checks
  chain_.add(rate_limit_by_user_);  // as soon as it is known who asks, and before the body is looked at
  chain_.add(route_rules_);     // unknown routes, methods and bodies end here; the proxy sees only what it may forward
  chain_.add(schema_check_);    // waits for whole bodies and reads them: only for who may call, where a route says so
  chain_.add(gateway_status_);  // the one route of our own that needs all of the above; the proxy serves the others

  // What the server itself refuses has no route and no client to count for, but an id and the security fields.
  refusal_chain_.add(request_context_);
  refusal_chain_.add(security_headers_);
}

Shared::Shared(const Config& settings, log::Logger& log, const Gateway::Options& options)
    : config(settings),
      logger(log),
      redis(options.redis),
      denylist(options.denylist),
      key_origins(api_gateway::key_origins(settings)),
      router(settings),
      cors(settings.cors),
      limit_settings{settings.redis_key_prefix, settings.ipv6_prefix, settings.instances},
      limiter_metrics(registry, settings.rate_limits),
      gateway_metrics(registry, settings, router.configs()),
      token_metrics(registry),
      schema_metrics(registry, router.configs()),
      counters(options.counters ? options.counters : std::make_shared<rate_limit::MemoryStore>(clock, seed)),
      connections(settings.limits.connections_max, settings.limits.connections_per_address_max, settings.ipv6_prefix),
      key_states(key_origins.size()) {
  for (const UpstreamConfig& upstream : settings.upstreams) {
    upstreams.push_back(std::make_unique<UpstreamShared>(upstream));
    registry.gauge(
        "gateway_upstream_in_flight", "Requests under way at an upstream.", {{"upstream", upstream.name}},
        [u = upstreams.back().get()] { return static_cast<double>(u->in_flight.load(std::memory_order_relaxed)); });
  }
  registry.gauge("gateway_connections", "Open client connections.", {},
                 [this] { return static_cast<double>(connections.open()); });
  registry.gauge("gateway_token_keys", "Keys that verify access tokens; 0 until the first set has been fetched.", {},
                 [this] { return key_states.empty() ? 0.0 : static_cast<double>(key_states[0].keys.load()); });
  for (std::size_t i = 1; i < key_states.size(); ++i) {
    registry.gauge("gateway_issuer_keys", "Keys of an outside issuer; 0 until the first set has been fetched.",
                   {{"issuer", settings.issuers[i - 1].name}},
                   [&state = key_states[i]] { return static_cast<double>(state.keys.load()); });
  }
  registry.counter_from("gateway_log_dropped_lines_total", "Log lines dropped because the sink was too slow.", {},
                        [this] { return static_cast<double>(logger.dropped_lines()); });
  registry.counter_from("ratelimit_memory_evictions_total",
                        "Counters given up before their time by the in-process store.", {},
                        [this] { return static_cast<double>(memory_store.evictions()); });
}

Worker::Worker(Shared& shared)
    : shared_(shared),
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      shard_(shared.registry.make_shard()),
      upstream_sweeper_(io_.get_executor(), shared.clock, kUpstreamTick),
      upstream_buffers_(kUpstreamBufferBytes, kUpstreamBuffersKept),
      gather_budget_(kGatheredBytesMax),
      redis_(),
      limiter_(
          [this]() -> rate_limit::RateLimitStore& {
            if (!shared_.redis) return shared_.memory_store;
            redis_.emplace(io_.get_executor(), redis_options(*shared_.redis), shared_.clock, random_, shared_.logger);
            return redis_store_.emplace(*redis_);
          }(),
          shared.memory_store, shared.clock, random_, shared.logger, shared.limiter_metrics, shard_, {}),
      tasks_(io_.get_executor(), kTasksMax,
             [&logger = shared.logger](const std::exception_ptr&) { logger.write(log::Level::Error, "task_failed"); }),
      sessions_({.local = shared.denylist.get(),
                 .redis = redis_ ? &*redis_ : nullptr,
                 .key_prefix = shared.config.redis_key_prefix,
                 .executor = io_.get_executor(),
                 .tasks = tasks_,
                 .clock = shared.clock,
                 .logger = shared.logger}),
      verifier_(make_verifier(shared)),
      outside_(make_outside(shared)),
      request_context_(shared.clock, random_),
      host_check_(shared.config),
      client_address_(shared.config, shard_, shared.gateway_metrics.untrusted_forwarding()),
      route_match_(shared.router),
      internal_routes_([this] { return readiness(); }, [&registry = shared.registry] { return registry.render(); }),
      cors_(shared.cors),
      authenticate_(
          verifier_ ? &*verifier_ : nullptr, sessions_, shared.token_metrics, shard_, shared.clock,
          [&shared] { shared.report_unknown_key(0); }, outside_),
      rate_limit_(LimitStep(limiter_, shared.limit_settings, shared.limiter_metrics, shared.clock), authenticate_),
      rate_limit_by_user_(LimitStep(limiter_, shared.limit_settings, shared.limiter_metrics, shared.clock)),
      schema_check_(gather_budget_, shared.schema_metrics, shard_),
      gateway_status_([this] { return shared_.take_census(io_.get_executor()); },
                      [this](const Census& census) { return status(census); }),
      pages_(shared.config.docs ? Docs::On : Docs::Off),
      proxy_(upstreams_, shared.clock, tasks_, io_.get_executor(), shared.cors.enabled()),
      application_(chain_, refusal_chain_, proxy_, limiter_, tasks_,
                   shared.config.access_log ? &access_log_.emplace(shared.logger) : nullptr, shared.gateway_metrics,
                   shard_),
      server_(io_.get_executor(), shared.clock, server_limits(shared.config.limits), shared.connections, application_,
              shared.logger),
      flush_timer_(io_.get_executor()),
      lifetime_(io_.get_executor(), 4 + shared.key_origins.size(),
                [&logger = shared.logger](const std::exception_ptr&) {
                  logger.write(log::Level::Critical, "worker_failed");
                }) {
  for (const auto& upstream : shared.upstreams) {
    upstreams_.push_back(
        std::make_unique<Upstream>(*upstream, io_.get_executor(), upstream_sweeper_, upstream_buffers_, random_));
  }
  compose();
}

Worker::~Worker() = default;

}  // namespace sallyport::api_gateway
