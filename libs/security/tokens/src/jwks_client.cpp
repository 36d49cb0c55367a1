#include "sallyport/tokens/jwks_client.hpp"

#include <utility>

#include "sallyport/tokens/jwks.hpp"

namespace sallyport::tokens {

using runtime::Task;

RemoteJwks::RemoteJwks(runtime::Executor executor, const Clock& clock, log::Logger& logger, JwksSource& source,
                       std::string name, Publish publish, Options options)
    : clock_(clock),
      logger_(logger),
      source_(source),
      name_(std::move(name)),
      publish_(std::move(publish)),
      options_(options),
      schedule_(options.schedule, clock.now()),
      timer_(executor) {}

Task<> RemoteJwks::run() {
  while (!stopped_) {
    const SteadyTime now = clock_.now();
    if (schedule_.due() <= now) {
      co_await refresh();
      continue;
    }
    timer_.expires_after(schedule_.due() - now);
    ErrorCodeSys ec;
    co_await timer_.async_wait(runtime::into(ec));  // unknown_kid() and stop() cut it short
  }
}

void RemoteJwks::stop() noexcept {
  stopped_ = true;
  timer_.cancel();
  source_.abort();
}

void RemoteJwks::unknown_kid() noexcept {
  if (schedule_.unknown_kid(clock_.now())) timer_.cancel();
}

Task<> RemoteJwks::refresh() {
  ++fetches_;
  auto text = co_await source_.fetch(Deadline::after(clock_.now(), options_.fetch_limit));
  if (stopped_) co_return;
  Result<void> taken = text ? take(*text) : Result<void>(std::unexpected(std::move(text.error())));
  if (taken) {
    schedule_.succeeded(clock_.now());
    co_return;
  }
  ++failures_;
  schedule_.failed(clock_.now());
  logger_.write(log::Level::Warn, "jwks_failed",
                {{"issuer", std::string_view(name_)},
                 {"detail", std::string_view(taken.error().detail)},
                 {"loaded_before", ready()}});
}

Result<void> RemoteJwks::take(const std::string& text) {
  if (ready() && text == text_) return {};
  auto keys = parse_jwks(text);
  if (!keys) return std::unexpected(std::move(keys.error()));
  // An answer without keys would refuse every token; whoever sends it has more likely made a mistake.
  if ((*keys)->empty()) {
    return fail(ErrorCode::BadGateway, "the key set holds no key of a kind that is used here", ErrorOrigin::Upstream);
  }
  keys_ = std::move(*keys);
  text_ = text;
  logger_.write(log::Level::Info, "jwks_loaded",
                {{"issuer", std::string_view(name_)}, {"keys", static_cast<std::uint64_t>(keys_->size())}});
  publish_(keys_);
  return {};
}

}  // namespace sallyport::tokens
