#pragma once

#include "sallyport/core/assert.hpp"

/// A property that no input may break; the fuzzer keeps the input that does.
#define FUZZ_CHECK(expression) SALLYPORT_ASSERT(expression)
