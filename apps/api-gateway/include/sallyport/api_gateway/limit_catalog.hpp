#pragma once

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/rate_limit/limit_catalog.hpp"

namespace sallyport::api_gateway {

/// Every counter that a gateway with this config keeps, for who explains limits and resets them. config: loaded without
/// errors.
rate_limit::LimitCatalog limit_catalog(const Config& config);

}  // namespace sallyport::api_gateway
