#include "status/census.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

namespace sallyport::api_gateway {

void Census::add(const std::vector<std::unique_ptr<Upstream>>& upstreams) {
  const std::scoped_lock lock(mutex_);
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    for (const auto& host : upstreams[i]->hosts()) {
      auto known = std::ranges::find(hosts_[i], host->label, &HostCount::address);
      if (known == hosts_[i].end()) known = hosts_[i].insert(known, HostCount{.address = host->label});
      known->connections += host->outstanding + host->pool->idle();
      known->idle += host->pool->idle();
    }
  }
  if (--missing_ != 0) return;
  asio::post(asker_, [self = shared_from_this()] {
    self->complete_ = true;
    if (self->waiting_ != nullptr) self->waiting_->cancel();
  });
}

runtime::Task<bool> Census::wait(std::chrono::milliseconds limit) {
  if (complete_) co_return true;
  // Not a member: the last to let go of the census may be another thread.
  runtime::Timer timer(asker_);
  timer.expires_after(limit);
  waiting_ = &timer;
  ErrorCodeSys ignored;
  co_await timer.async_wait(runtime::into(ignored));
  waiting_ = nullptr;
  co_return complete_;
}

}  // namespace sallyport::api_gateway
