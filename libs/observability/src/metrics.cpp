#include "sallyport/observability/metrics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <deque>
#include <mutex>

#include "metrics_text.hpp"
#include "sallyport/core/assert.hpp"

namespace sallyport::metrics {

Shard::Shard(std::size_t slots, std::span<const Bounds> bounds)
    : slots_(slots), bounds_(bounds), lines_(std::make_unique<Line[]>((slots + 7) / 8)) {}

std::atomic<std::uint64_t>& Shard::at(std::size_t slot) noexcept {
  SALLYPORT_ASSERT(slot < slots_);
  return lines_[slot / 8].slots[slot % 8];
}

const std::atomic<std::uint64_t>& Shard::at(std::size_t slot) const noexcept {
  SALLYPORT_ASSERT(slot < slots_);
  return lines_[slot / 8].slots[slot % 8];
}

void Shard::add(CounterId id, std::uint64_t amount) noexcept {
  auto& slot = at(id.slot);
  slot.store(slot.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

void Shard::observe(HistogramId id, double value) noexcept {
  // One NaN would make the sum NaN for good.
  if (std::isnan(value)) return;
  SALLYPORT_ASSERT(id.bounds < bounds_.size());
  std::uint32_t bucket = 0;
  for (const double bound : bounds_[id.bounds]) bucket += value > bound ? 1U : 0U;
  add(CounterId{id.slot + 1 + bucket});
  auto& sum = at(id.slot);
  const double before = std::bit_cast<double>(sum.load(std::memory_order_relaxed));
  sum.store(std::bit_cast<std::uint64_t>(before + value), std::memory_order_relaxed);
}

class Registry::Impl final {
 public:
  enum class Kind : std::uint8_t { Counter, Gauge, Histogram };
  struct Series {
    Labels labels;
    std::uint32_t slot = 0;
    std::function<double()> read;  // empty: the value is in the shards
  };
  struct Family {
    std::string name;
    std::string help;
    Kind kind;
    std::uint32_t bounds;
    std::vector<Series> series;
  };

  /// The series, and whether it is new.
  std::pair<Series&, bool> add(std::string name, std::string help, Kind kind, const std::vector<double>& bounds,
                               Labels labels) {
    SALLYPORT_ASSERT(!frozen_);
    SALLYPORT_ASSERT(valid_metric_name(name));
    SALLYPORT_ASSERT(std::ranges::all_of(labels, [](const auto& label) { return valid_label_name(label.first); }));
    Family& family = family_of(std::move(name), std::move(help), kind, bounds);
    SALLYPORT_ASSERT(family.kind == kind && bounds_[family.bounds] == bounds);
    for (Series& series : family.series) {
      if (series.labels == labels) return {series, false};
    }
    return {family.series.emplace_back(Series{std::move(labels), 0, {}}), true};
  }

  std::uint32_t take_slots(std::size_t count) {
    const std::size_t first = slots_;
    slots_ += count;
    return static_cast<std::uint32_t>(first);
  }

  std::uint32_t bounds_of(std::string_view name) const {
    return std::ranges::find(families_, name, &Family::name)->bounds;
  }

  Shard& make_shard() {
    const std::lock_guard lock(mutex_);
    frozen_ = true;
    return *shards_.emplace_back(new Shard(slots_, bounds_));
  }

  std::vector<const Shard*> shards() const {
    const std::lock_guard lock(mutex_);
    std::vector<const Shard*> result;
    result.reserve(shards_.size());
    for (const auto& shard : shards_) result.push_back(shard.get());
    return result;
  }

  std::uint64_t total(std::uint32_t slot) const {
    const std::lock_guard lock(mutex_);
    return sum(shards_, slot);
  }

  // Without the lock: the families no longer change, and a reader may call total().
  std::string render() const {
    const std::vector<const Shard*> all = shards();
    std::string out;
    for (const Family& family : families_) {
      constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};
      append_head(out, family.name, family.help, kTypes[static_cast<std::size_t>(family.kind)]);
      for (const Series& series : family.series) {
        if (series.read) {
          append_sample(out, family.name, series.labels, series.read());
        } else if (family.kind == Kind::Counter) {
          append_sample(out, family.name, series.labels, sum(all, series.slot));
        } else {
          render_histogram(out, family, series, all);
        }
      }
    }
    return out;
  }

 private:
  Family& family_of(std::string name, std::string help, Kind kind, const std::vector<double>& bounds) {
    const auto found = std::ranges::find(families_, name, &Family::name);
    if (found != families_.end()) return *found;
    std::uint32_t index = 0;
    if (!bounds.empty()) {
      index = static_cast<std::uint32_t>(bounds_.size());
      bounds_.push_back(bounds);
    }
    return families_.emplace_back(Family{std::move(name), std::move(help), kind, index, {}});
  }

  template <class Shards>
  static std::uint64_t sum(const Shards& shards, std::uint32_t slot) {
    std::uint64_t total = 0;
    for (const auto& shard : shards) total += shard->at(slot).load(std::memory_order_relaxed);
    return total;
  }

  void render_histogram(std::string& out, const Family& family, const Series& series,
                        const std::vector<const Shard*>& all) const {
    const std::vector<double>& bounds = bounds_[family.bounds];
    std::vector<std::uint64_t> counts;
    for (std::uint32_t i = 0; i <= bounds.size(); ++i) counts.push_back(sum(all, series.slot + 1 + i));
    double total = 0;
    for (const Shard* shard : all) {
      total += std::bit_cast<double>(shard->at(series.slot).load(std::memory_order_relaxed));
    }
    append_histogram(out, family.name, series.labels, bounds, counts, total);
  }

  std::deque<Family> families_;
  std::vector<std::vector<double>> bounds_{{}};  // the first is of an id that nobody registered
  std::size_t slots_ = 2;                        // and so are these two slots

  mutable std::mutex mutex_;
  bool frozen_ = false;
  std::vector<std::unique_ptr<Shard>> shards_;
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

CounterId Registry::counter(std::string name, std::string help, Labels labels) {
  const auto [series, is_new] =
      impl_->add(std::move(name), std::move(help), Impl::Kind::Counter, {}, std::move(labels));
  if (is_new) series.slot = impl_->take_slots(1);
  SALLYPORT_ASSERT(!series.read);
  return CounterId{series.slot};
}

HistogramId Registry::histogram(std::string name, std::string help, std::vector<double> bounds, Labels labels) {
  SALLYPORT_ASSERT(std::ranges::adjacent_find(bounds, std::greater_equal<>()) == bounds.end());
  SALLYPORT_ASSERT(std::ranges::all_of(bounds, [](double bound) { return std::isfinite(bound); }));
  // A sum, one bucket for each bound, and one above them.
  const std::size_t slots = bounds.size() + 2;
  const auto [series, is_new] =
      impl_->add(name, std::move(help), Impl::Kind::Histogram, std::move(bounds), std::move(labels));
  if (is_new) series.slot = impl_->take_slots(slots);
  return HistogramId{series.slot, impl_->bounds_of(name)};
}

void Registry::gauge(std::string name, std::string help, Labels labels, std::function<double()> read) {
  const auto [series, is_new] = impl_->add(std::move(name), std::move(help), Impl::Kind::Gauge, {}, std::move(labels));
  SALLYPORT_ASSERT(is_new && read);
  series.read = std::move(read);
}

void Registry::counter_from(std::string name, std::string help, Labels labels, std::function<double()> read) {
  const auto [series, is_new] =
      impl_->add(std::move(name), std::move(help), Impl::Kind::Counter, {}, std::move(labels));
  SALLYPORT_ASSERT(is_new && read);
  series.read = std::move(read);
}

Shard& Registry::make_shard() {
  return impl_->make_shard();
}
std::uint64_t Registry::total(CounterId id) const noexcept {
  return impl_->total(id.slot);
}
std::string Registry::render() const {
  return impl_->render();
}

}  // namespace sallyport::metrics
