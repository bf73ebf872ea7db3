# cmake -D COMPILER=... -D OWN_COMPILER=... -D SOURCE=... -D FLAGS=a|b|c -D SENTENCE=... \
#   -P check.cmake
# The source must not compile, and the compiler's words must contain the sentence. A source that
# names EXPUNGE_CORRECT must compile when that macro is defined: only the mistake may be what fails.
string(REPLACE "-isystem|/usr/include|" "" flags "${FLAGS}|")  # the compiler's own: must keep its place
string(REPLACE "|" ";" flags "${flags}")
set(compile "${COMPILER}" -std=c++20 -fsyntax-only -fmessage-length=0 ${flags})
set(ENV{LC_ALL} C)

file(READ "${SOURCE}" text)
get_filename_component(compiler "${COMPILER}" REALPATH)
get_filename_component(own "${OWN_COMPILER}" REALPATH)
if(text MATCHES "EXPUNGE_CORRECT" AND compiler STREQUAL own)
  execute_process(COMMAND ${compile} -DEXPUNGE_CORRECT "${SOURCE}"
    RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must compile with EXPUNGE_CORRECT, but:\n${said}")
  endif()
endif()

execute_process(COMMAND ${compile} "${SOURCE}"
  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} must not compile, but did")
endif()
string(FIND "${said}" "${SENTENCE}" found)
if(found EQUAL -1)
  message(FATAL_ERROR "${COMPILER} did not say \"${SENTENCE}\", but:\n${said}")
endif()
