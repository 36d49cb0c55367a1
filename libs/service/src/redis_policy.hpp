#pragma once

#include "sallyport/observability/log.hpp"
#include "sallyport/storage/redis_client.hpp"

namespace sallyport::service {

/// Whether this Redis keeps what it is given until it expires. One that throws keys away when memory is short would
/// forget ended sessions and wrong passwords: ServiceUnavailable then. Where INFO is not allowed nobody can know:
/// logged.
runtime::Task<Result<void>> check_memory_policy(storage::RedisClient& client, log::Logger& logger);

}  // namespace sallyport::service
