# make install: headers and what find_package(expunge) reads.
