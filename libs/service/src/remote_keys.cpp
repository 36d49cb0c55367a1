#include "remote_keys.hpp"

namespace sallyport::service {
namespace {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::size_t kBufferBytes = 16384;

/// What the system's resolver has found; shared, since the resolver may come back after everybody has gone.
struct Lookup {
  explicit Lookup(runtime::Executor executor) : resolver(executor), done(executor) {}
  asio::ip::tcp::resolver resolver;
  runtime::Timer done;
  std::optional<Endpoints> found;
};

runtime::Task<Result<Endpoints>> resolve(runtime::Executor executor, const Clock* clock, std::string host,
                                         std::uint16_t port, Deadline deadline) {
  const auto lookup = std::make_shared<Lookup>(executor);
  lookup->done.expires_after(deadline.remaining(clock->now()));
  lookup->resolver.async_resolve(host, std::to_string(port), asio::ip::resolver_base::numeric_service,
                                 [lookup](const ErrorCodeSys& failed, const auto& results) {
                                   lookup->found.emplace();
                                   if (!failed) lookup->found->assign(results.begin(), results.end());
                                   lookup->done.cancel();
                                 });
  ErrorCodeSys ignored;
  co_await lookup->done.async_wait(runtime::into(ignored));
  if (lookup->found && !lookup->found->empty()) co_return *std::move(lookup->found);
  co_return fail(ErrorCode::BadGateway, "the name " + host + " has no address", ErrorOrigin::Upstream);
}

tokens::HttpJwksSource make_source(runtime::Executor executor, const Clock& clock, net::Sweeper& sweeper,
                                   net::BufferPool& buffers, tokens::JwksUrl url) {
  return tokens::HttpJwksSource(executor, sweeper, buffers, std::move(url),
                                [executor, &clock](std::string host, std::uint16_t port, Deadline deadline) {
                                  return resolve(executor, &clock, std::move(host), port, deadline);
                                });
}

}  // namespace

RemoteKeys::RemoteKeys(runtime::Executor executor, const Clock& clock, log::Logger& logger, tokens::JwksUrl url,
                       std::string issuer, tokens::RemoteJwks::Publish publish)
    : sweeper_(executor, clock, kTick),
      buffers_(kBufferBytes, 2),
      source_(make_source(executor, clock, sweeper_, buffers_, std::move(url))),
      jwks_(executor, clock, logger, source_, std::move(issuer), std::move(publish), {}) {}

}  // namespace sallyport::service
