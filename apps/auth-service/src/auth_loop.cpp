#include "auth_loop.hpp"

#include <array>

#include <fmt/format.h>

namespace sallyport::auth_service {

using net::http::Method;
using runtime::Task;
using service::Access;
using service::handler;

std::span<const service::Route> AuthLoop::routes() noexcept {
  using L = AuthLoop;
  static constexpr std::array kRoutes{
      service::Route{Method::Post, "/auth/register", Access::Anyone, handler<&L::sign_in_, &SignIn::register_user>},
      service::Route{Method::Post, "/auth/login", Access::Anyone, handler<&L::sign_in_, &SignIn::login>},
      service::Route{Method::Post, "/auth/refresh", Access::Anyone, handler<&L::sign_in_, &SignIn::refresh>},
      service::Route{Method::Post, "/auth/logout", Access::Anyone, handler<&L::sign_in_, &SignIn::logout>},
      service::Route{Method::Post, "/auth/logout-all", Access::Bearer,
                     handler<&L::own_account_, &OwnAccount::logout_all>},
      service::Route{Method::Get, "/auth/me", Access::Bearer, handler<&L::own_account_, &OwnAccount::me>},
      service::Route{Method::Get, "/auth/sessions", Access::Bearer, handler<&L::own_account_, &OwnAccount::sessions>},
      service::Route{Method::Delete, "/auth/sessions/{id}", Access::Bearer,
                     handler<&L::own_account_, &OwnAccount::delete_session>},
      service::Route{Method::Post, "/auth/password", Access::Bearer,
                     handler<&L::own_account_, &OwnAccount::change_password>},
  };
  return kRoutes;
}

AuthLoop::AuthLoop(service::LoopContext& context, Shared& shared)
    : context_(context),
      shared_(shared),
      lockout_(make_lockout_store(), context.executor, shared.clock, context.random, shared.lockout_metrics,
               context.shard),
      passwords_(shared.hasher, shared.policy),
      guard_(lockout_, shared.options.secrets.lookup_pepper),
      devices_(shared.device_cookies, shared.clock, shared.random),
      denylist_(context.denylist, shared.options.config.access_ttl + denylist::kMargin),
      watch_(shared.logger, shared.metrics, context.shard,
             [this] {
               if (jobs_) jobs_->republish_soon();
             }),
      service_({shared.repository, passwords_, guard_, devices_, denylist_, shared.mint, shared.signer, watch_,
                shared.clock, shared.random}),
      sign_in_(service_, shared.contract, shared.options.config.origins, shared.clock),
      own_account_(service_, shared.contract) {
  if (context.index == 0) {
    jobs_.emplace(service_, shared.repository, context.executor, shared.clock, shared.logger, shared.metrics,
                  context.shard);
  }
}

lockout::LockoutStore& AuthLoop::make_lockout_store() {
  if (context_.redis == nullptr) return *shared_.lockout_memory;
  lockout_redis_.emplace(*context_.redis, shared_.options.config.common.redis_key_prefix, shared_.clock,
                         context_.random);
  return lockout_fallback_.emplace(*lockout_redis_, *shared_.lockout_memory, shared_.clock, context_.random,
                                   shared_.logger, shared_.lockout_metrics, context_.shard);
}

Task<Result<void>> AuthLoop::prepare(Deadline) {
  if (lockout_redis_) {
    const auto loaded = co_await lockout_redis_->load();
    if (!loaded) {
      co_return fail(ErrorCode::ServiceUnavailable,
                     fmt::format("redis at {}: {}", shared_.options.redis->endpoint(), loaded.error().message));
    }
  }
  // Before the first request: a restart must not revive the tokens of ended sessions.
  if (jobs_) co_return co_await jobs_->republish();
  co_return Result<void>{};
}

void AuthLoop::start() {
  if (jobs_) jobs_->start();
}

Task<> AuthLoop::stop() {
  if (jobs_) co_await jobs_->stop();
}

}  // namespace sallyport::auth_service
