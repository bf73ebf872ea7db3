#include "cli/fit_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "cli/fitting.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/io/npy.hpp"

namespace expunge::cli {

namespace fs = std::filesystem;

namespace {

/// The stored blocks of one kind, checked to be of this fit and whole.
std::vector<BlockFile> open_blocks(const FitPlan& plan, const FitStore& store, const char* what) {
  std::vector<BlockFile> blocks;
  for (const Targets& some : blocks_of({0, plan.targets})) {
    const std::string name = some.name(what);
    blocks.push_back(store.stages().open(name, plan.key));
    if (blocks.back().state == BlockState::missing)
      throw io_error(store.stages().path(name).string(),
                     "this block is gone; start the same command again, and it is made again");
    if (blocks.back().state != BlockState::whole) {
      const std::string path = store.stages().path(name).string();
      std::string problem = blocks.back().problem;
      if (problem.starts_with(path + ": ")) problem.erase(0, path.size() + 2);
      throw io_error(path, problem + "; start the same command again, and it is made again");
    }
  }
  return blocks;
}

/// Row `row` of all blocks, one after the other.
template <class T>
Array<T, 1> join_row(const std::vector<BlockFile>& blocks, Index targets, Index row) {
  Array<T, 1> all = make_array<T>(targets);
  T* to = all.data();
  for (const BlockFile& block : blocks) {
    const Index columns = block.array()->shape[1];
    block.file->read(*block.array(), row * columns, columns, to);
    to += columns;
  }
  return all;
}

/// Whether the file system has no locks (some network ones): then nobody holds one.
bool locks_are_unknown(int error) {
  return error == ENOSYS || error == ENOLCK || error == EOPNOTSUPP || error == EINVAL;
}

Array<float, 1> in_single(const Array<double, 1>& numbers) {
  Array<float, 1> single = make_array<float>(numbers.size());
  std::transform(numbers.begin(), numbers.end(), single.begin(),
                 [](double x) { return static_cast<float>(x); });
  return single;
}

}  // namespace

FitStore::FitStore(const fs::path& out) : folder_(out / "blocks"), stages_(folder_) {
  lock_ = ::open((folder_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  const auto reason = [] { return std::generic_category().message(errno); };
  if (lock_ < 0)
    throw io_error((folder_ / "lock").string(),
                   "cannot be opened: " + reason() + "; choose another --out, or make that possible");
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0 && !locks_are_unknown(errno)) {
    const bool held = errno == EWOULDBLOCK;
    const std::string why = held ? "another fit writes into this folder; wait for its end, or "
                                   "choose another --out"
                                 : "cannot be locked: " + reason() + "; choose another --out";
    ::close(lock_);
    throw io_error(folder_.string(), why);
  }
  remove_stale_partials(out);
}

FitStore::~FitStore() {
  ::close(lock_);
}

bool FitStore::holds(const std::string& name, const std::string& key) {
  const BlockFile block = stages_.open(name, key);
  if (block.state == BlockState::damaged) damaged_.push_back(block.problem);
  return block.state == BlockState::whole;
}

void FitStore::remove() {
  fs::remove_all(folder_);
}

void fit_blocks(const FitPlan& plan, const SubsetMasks& masks, const ModelOutputs& outputs,
                FitStore& store, const std::function<Progress(const std::string&)>& progress) {
#ifdef EXPUNGE_WITH_CUDA
  if (plan.device == support::Device::cuda)
    return fit_blocks_on_gpu(plan, masks, outputs, store, progress);
#endif
  const Cpu<float> cpu(plan.threads);
  Fitting(cpu, plan, masks, outputs, store).run(progress);
}

void join_blocks(const FitPlan& plan, Index examples, const FitStore& store, const fs::path& out) {
  const std::vector<BlockFile> effects = open_blocks(plan, store, "effects"),
                               figures = open_blocks(plan, store, "figures");
  AtomicFile file(out / "effects.npy");
  file.write(npy_header_bytes<float>({examples, plan.targets}));
  for (Index i = 0; i < examples; ++i) {
    const Array<float, 1> row = join_row<float>(effects, plan.targets, i);
    file.write(row.data(), row.size() * sizeof(float));
  }
  file.commit();
  const auto figure = [&](Figure row) {
    return join_row<double>(figures, plan.targets, static_cast<Index>(row));
  };
  write_npy(out / "intercept.npy", figure(Figure::intercept));
  write_npy(out / "non_zero.npy", in_single(figure(Figure::non_zero)));
  write_npy(out / "lds.npy", in_single(figure(Figure::lds)));
  if (plan.validated == 0) return;
  write_npy(out / "kkt_residual.npy", in_single(figure(Figure::kkt_residual)));
  const std::vector<BlockFile> penalties = open_blocks(plan, store, "penalties");
  write_npy(out / "lambda.npy", in_single(join_row<double>(penalties, plan.targets, 0)));
  write_npy(out / "validation_error.npy", join_row<double>(penalties, plan.targets, 1));
}

}  // namespace expunge::cli
