# The library that draws the API reference. It is not in the repository: script/fetch-redoc brings it, once, into
# build/vendor, where all presets find it.
function(sallyport_fetch_redoc)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "FOLDER;VERSION" "")
  set(root "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../..")
  execute_process(COMMAND "${root}/script/fetch-redoc" OUTPUT_VARIABLE said OUTPUT_STRIP_TRAILING_WHITESPACE
                  RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "script/fetch-redoc failed; see above. It needs npm (script/bootstrap build) and its registry.")
  endif()
  string(REGEX MATCH "[0-9.]+$" version "${said}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${root}/script/fetch-redoc")
  set(${arg_FOLDER} "${said}" PARENT_SCOPE)
  set(${arg_VERSION} "${version}" PARENT_SCOPE)
endfunction()
