#include "admin_loop.hpp"

#include <array>
#include <chrono>

#include <fmt/format.h>

namespace sallyport::admin_service {

using net::http::Method;
using service::Access;
using service::handler;

std::span<const service::Route> AdminLoop::routes() noexcept {
  using L = AdminLoop;
  static constexpr std::array kRoutes{
      service::Route{Method::Get, "/admin/users", Access::Admin, handler<&L::users_, &Users::list>},
      service::Route{Method::Get, "/admin/users/{id}", Access::Admin, handler<&L::users_, &Users::show>},
      service::Route{Method::Patch, "/admin/users/{id}", Access::Admin, handler<&L::users_, &Users::change>},
      service::Route{Method::Post, "/admin/users/{id}/unlock", Access::Admin, handler<&L::users_, &Users::unlock>},
      service::Route{Method::Post, "/admin/users/{id}/revoke-sessions", Access::Admin,
                     handler<&L::users_, &Users::revoke_sessions>},
      service::Route{Method::Get, "/admin/audit-events", Access::Admin, handler<&L::audit_trail_, &AuditTrail::list>},
      service::Route{Method::Get, "/admin/rate-limits", Access::Admin, handler<&L::limits_, &Limits::show>},
      service::Route{Method::Delete, "/admin/rate-limits", Access::Admin, handler<&L::limits_, &Limits::reset>},
  };
  return kRoutes;
}

AdminLoop::AdminLoop(service::LoopContext& context, Shared& shared)
    : shared_(shared),
      lockout_(make_lockout_store(context), context.executor, shared.clock, context.random, shared.lockout_metrics,
               context.shard),
      guard_(lockout_),
      denylist_(context.denylist, shared.options.config.access_ttl + denylist::kMargin),
      watch_(shared.logger),
      service_({shared.repository, passwords_, guard_, devices_, denylist_, shared.mint, shared.signer, watch_,
                shared.clock, shared.random}),
      users_(service_, shared.repository, shared.contract, shared.cursors),
      audit_trail_(shared.repository, shared.contract, shared.cursors),
      limits_(shared.limits, make_counter_store(context), shared.repository, shared.contract) {}

/// Without a fallback: an unlock that reached only this process would be none.
lockout::LockoutStore& AdminLoop::make_lockout_store(service::LoopContext& context) {
  if (context.redis == nullptr) return *shared_.lockout_memory;
  return lockout_redis_.emplace(*context.redis, shared_.options.config.common.redis_key_prefix, shared_.clock,
                                context.random);
}

rate_limit::RateLimitStore& AdminLoop::make_counter_store(service::LoopContext& context) {
  if (context.redis == nullptr) return *shared_.counters;
  return counters_redis_.emplace(*context.redis);
}

runtime::Task<Result<void>> AdminLoop::prepare(Deadline) {
  if (!lockout_redis_) co_return Result<void>{};
  const auto unusable = [this](const std::string& why) {
    return fail(ErrorCode::ServiceUnavailable, fmt::format("redis at {}: {}", shared_.options.redis->endpoint(), why));
  };
  const auto loaded = co_await lockout_redis_->load();
  if (!loaded) co_return unusable(loaded.error().message);
  const auto limits = shared_.limits.get();
  if (!limits) co_return Result<void>{};
  const auto looked = co_await counters_redis_->load_look(limits->settings.key_prefix);
  if (!looked) co_return unusable(looked.error().message);
  co_return Result<void>{};
}

}  // namespace sallyport::admin_service
