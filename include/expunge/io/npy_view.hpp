// A .npy array where it lies: a header over bytes that are mapped or in memory, read piece by piece
// with conversion, never copied whole.
//
//   const NpyView margins = NpyView::map("margins.npy");      // [models][points]
//   std::vector<float> row(1000);
//   margins.read(std::array<Index, 2>{7, 0}, 1000, row.data());  // model 7, points 0 .. 999
//
// Every type, byte order, version and both orders of axes that npy.hpp reads. A wrong header is
// refused by the constructor; nothing is allocated by a number that the file claims.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "expunge/io/mapped_file.hpp"
#include "expunge/io/npy.hpp"

namespace expunge {

class NpyView {
 public:
  /// Bytes that `owner` keeps alive; `name` is for error messages. Throws io_error.
  NpyView(std::span<const std::uint8_t> bytes, std::string name, std::shared_ptr<const void> owner)
      : owner_(std::move(owner)), name_(std::move(name)) {
    MemorySource source(bytes, name_);
    header_ = read_npy_header(source);
    data_ = bytes.data() + header_.data_offset;
    set_strides();
  }

  /// The file at `path`, mapped.
  static NpyView map(const std::filesystem::path& path) {
    const auto file = std::make_shared<const MappedFile>(path);
    return {file->bytes(), file->name(), file};
  }

  const std::string& name() const { return name_; }
  const NpyHeader& header() const { return header_; }
  Index axes() const { return static_cast<Index>(header_.shape.size()); }
  Index extent(Index axis) const { return header_.shape[static_cast<std::size_t>(axis)]; }
  Index elements() const { return header_.elements(); }

  /// `count` elements in C order, from position `first` [axes] on. Throws std::invalid_argument if
  /// they are not all there, io_error if one is a number that T cannot hold.
  template <class T>
  void read(std::span<const Index> first, Index count, T* to) const {
    require(static_cast<Index>(first.size()) == axes(), "NpyView::read: a position of ",
            first.size(), " axes in an array of ", axes());
    if (count == 0) return;
    Index from = 0;  // the number of the element in C order
    for (Index a = 0; a < axes(); ++a) {
      const Index i = first[static_cast<std::size_t>(a)];
      require(i >= 0 && i < extent(a), "NpyView::read: position ", i, " of axis ", a,
              ", which has ", extent(a));
      from = from * extent(a) + i;
    }
    require(count >= 0 && count <= elements() - from, "NpyView::read: ", count,
            " elements from number ", from, " of ", elements());
    if (in_c_order())
      convert(data_ + from * header_.item_bytes, count, from, to);
    else
      gather(from, count, to);
  }

  /// All elements in C order.
  template <class T>
  std::vector<T> read_all() const {
    static_assert(!std::is_same_v<T, bool>,
                  "NpyView::read_all: read flags as std::uint8_t, not as bool.");
    std::vector<T> values(static_cast<std::size_t>(elements()));
    const std::vector<Index> start(header_.shape.size());
    if (!values.empty()) read(start, elements(), values.data());
    return values;
  }

 private:
  bool in_c_order() const { return !header_.fortran_order || axes() < 2; }

  void set_strides() {
    strides_.resize(header_.shape.size());
    Index stride = 1;
    for (std::size_t a = 0; a < strides_.size(); ++a) {
      strides_[a] = stride;  // Fortran: the first axis runs fastest
      stride *= header_.shape[a];
    }
  }

  template <class T>
  void convert(const std::uint8_t* bytes, Index count, Index from, T* to) const {
    const std::size_t n = static_cast<std::size_t>(count);
    const std::size_t good = detail::convert_items(header_.item(), bytes, n, to);
    if (good == n) return;
    const Index k = static_cast<Index>(good);
    const Index at = in_c_order() ? (from + k) * header_.item_bytes : -1;  // else it was collected
    detail::refuse_element<T>(name_, header_, from + k,
                              at < 0 ? 0 : header_.data_offset + static_cast<std::uint64_t>(at),
                              bytes + k * header_.item_bytes);
  }

  /// Elements of a Fortran-order file, collected piece by piece. `from`: the first in C order.
  template <class T>
  void gather(Index from, Index count, T* to) const {
    constexpr Index piece = 512;
    std::vector<Index> at(header_.shape.size());
    for (std::size_t a = at.size(), rest = static_cast<std::size_t>(from); a-- > 0;) {
      at[a] = static_cast<Index>(rest) % header_.shape[a];
      rest /= static_cast<std::size_t>(header_.shape[a]);
    }
    const Index item = header_.item_bytes;
    std::array<std::uint8_t, static_cast<std::size_t>(8 * piece)> bytes;
    for (Index done = 0; done < count;) {
      const Index n = std::min(piece, count - done);
      for (Index i = 0; i < n; ++i) {
        std::copy_n(data_ + offset(at) * item, item, bytes.data() + i * item);
        advance(at);
      }
      convert(bytes.data(), n, from + done, to + done);
      done += n;
    }
  }

  Index offset(const std::vector<Index>& at) const {
    Index sum = 0;
    for (std::size_t a = 0; a < at.size(); ++a) sum += at[a] * strides_[a];
    return sum;
  }

  /// The next position in C order.
  void advance(std::vector<Index>& at) const {
    for (std::size_t a = at.size(); a-- > 0;) {
      if (++at[a] < header_.shape[a]) return;
      at[a] = 0;
    }
  }

  std::shared_ptr<const void> owner_;
  std::string name_;
  NpyHeader header_;
  const std::uint8_t* data_ = nullptr;
  std::vector<Index> strides_;  // in elements, of a Fortran-order file
};

}  // namespace expunge
