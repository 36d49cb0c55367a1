#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "media_type.hpp"
#include "parameter_rules.hpp"
#include "program.hpp"
#include "sallyport/validation/openapi.hpp"

namespace sallyport::validation {

/// One entry of a request body's `content`.
struct BodyRule {
  MediaType range;
  NodeIndex schema = kNoNode;  ///< kNoNode: anything
};

struct Operation::State {
  std::string id;
  std::string method;
  std::string path;
  std::vector<ParameterRule> rules;
  std::vector<ParameterInfo> infos;  ///< views into `rules`
  bool has_body = false;
  bool body_required = false;
  std::vector<BodyRule> bodies;
  std::shared_ptr<const Program> program;

  /// The rule that describes the type most closely, or nullptr.
  const BodyRule* body_for(const MediaType& type) const noexcept;
};

/// A part of a path template between slashes.
struct Segment {
  bool is_parameter = false;
  std::string text;  ///< the parameter's name, or the literal text, decoded
};

struct PathRule {
  std::string path;
  std::vector<Segment> segments;
  std::vector<std::size_t> operations;
};

struct OpenApi::State {
  std::string version;
  std::vector<std::string> base;  ///< segments that stand before every path
  std::vector<PathRule> paths;
  std::vector<Operation> operations;
};

}  // namespace sallyport::validation
