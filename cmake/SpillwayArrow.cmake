# Arrow and Parquet C++: installed ones if CMake finds them, else the pinned pyarrow wheel that
# tools/setup.sh unpacked into the private folder SPILLWAY_ARROW_ROOT (docs/decisions/0002).
set(SPILLWAY_CACHE "$ENV{SPILLWAY_CACHE}")
if(NOT SPILLWAY_CACHE)
  set(SPILLWAY_CACHE "$ENV{HOME}/.cache/spillway")
endif()
set(SPILLWAY_ARROW_ROOT "${SPILLWAY_CACHE}/arrow-26.0.1/pyarrow" CACHE PATH
    "the pyarrow folder of the unpacked wheel")

find_package(Arrow 26 CONFIG QUIET)
find_package(Parquet 26 CONFIG QUIET)
find_package(ArrowCompute 26 CONFIG QUIET)
if(Arrow_FOUND AND Parquet_FOUND AND ArrowCompute_FOUND)
  message(STATUS "Arrow ${ARROW_VERSION} as installed")
  return()
endif()

function(spillway_wheel_library target file)
  if(NOT EXISTS "${SPILLWAY_ARROW_ROOT}/${file}")
    message(FATAL_ERROR "${SPILLWAY_ARROW_ROOT}/${file} is missing. Run tools/setup.sh, which puts "
                        "the pinned pyarrow wheel there, or install Arrow C++ 26.")
  endif()
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION "${SPILLWAY_ARROW_ROOT}/${file}"
    INTERFACE_INCLUDE_DIRECTORIES "${SPILLWAY_ARROW_ROOT}/include")
endfunction()

spillway_wheel_library(Arrow::arrow_shared libarrow.so.2600)
spillway_wheel_library(Parquet::parquet_shared libparquet.so.2600)
spillway_wheel_library(ArrowCompute::arrow_compute_shared libarrow_compute.so.2600)
target_link_libraries(Parquet::parquet_shared INTERFACE Arrow::arrow_shared)
target_link_libraries(ArrowCompute::arrow_compute_shared INTERFACE Arrow::arrow_shared)
set(CMAKE_BUILD_RPATH "${SPILLWAY_ARROW_ROOT}")
message(STATUS "Arrow from the wheel in ${SPILLWAY_ARROW_ROOT}")
