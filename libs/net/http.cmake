# The sans-I/O part of HTTP/1.1: sources and tests. Included by CMakeLists.txt beside this file.

set(NET_HTTP_SOURCES
  authority.cpp canonical_path.cpp chunk_decoder.cpp forwarding.cpp framing_fields.cpp message.cpp rejection.cpp
  request_head_parser.cpp request_target.cpp response_head_parser.cpp)
list(TRANSFORM NET_HTTP_SOURCES PREPEND "${CMAKE_CURRENT_LIST_DIR}/src/http/")

set(NET_HTTP_TESTS
  http_authority_test.cpp http_canonical_path_test.cpp http_chunk_decoder_test.cpp http_forwarding_test.cpp
  http_request_head_parser_test.cpp http_request_limits_test.cpp http_request_refusal_test.cpp http_response_head_parser_test.cpp)
list(TRANSFORM NET_HTTP_TESTS PREPEND "${CMAKE_CURRENT_LIST_DIR}/tests/")
sallyport_test(NAME net_http_test SOURCES ${NET_HTTP_TESTS} LINK sallyport::net)
