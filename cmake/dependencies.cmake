# Names that work with Debian 12's and Debian 13's packages alike.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Protobuf REQUIRED)  # module mode: Debian ships no protobuf-config.cmake
find_package(absl CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)  # 0.7 exports the plain name only
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
find_package(gRPC CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(civetweb CONFIG REQUIRED)
find_package(CURL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(nats REQUIRED IMPORTED_TARGET libnats)
pkg_check_modules(pqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(cairo REQUIRED IMPORTED_TARGET cairo)
if(SPILLWAY_TESTS)
  find_package(Catch2 CONFIG REQUIRED)  # no version: 2.13 on Debian 12, 3.7 on Debian 13
endif()
# Some packages' Threads::Threads asks for -pthread, which glibc needs no more and which spoils the precompiled headers.
set_property(TARGET Threads::Threads PROPERTY INTERFACE_COMPILE_OPTIONS)
