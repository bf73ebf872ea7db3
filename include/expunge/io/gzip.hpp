// Decompressing gzip (RFC 1952) with zlib, which is optional: compiled where EXPUNGE_HAS_ZLIB is
// defined, as our CMake target does when it finds zlib. Without it, compressed files are refused.
//
// The output grows as it is produced and never beyond a limit, so a small file that claims to be a
// huge one costs no more than the limit. Concatenated members are read one after the other; zeros
// after a member are padding (of tapes and block devices), as for gzip itself. Anything else after
// the end is damage.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "expunge/core/check.hpp"

#if defined(EXPUNGE_HAS_ZLIB)
#include <zlib.h>
#endif

namespace expunge {

/// Whether these bytes begin as a gzip file does.
inline bool is_gzip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

#if defined(EXPUNGE_HAS_ZLIB)

namespace detail {

/// Owns zlib's state.
class GzipStream {
 public:
  GzipStream() { ready_ = inflateInit2(&state_, 15 + 16) == Z_OK; }  // 16: gzip only
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;
  ~GzipStream() {
    if (ready_) inflateEnd(&state_);
  }
  bool ready() const { return ready_; }
  z_stream& operator*() { return state_; }

 private:
  z_stream state_{};
  bool ready_ = false;
};

}  // namespace detail

/// The content of a gzip file of at most `most_bytes`. Throws io_error; `name` is for its message.
inline std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> bytes,
                                        const std::string& name, std::uint64_t most_bytes) {
  detail::GzipStream stream;
  if (!stream.ready()) throw io_error(name, "zlib cannot be started");
  std::vector<std::uint8_t> content, piece(65536);
  std::size_t read = 0;
  bool ended = false;
  while (true) {
    while (ended && read < bytes.size() && bytes[read] == 0) ++read;
    if (ended && read == bytes.size()) break;
    if (ended && !is_gzip(bytes.subspan(read)))
      throw io_error(name, read,
                     sentence("the compressed data end here, and ", bytes.size() - read,
                              " bytes follow that are no part of them: damaged, or two files in "
                              "one; get the file again"));
    if (ended) inflateReset(&*stream);  // the next member
    const std::size_t count = std::min<std::size_t>(bytes.size() - read, 1u << 30);
    (*stream).next_in = const_cast<Bytef*>(bytes.data() + read);
    (*stream).avail_in = static_cast<uInt>(count);
    (*stream).next_out = piece.data();
    (*stream).avail_out = static_cast<uInt>(piece.size());
    const int status = inflate(&*stream, Z_NO_FLUSH);
    read += count - (*stream).avail_in;
    const std::size_t produced = piece.size() - (*stream).avail_out;
    if (status == Z_BUF_ERROR || (count == 0 && status == Z_OK && produced == 0))
      throw io_error(name, read,
                     "the compressed data end too early; the file is cut off, copy it again");
    if (status != Z_OK && status != Z_STREAM_END)
      throw io_error(name, read, "the compressed data are damaged; copy the file again");
    if (produced > most_bytes - content.size())
      throw io_error(name, read,
                     sentence("the content is larger than the limit of ", most_bytes, " bytes"));
    content.insert(content.end(), piece.begin(),
                   piece.begin() + static_cast<std::ptrdiff_t>(produced));
    ended = status == Z_STREAM_END;
  }
  return content;
}

#else

inline std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t>, const std::string& name,
                                        std::uint64_t) {
  throw io_error(name,
                 "the file is gzip-compressed, and this program was built without zlib; unpack it "
                 "(gunzip) or build with zlib");
}

#endif

}  // namespace expunge
