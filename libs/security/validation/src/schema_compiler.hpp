#pragma once

#include <boost/json/value.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "keywords.hpp"
#include "program.hpp"
#include "schema_documents.hpp"

namespace sallyport::validation {

class SchemaDraft;

/// Turns schemas into a Program. Several roots may be compiled into one, so that they share what they refer to.
class SchemaCompiler final {
 public:
  SchemaCompiler(Dialect dialect, const SchemaOptions& options)
      : dialect_(dialect), options_(options), documents_(dialect, options.documents) {}

  /// The document that `$ref` starts from. It outlives the compiler.
  void add_document(const boost::json::value& document) { documents_.add(document, {}); }
  /// Makes the names in a schema known, which add_document() does only for a document that is a schema.
  void scan(const boost::json::value& schema) { documents_.scan(schema, 0); }

  /// The node of a schema in the document, with all that it refers to. After a problem it means nothing.
  NodeIndex compile(const boost::json::value& schema);

  struct Problem {
    const boost::json::value* where = nullptr;  ///< the schema
    std::string keyword;                        ///< in it, or empty
    std::string why;
  };
  const std::optional<Problem>& problem() const noexcept { return problem_; }
  /// Forgets the problem, so that the next one can be looked for. The program is of no use any more.
  std::optional<Problem> take_problem();

  /// Ends the compiler's use.
  std::shared_ptr<const Program> finish() { return std::make_shared<const Program>(std::move(program_)); }
  const Program& program() const noexcept { return program_; }

 private:
  friend class SchemaDraft;

  NodeIndex node_for(const boost::json::value& schema);
  void drain();
  void add_dynamic_anchors();
  void fill(NodeIndex index, const boost::json::value& schema);
  void read_keywords(SchemaDraft& draft, const boost::json::object& object);
  bool is_asserted(const Keyword& keyword, const Resource& resource) const noexcept;
  std::uint32_t dynamic_name(const std::string& name);
  void refuse(const boost::json::value& where, std::string_view keyword, std::string why);

  Dialect dialect_;
  SchemaOptions options_;
  SchemaDocuments documents_;
  Program program_;
  std::unordered_map<const boost::json::value*, NodeIndex> nodes_;
  std::deque<std::pair<NodeIndex, const boost::json::value*>> pending_;
  std::unordered_map<std::string, std::uint32_t> dynamic_names_;
  std::optional<Problem> problem_;
};

}  // namespace sallyport::validation
