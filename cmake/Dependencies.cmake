# What the public headers need: Eigen, xtensor, Random123 (headers) and threads. zlib is optional: it
# opens gzip-compressed data files. The distribution's packages come first, FetchContent is the fallback.
include(FetchContent)
find_package(Threads REQUIRED)

find_package(Eigen3 3.4 NO_MODULE QUIET)
if(NOT Eigen3_FOUND)
  FetchContent_Declare(eigen GIT_REPOSITORY https://gitlab.com/libeigen/eigen.git GIT_TAG 3.4.0)
  FetchContent_MakeAvailable(eigen)
endif()

find_package(xtensor 0.24 QUIET)
if(NOT xtensor_FOUND)
  FetchContent_Declare(xtl GIT_REPOSITORY https://github.com/xtensor-stack/xtl.git GIT_TAG 0.7.5)
  FetchContent_Declare(xtensor GIT_REPOSITORY https://github.com/xtensor-stack/xtensor.git GIT_TAG 0.24.7)
  FetchContent_MakeAvailable(xtl xtensor)
endif()

find_path(RANDOM123_INCLUDE_DIR Random123/philox.h)
if(NOT RANDOM123_INCLUDE_DIR)
  FetchContent_Declare(random123
    GIT_REPOSITORY https://github.com/DEShawResearch/random123.git GIT_TAG v1.14.0)
  FetchContent_Populate(random123)
  set(RANDOM123_INCLUDE_DIR "${random123_SOURCE_DIR}/include" CACHE PATH "" FORCE)
endif()

find_package(ZLIB QUIET)
