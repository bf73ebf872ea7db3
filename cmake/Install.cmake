# make install: the headers and what find_package(expunge) reads. Everything is of the component "headers",
# so `cmake --install build --component headers` needs nothing to be built.
option(EXPUNGE_INSTALL "Make install rules" ${PROJECT_IS_TOP_LEVEL})
if(NOT EXPUNGE_INSTALL)
  return()
endif()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(expunge_package_dir ${CMAKE_INSTALL_DATADIR}/cmake/expunge)

install(DIRECTORY include/expunge DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT headers
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT headers)
install(TARGETS expunge EXPORT expungeTargets)
install(EXPORT expungeTargets NAMESPACE expunge:: DESTINATION ${expunge_package_dir}
  COMPONENT headers)

configure_package_config_file(cmake/expungeConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/expungeConfig.cmake INSTALL_DESTINATION ${expunge_package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/expungeConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  cmake/expungeCuda.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/expungeConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/expungeConfigVersion.cmake
  DESTINATION ${expunge_package_dir} COMPONENT headers)
