#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sallyport/runtime/task.hpp"
#include "upstream/upstream.hpp"

namespace sallyport::api_gateway {

/// What all event loops together hold at one address of an upstream.
struct HostCount {
  std::string address;
  std::uint64_t connections = 0;  ///< open ones, and those that are being opened
  std::uint64_t idle = 0;         ///< those of them that rest
};

/// One question to all event loops for the numbers that each keeps for itself: they are asked when somebody wants to
/// know, so that counting costs a request nothing.
class Census final : public std::enable_shared_from_this<Census> {
 public:
  /// asker: the loop that wait() runs on. loops: how many will add what they have.
  Census(runtime::Executor asker, std::size_t upstreams, std::size_t loops)
      : asker_(std::move(asker)), missing_(loops), hosts_(upstreams) {}

  /// Called once by each loop, on its own thread. upstreams: in the order of the configuration.
  void add(const std::vector<std::unique_ptr<Upstream>>& upstreams);
  /// true: all have answered, and hosts() is final. Cancellation leaves nothing.
  runtime::Task<bool> wait(std::chrono::milliseconds limit);
  const std::vector<HostCount>& hosts(std::size_t upstream) const { return hosts_[upstream]; }

 private:
  runtime::Executor asker_;
  std::mutex mutex_;  ///< guards the next two until all have answered
  std::size_t missing_;
  std::vector<std::vector<HostCount>> hosts_;
  // On the asker's thread only:
  bool complete_ = false;
  runtime::Timer* waiting_ = nullptr;
};

}  // namespace sallyport::api_gateway
