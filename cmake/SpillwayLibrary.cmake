# spillway_library(folder DEPS other folders.. LIBS foreign targets..)
# makes the library spillway_<folder> from src/<folder>/*.cc and, where GoogleTest is installed, the
# test binary <folder>_test from src/<folder>/*_test.cc.
find_package(GTest QUIET)
if(GTest_FOUND)
  include(GoogleTest)
else()
  message(STATUS "GoogleTest is not installed: no unit tests are built")
endif()

function(spillway_library folder)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM ARG_DEPS PREPEND spillway_)

  add_library(spillway_${folder} STATIC ${sources})
  target_link_libraries(spillway_${folder}
    PUBLIC spillway_options ${ARG_DEPS} ${ARG_LIBS} ArrowCompute::arrow_compute_shared
           Arrow::arrow_shared fmt::fmt Threads::Threads)

  if(GTest_FOUND AND tests)
    add_executable(${folder}_test ${tests})
    target_link_libraries(${folder}_test PRIVATE spillway_${folder} GTest::gmock GTest::gtest_main)
    # ctest, not the build, asks a test binary for its tests: there the presets' sanitizer options
    # are set.
    gtest_discover_tests(${folder}_test TEST_PREFIX ${folder}. DISCOVERY_MODE PRE_TEST
                         DISCOVERY_TIMEOUT 60 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endif()
endfunction()
