// What lies in a folder, in the order that a reader expects: id_2 before id_10.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace expunge::cli {

/// Whether text with runs of digits comes before another, the runs compared as numbers.
bool natural_less(const std::string& a, const std::string& b);

/// Names of all entries of a folder, in natural order, but for hidden ones: those that begin with a
/// dot, and __MACOSX. Throws io_error if it cannot be listed.
std::vector<std::string> names_in(const std::filesystem::path& folder);

/// Throws io_error unless an entry of a folder is a file or a folder, or a link to one, or gone: a
/// pipe or a socket would be waited for, and nobody named it.
void require_no_pipe(const std::filesystem::path& entry);

/// Those that end in .npy.
std::vector<std::string> npy_names_in(const std::filesystem::path& folder);

/// Paths of one file a model, of a folder (*.npy; if there is none, *.npz) or of a pattern with *,
/// ? or [, in natural order. Folders on the way that have such characters in their names are those
/// folders. Names that begin with _ are no models (_completed.npy), nor are hidden ones. Throws
/// io_error if there is none, or one of them is a pipe or a device.
std::vector<std::string> list_files(const std::string& folder_or_pattern);

/// The folder of these files: a folder's own name, a pattern without its last part.
std::filesystem::path folder_of(const std::string& folder_or_pattern);

/// Epochs of names such as id_3_epoch_23.npy, ascending, if a model is there at several of them;
/// else nothing. Such files of one model are no models of their own.
std::vector<std::string> epochs_of_a_model(const std::vector<std::string>& files);

/// What to say of files of several epochs of one model that a name stands for; "" if they are not.
std::string epochs_warning(const std::string& name, const std::vector<std::string>& files);

/// Whether the name stands for one file a model: a folder, or a pattern that is no file itself.
bool stands_for_files(const std::string& name);

}  // namespace expunge::cli
