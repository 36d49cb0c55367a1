#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "program.hpp"
#include "sallyport/validation/schema.hpp"

namespace sallyport::validation {

enum class Dialect : std::uint8_t { JsonSchema, OpenApi30, OpenApi31 };

/// The vocabularies of 2020-12 that are asserted.
struct Vocabularies {
  bool applicator = true;
  bool unevaluated = true;
  bool validation = true;
  bool format_assertion = false;
};

/// A schema resource (core, section 4.3.5): what stands under one URI.
struct Resource {
  std::string uri;
  const boost::json::value* root = nullptr;
  const boost::json::value* document = nullptr;
  Vocabularies vocabularies;
  std::map<std::string, const boost::json::value*, std::less<>> anchors;          ///< of both kinds
  std::map<std::string, const boost::json::value*, std::less<>> dynamic_anchors;  ///< by $dynamicAnchor
};

/// Finds schemas by their URIs and anchors. Values are looked at where they are, and outlive this.
class SchemaDocuments final {
 public:
  SchemaDocuments(Dialect dialect, std::span<const SchemaDocument> others);

  /// Takes a document in. With Dialect::JsonSchema it is a schema; otherwise it only holds some, see scan().
  ResourceIndex add(const boost::json::value& document, std::string_view uri);
  /// Notes what a schema in `resource` and the schemas in it are called. Idempotent.
  void scan(const boost::json::value& schema, ResourceIndex resource, std::size_t depth = 0);

  struct Target {
    const boost::json::value* schema = nullptr;
    ResourceIndex resource = 0;
    std::string dynamic_anchor;  ///< the fragment when it is the name of a $dynamicAnchor there, else empty
  };
  /// What `reference` leads to from `resource`; on failure the reason.
  std::expected<Target, std::string> find(std::string_view reference, ResourceIndex resource);

  ResourceIndex resource_of(const boost::json::value& schema) const { return resource_of_.at(&schema); }
  const Resource& resource(ResourceIndex index) const noexcept { return resources_[index]; }
  std::size_t resource_count() const noexcept { return resources_.size(); }

  /// The first thing that was wrong with what was scanned.
  struct Problem {
    const boost::json::value* where = nullptr;
    std::string why;
  };
  const std::optional<Problem>& problem() const noexcept { return problem_; }
  void forget_problem() { problem_.reset(); }

 private:
  void refuse(const boost::json::value& where, std::string why);
  ResourceIndex open_resource(const boost::json::value& schema, ResourceIndex outer);
  void read_dialect(const boost::json::value& schema, Resource& resource);
  void note_anchors(const boost::json::value& schema, Resource& resource);
  void scan_children(const boost::json::object& schema, ResourceIndex resource, std::size_t depth);
  const boost::json::value* document_by_uri(std::string_view uri);
  std::optional<ResourceIndex> resource_by_uri(const std::string& uri);

  Dialect dialect_;
  std::map<std::string, const boost::json::value*, std::less<>> others_;  ///< not taken in yet
  std::deque<boost::json::value> own_;                                    ///< metaschemas
  std::deque<Resource> resources_;
  std::map<std::string, ResourceIndex, std::less<>> by_uri_;
  std::unordered_map<const boost::json::value*, ResourceIndex> resource_of_;
  std::optional<Problem> problem_;
};

}  // namespace sallyport::validation
