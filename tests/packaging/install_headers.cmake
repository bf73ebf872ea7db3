# cmake -D BUILD_DIR=... -D PREFIX=... -P install_headers.cmake: installs into an empty prefix.
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${PREFIX}"
  --component headers COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
