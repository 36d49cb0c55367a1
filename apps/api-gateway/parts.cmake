# Configuration, routing and the middleware that is made of pure functions. Included by this folder's CMakeLists.txt,
# which builds GATEWAY_PART_SOURCES into the gateway's library and then calls gateway_part_tests(<that library>).

set(GATEWAY_PART_DIR "${CMAKE_CURRENT_LIST_DIR}")

set(GATEWAY_PART_SOURCES
  src/config/config.cpp
  src/config/key_table.cpp
  src/config/problems.cpp
  src/config/reference.cpp
  src/config/scalars.cpp
  src/config/schema.cpp
  src/config/schema_policies.cpp
  src/config/schema_routes.cpp
  src/config/validate.cpp
  src/config/yaml_tree.cpp
  src/file_limit.cpp
  src/middleware/client_address.cpp
  src/middleware/cors.cpp
  src/routing/router.cpp)

# SALLYPORT_UPDATE_GOLDEN=1 in the environment makes gateway_config_test write the generated files anew.
function(gateway_part_tests library)
  set(tests "${GATEWAY_PART_DIR}/tests")
  sallyport_test(NAME gateway_config_test
    SOURCES "${tests}/config_test.cpp" "${tests}/config_policies_test.cpp" "${tests}/config_routes_test.cpp"
      "${tests}/config_files_test.cpp" "${tests}/file_limit_test.cpp" "${tests}/yaml_tree_test.cpp"
    LINK ${library})
  sallyport_test(NAME gateway_routing_test
    SOURCES "${tests}/router_test.cpp" "${tests}/client_address_test.cpp" "${tests}/cors_test.cpp"
    LINK ${library})
  if(TARGET gateway_config_test)
    cmake_path(SET root NORMALIZE "${GATEWAY_PART_DIR}/../..")
    target_compile_definitions(gateway_config_test PRIVATE "SALLYPORT_SOURCE_DIR=\"${root}\"")
  endif()
endfunction()
