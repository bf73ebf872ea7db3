// CIFAR-10 and CIFAR-100 in their binary version: records of labels and an image.
//
//   CIFAR-10    1 byte   label 0 .. 9
//   CIFAR-100   2 bytes  coarse label 0 .. 19, fine label 0 .. 99
//   then        3072 bytes, the image [3][32][32]: red, green and blue rows
//
// https://www.cs.toronto.edu/~kriz/cifar.html (Krizhevsky 2009). A file has no header: its size
// must be a multiple of the record, and every label in range.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "expunge/data/image_dataset.hpp"
#include "expunge/io/file_kind.hpp"
#include "expunge/io/mapped_file.hpp"

namespace expunge {

/// Images as bytes, channel first.
struct CifarImages {
  static constexpr Index image_bytes = 3 * 32 * 32;

  std::vector<std::uint8_t> pixels;  // [n][3][32][32]
  std::vector<Label> labels;         // [n]   of CIFAR-100 the fine ones
  std::vector<Label> coarse_labels;  // [n]   of CIFAR-100, else empty

  Index size() const { return static_cast<Index>(labels.size()); }
};

/// A mean and a standard deviation for each channel, of pixels scaled to [0, 1].
struct ChannelStandardisation {
  std::array<double, 3> mean;
  std::array<double, 3> sd;
};

/// What EasyDUB and most code for CIFAR-10 use. The deviations are means over images of each
/// image's own; those of all pixels are .2470, .2435, .2616.
inline constexpr ChannelStandardisation cifar10_channels{{.4914, .4822, .4465},
                                                         {.2023, .1994, .2010}};
/// Of all pixels of CIFAR-100's training set.
inline constexpr ChannelStandardisation cifar100_channels{{.5071, .4865, .4409},
                                                          {.2673, .2564, .2762}};

namespace detail {

inline Label cifar_label(std::span<const std::uint8_t> bytes, std::size_t at, std::size_t record,
                         int classes, const std::string& name) {
  if (bytes[at] >= classes)
    throw io_error(name, at,
                   sentence("record ", at / record, " has label ", static_cast<int>(bytes[at]),
                            ", a label of 0 .. ", classes - 1,
                            " was expected; is it a file of the binary version, and whole? load "
                            "it again"));
  return bytes[at];
}

/// Appends the records of one file, `label_bytes` 1 or 2. Nothing is appended if it throws.
inline void append_cifar(std::span<const std::uint8_t> bytes, const std::string& name,
                         std::size_t label_bytes, CifarImages& images) {
  const std::size_t record = label_bytes + static_cast<std::size_t>(CifarImages::image_bytes);
  if (bytes.empty() || bytes.size() % record != 0) {
    const bool ten = label_bytes == 1;
    const std::size_t other = ten ? record + 1 : record - 1;
    const std::string instead = !bytes.empty() && bytes.size() % other == 0
                                    ? sentence("which read_cifar", ten ? 100 : 10, " may read")
                                    : file_kind(bytes);
    throw io_error(
        name,
        sentence("not a CIFAR-", ten ? 10 : 100, " file of the binary version: records of ", record,
                 " bytes were expected, the file has ", bytes.size(), " bytes, ", instead));
  }
  const auto each = [&](std::size_t offset, int classes, std::vector<Label>& labels) {
    for (std::size_t at = offset; at < bytes.size(); at += record)
      labels.push_back(cifar_label(bytes, at, record, classes, name));
  };
  std::vector<Label> coarse, fine;
  if (label_bytes == 2) each(0, 20, coarse);
  each(label_bytes - 1, label_bytes == 1 ? 10 : 100, fine);
  for (std::size_t at = 0; at < bytes.size(); at += record) {
    const std::span<const std::uint8_t> image = bytes.subspan(at, record).subspan(label_bytes);
    images.pixels.insert(images.pixels.end(), image.begin(), image.end());
  }
  images.labels.insert(images.labels.end(), fine.begin(), fine.end());
  images.coarse_labels.insert(images.coarse_labels.end(), coarse.begin(), coarse.end());
}

inline CifarImages read_cifar(const std::vector<std::filesystem::path>& paths,
                              std::size_t label_bytes) {
  CifarImages images;
  for (const std::filesystem::path& path : paths) {
    const MappedFile file(path);
    append_cifar(file.bytes(), file.name(), label_bytes, images);
  }
  return images;
}

}  // namespace detail

/// The images of one or several files, in that order. Throws io_error.
inline CifarImages read_cifar10(const std::vector<std::filesystem::path>& paths) {
  return detail::read_cifar(paths, 1);
}
inline CifarImages read_cifar100(const std::vector<std::filesystem::path>& paths) {
  return detail::read_cifar(paths, 2);
}

/// The same from memory; `name` is for error messages.
inline CifarImages read_cifar10(std::span<const std::uint8_t> bytes, const std::string& name) {
  CifarImages images;
  detail::append_cifar(bytes, name, 1, images);
  return images;
}
inline CifarImages read_cifar100(std::span<const std::uint8_t> bytes, const std::string& name) {
  CifarImages images;
  detail::append_cifar(bytes, name, 2, images);
  return images;
}

/// (pixel / 255 - mean) / sd in float, channel by channel: to the bit what PyTorch gives for the
/// same operations. [n][3072] bytes, channel first, and a table of these values.
inline ImageDataset standardised_images(const CifarImages& images,
                                        const ChannelStandardisation& by) {
  require(images.pixels.size() == images.labels.size() * CifarImages::image_bytes,
          "standardised_images: ", images.pixels.size(), " bytes of pixels for ",
          images.labels.size(), " labels");
  for (const double sd : by.sd) require(sd > 0, "standardised_images: a channel's sd is ", sd);
  ImageDataset data{make_array<std::uint8_t>(images.size(), CifarImages::image_bytes),
                    make_array<float>(3, 256), images.labels};
  std::copy(images.pixels.begin(), images.pixels.end(), data.pixels.begin());
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const float scaled = static_cast<float>(byte) / 255.0f;
      data.values(c, byte) =
          (scaled - static_cast<float>(by.mean[c])) / static_cast<float>(by.sd[c]);
    }
  return data;
}

/// The same as floats.
inline Dataset standardised(const CifarImages& images, const ChannelStandardisation& by) {
  return as_floats(standardised_images(images, by));
}

}  // namespace expunge
