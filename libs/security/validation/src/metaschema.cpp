#include "metaschema.hpp"

#include <array>

// #embed would do, but ccache does not see that its file has changed; .incbin it knows not to cache.
#define SALLYPORT_EMBED(symbol, file)                                                                                \
  asm(".pushsection .rodata.metaschema, \"a\", @progbits\n"                                                          \
      ".hidden " #symbol "_begin\n.hidden " #symbol                                                                  \
      "_end\n"                                                                                                       \
      ".globl " #symbol "_begin\n.globl " #symbol "_end\n" #symbol "_begin:\n.incbin \"" SALLYPORT_METASCHEMA_FOLDER \
      "/" file "\"\n" #symbol "_end:\n.popsection\n");                                                               \
  extern "C" const char symbol##_begin[];                                                                            \
  extern "C" const char symbol##_end[]

SALLYPORT_EMBED(sallyport_metaschema, "schema.json");
SALLYPORT_EMBED(sallyport_metaschema_core, "core.json");
SALLYPORT_EMBED(sallyport_metaschema_applicator, "applicator.json");
SALLYPORT_EMBED(sallyport_metaschema_unevaluated, "unevaluated.json");
SALLYPORT_EMBED(sallyport_metaschema_validation, "validation.json");
SALLYPORT_EMBED(sallyport_metaschema_meta_data, "meta-data.json");
SALLYPORT_EMBED(sallyport_metaschema_format_annotation, "format-annotation.json");
SALLYPORT_EMBED(sallyport_metaschema_format_assertion, "format-assertion.json");
SALLYPORT_EMBED(sallyport_metaschema_content, "content.json");

namespace sallyport::validation {

std::span<const MetaschemaDocument> metaschemas() noexcept {
#define SALLYPORT_VOCABULARY(name, symbol)                \
  {                                                       \
    "https://json-schema.org/draft/2020-12/meta/" name, { \
      symbol##_begin, symbol##_end                        \
    }                                                     \
  }
  static const std::array kDocuments = std::to_array<MetaschemaDocument>({
      {kMetaschemaUri, {sallyport_metaschema_begin, sallyport_metaschema_end}},
      SALLYPORT_VOCABULARY("core", sallyport_metaschema_core),
      SALLYPORT_VOCABULARY("applicator", sallyport_metaschema_applicator),
      SALLYPORT_VOCABULARY("unevaluated", sallyport_metaschema_unevaluated),
      SALLYPORT_VOCABULARY("validation", sallyport_metaschema_validation),
      SALLYPORT_VOCABULARY("meta-data", sallyport_metaschema_meta_data),
      SALLYPORT_VOCABULARY("format-annotation", sallyport_metaschema_format_annotation),
      SALLYPORT_VOCABULARY("format-assertion", sallyport_metaschema_format_assertion),
      SALLYPORT_VOCABULARY("content", sallyport_metaschema_content),
  });
#undef SALLYPORT_VOCABULARY
  return kDocuments;
}

}  // namespace sallyport::validation
