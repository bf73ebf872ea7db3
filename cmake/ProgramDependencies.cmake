# What our programs need beyond the headers: CLI11 (options), nlohmann-json, libzip (.npz). The
# distribution's packages come first, FetchContent is the fallback. Included only where programs are built.
include(FetchContent)

find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp)
if(NOT CLI11_INCLUDE_DIR)
  FetchContent_Declare(cli11 GIT_REPOSITORY https://github.com/CLIUtils/CLI11.git GIT_TAG v2.1.2)
  FetchContent_Populate(cli11)
  set(CLI11_INCLUDE_DIR "${cli11_SOURCE_DIR}/include" CACHE PATH "" FORCE)
endif()

find_package(nlohmann_json 3.10 QUIET)
if(NOT nlohmann_json_FOUND)
  FetchContent_Declare(nlohmann_json
    GIT_REPOSITORY https://github.com/nlohmann/json.git GIT_TAG v3.11.2)
  FetchContent_MakeAvailable(nlohmann_json)
endif()

# Debian's libzip-config.cmake names programs of another package, so the library is looked up by hand.
find_path(LIBZIP_INCLUDE_DIR zip.h)
find_library(LIBZIP_LIBRARY zip)
if(NOT LIBZIP_INCLUDE_DIR OR NOT LIBZIP_LIBRARY)
  foreach(part BUILD_TOOLS BUILD_REGRESS BUILD_EXAMPLES BUILD_DOC BUILD_SHARED_LIBS ENABLE_BZIP2
      ENABLE_LZMA ENABLE_ZSTD ENABLE_OPENSSL ENABLE_GNUTLS ENABLE_COMMONCRYPTO ENABLE_MBEDTLS)
    set(${part} OFF)
  endforeach()
  FetchContent_Declare(libzip GIT_REPOSITORY https://github.com/nih-at/libzip.git GIT_TAG v1.10.1)
  FetchContent_MakeAvailable(libzip)
  set(LIBZIP_LIBRARY libzip::zip)
  set(LIBZIP_INCLUDE_DIR "")
endif()
