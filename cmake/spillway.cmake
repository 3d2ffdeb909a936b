# What every target of ours has in common, and the functions that declare targets.

add_library(spillway_defaults INTERFACE)
target_include_directories(spillway_defaults INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
target_compile_features(spillway_defaults INTERFACE cxx_std_20)
# One result on every x86-64 machine: no fused multiply-add, no -march (docs/determinism.md).
target_compile_options(spillway_defaults INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers -ffp-contract=off)
if(SPILLWAY_SANITIZE)
  target_compile_options(spillway_defaults INTERFACE -fsanitize=${SPILLWAY_SANITIZE} -fno-sanitize-recover=all
                                                     -fno-omit-frame-pointer -g1)
  target_link_options(spillway_defaults INTERFACE -fsanitize=${SPILLWAY_SANITIZE})
endif()

# spillway_library(book SOURCES order_book.cc PUBLIC spillway::base PRIVATE absl::btree)
function(spillway_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(ARG_SOURCES)
    add_library(spillway_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(spillway_${name} PUBLIC spillway_defaults ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  else()
    add_library(spillway_${name} INTERFACE)
    target_link_libraries(spillway_${name} INTERFACE spillway_defaults ${ARG_PUBLIC})
  endif()
  add_library(spillway::${name} ALIAS spillway_${name})
endfunction()

# spillway_program(spillway SOURCES main.cc LINK spillway::log)
function(spillway_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE spillway_defaults ${ARG_LINK})
endfunction()

# One Catch2 program per folder of tests, run by ctest under its folder's name.
# spillway_test(book SOURCES order_book_test.cc LINK spillway::book)
function(spillway_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  set(target ${name}_test)
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE spillway_defaults spillway_test_main ${ARG_LINK})
  target_precompile_headers(${target} REUSE_FROM spillway_test_pch)
  add_test(NAME ${name} COMMAND ${target} --durations yes)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "SPILLWAY_SOURCE=${CMAKE_SOURCE_DIR};SPILLWAY_BIN=${CMAKE_BINARY_DIR}/bin")
endfunction()
