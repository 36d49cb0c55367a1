#pragma once

#include <optional>

#include "program.hpp"

namespace sallyport::validation {

/// Works out Node::admits for every node. Returns a node that refers to itself without going deeper into the value, so
/// that it could never be applied to an end; nullopt when there is none.
std::optional<NodeIndex> analyse(Program& program);

}  // namespace sallyport::validation
