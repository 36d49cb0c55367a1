# Compiler, warnings, hardening, sanitizers, ccache: everything that is said to the compiler is said here.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "GCC ${CMAKE_CXX_COMPILER_VERSION} destroys temporaries inside co_await twice, so it miscompiles this program. "
    "Use clang 19 (script/build does) or GCC 13 and later.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Everything is -fPIE, libraries too: the precompiled header cannot be shared between -fPIC and -fPIE.
add_compile_options(-fPIE)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

option(SALLYPORT_TESTS "Build the tests" ON)
option(SALLYPORT_WERROR "Warnings are errors" ON)
option(SALLYPORT_FUZZ "Build the libFuzzer targets" OFF)
set(SALLYPORT_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them: address,undefined or thread")

find_program(SALLYPORT_CCACHE ccache)
if(SALLYPORT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime" "${SALLYPORT_CCACHE}")
endif()

add_library(sallyport_warnings INTERFACE)
target_compile_options(sallyport_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wnull-dereference $<$<BOOL:${SALLYPORT_WERROR}>:-Werror>)

add_library(sallyport_hardening INTERFACE)
target_compile_options(sallyport_hardening INTERFACE -fstack-protector-strong -fcf-protection -ftrivial-auto-var-init=pattern)
target_link_options(sallyport_hardening INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
if(NOT SALLYPORT_SANITIZE)
  target_compile_definitions(sallyport_hardening INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=3> _GLIBCXX_ASSERTIONS)
  target_link_options(sallyport_hardening INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
  # Lets ccache reuse objects that were built with a precompiled header.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()

if(SALLYPORT_SANITIZE)
  add_compile_options(-fsanitize=${SALLYPORT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SALLYPORT_SANITIZE})
  if(SALLYPORT_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(SALLYPORT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Asio is compiled once, in libs/runtime. Coroutine frames that it does not recycle come from plain operator new: the
# aligned_alloc that it would use was a tenth of all instructions of a request.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ERROR_CODE_HEADER_ONLY
  BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC BOOST_ASIO_DISABLE_BOOST_ALIGN)
