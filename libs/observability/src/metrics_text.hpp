#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/observability/metrics.hpp"

// The Prometheus text exposition format, version 0.0.4.
namespace sallyport::metrics {

void append_head(std::string& out, std::string_view name, std::string_view help, std::string_view type);
/// "name{label="value"} 1"
void append_sample(std::string& out, std::string_view name, const Labels& labels, double value);
void append_sample(std::string& out, std::string_view name, const Labels& labels, std::uint64_t value);
/// counts: how many values fell in each bucket, the one above the last bound included.
void append_histogram(std::string& out, std::string_view name, const Labels& labels, std::span<const double> bounds,
                      std::span<const std::uint64_t> counts, double sum);

bool valid_metric_name(std::string_view name) noexcept;
bool valid_label_name(std::string_view name) noexcept;

}  // namespace sallyport::metrics
