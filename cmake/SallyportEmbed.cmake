# sallyport_embed_files(OUT file.cpp HEADER header.hpp NAMESPACE space ARRAY kName FILES name=path ...)
# Writes a source file that has the bytes of files in it: `const EmbeddedFile kName[]` of a name and a view each. The files
# are taken in by the assembler (.incbin), and named in OBJECT_DEPENDS so that a change rebuilds.
function(sallyport_embed_files)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT;HEADER;NAMESPACE;ARRAY" "FILES")
  set(text "// Generated. Do not edit.\n#include \"${arg_HEADER}\"\n\n")
  set(entries)
  set(all_files)
  foreach(pair IN LISTS arg_FILES)
    string(FIND "${pair}" "=" equals)
    string(SUBSTRING "${pair}" 0 ${equals} name)
    math(EXPR behind "${equals} + 1")
    string(SUBSTRING "${pair}" ${behind} -1 file)
    string(MAKE_C_IDENTIFIER "sallyport_${arg_ARRAY}_${name}" symbol)
    string(APPEND text
      "__asm__(\".pushsection .rodata\\n.globl ${symbol}, ${symbol}_end\\n${symbol}:\\n.incbin \\\"${file}\\\"\\n\"\n"
      "        \"${symbol}_end:\\n.byte 0\\n.popsection\\n\");\n"
      "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    string(APPEND entries "    {\"${name}\", {${symbol}, ${symbol}_end}},\n")
    list(APPEND all_files "${file}")
  endforeach()
  string(APPEND text
    "\nnamespace ${arg_NAMESPACE} {\n\nstatic const EmbeddedFile kFiles[] = {\n${entries}};\n\n"
    "std::span<const EmbeddedFile> ${arg_ARRAY}() noexcept {\n  return kFiles;\n}\n\n}  // namespace ${arg_NAMESPACE}\n")
  file(CONFIGURE OUTPUT "${arg_OUT}" CONTENT "${text}" @ONLY)
  set_source_files_properties("${arg_OUT}" PROPERTIES OBJECT_DEPENDS "${all_files}")
endfunction()
