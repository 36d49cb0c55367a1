#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// The content type of Registry::render().
inline constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

/// Made by the registry. An id that nobody registered counts into a slot that is never shown.
struct CounterId {
  std::uint32_t slot = 0;
};
struct HistogramId {
  std::uint32_t slot = 0;
  std::uint32_t bounds = 0;  ///< index of its list of bounds
};

/// One thread's numbers. Only its thread writes (a plain load and store, no read-modify-write); any thread may read.
class Shard final {
 public:
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void add(CounterId id, std::uint64_t amount = 1) noexcept;
  /// In the unit that the series' name states, seconds for times. NaN is not counted.
  void observe(HistogramId id, double value) noexcept;

 private:
  friend class Registry;
  using Bounds = std::vector<double>;
  /// A cache line of slots, so that two threads' shards never share one.
  struct alignas(64) Line {
    std::atomic<std::uint64_t> slots[8];
  };
  Shard(std::size_t slots, std::span<const Bounds> bounds);
  std::atomic<std::uint64_t>& at(std::size_t slot) noexcept;
  const std::atomic<std::uint64_t>& at(std::size_t slot) const noexcept;

  const std::size_t slots_;
  const std::span<const Bounds> bounds_;
  const std::unique_ptr<Line[]> lines_;
};

/// All series of the process. Series are registered first, by the composition, with label values that come from the
/// configuration and never from a client; then one shard is made for each thread; then it is read.
/// make_shard, total and render may be called from any thread.
class Registry final {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Names and labels follow the rules of Prometheus, or the process stops. Series of one name form one family and are
  // of one kind. A counter or a histogram that is registered again is the same series; reading ones must be new.
  CounterId counter(std::string name, std::string help, Labels labels = {});
  /// bounds: upper bounds in rising order, without +Inf. Series of one name must have the same bounds.
  HistogramId histogram(std::string name, std::string help, std::vector<double> bounds, Labels labels = {});
  /// read is called for each scrape, from the scraping thread; it must be safe there.
  void gauge(std::string name, std::string help, Labels labels, std::function<double()> read);
  /// The same for a counter that somebody else keeps.
  void counter_from(std::string name, std::string help, Labels labels, std::function<double()> read);

  /// After this, registering asserts. The shard lives as long as the registry.
  Shard& make_shard();
  /// Sum over all shards.
  std::uint64_t total(CounterId id) const noexcept;
  /// Prometheus text exposition format 0.0.4. A histogram's count always equals its +Inf bucket.
  std::string render() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::metrics
