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

/// A stored block, checked to be of this fit and whole.
BlockFile open_whole(const FitPlan& plan, const FitStore& store, const std::string& name) {
  BlockFile block = store.stages().open(name, plan.key);
  const std::string path = store.stages().path(name).string();
  if (block.state == BlockState::missing)
    throw io_error(path, "this block is gone; start the same command again, and it is made again");
  if (block.state != BlockState::whole) {
    std::string problem = block.problem;
    if (problem.starts_with(path + ": ")) problem.erase(0, path.size() + 2);
    throw io_error(path, problem + "; start the same command again, and it is made again");
  }
  return block;
}

/// Rows [first, first + count) of the blocks of one kind, side by side: [count][targets]. One block
/// is open at a time: thousands of them mapped at once meet the system's limits. The lock keeps
/// others from the blocks, so those whose bytes were checked once are not checked again.
template <class T>
Array<T, 2> join_rows(const FitPlan& plan, const FitStore& store, const char* what, Index first,
                      Index count, bool checked = false) {
  Array<T, 2> rows = make_array<T>(count, plan.targets);
  std::vector<T> part;
  for (const Targets& some : blocks_of({0, plan.targets})) {
    const std::string name = some.name(what);
    BlockFile block;
    if (checked)
      block.file = Safetensors::map(store.stages().path(name));
    else
      block = open_whole(plan, store, name);
    if (block.array() == nullptr)
      throw io_error(store.stages().path(name).string(),
                     "somebody changed this block meanwhile; start the same command again");
    part.resize(static_cast<std::size_t>(count * some.count));
    block.file->read(*block.array(), first * some.count, count * some.count, part.data());
    for (Index i = 0; i < count; ++i)
      std::copy_n(part.data() + i * some.count, some.count,
                  rows.data() + i * plan.targets + some.first);
  }
  return rows;
}

/// Row `row` of the blocks of one kind.
Array<double, 1> join_row(const FitPlan& plan, const FitStore& store, const char* what, Index row) {
  const Array<double, 2> rows = join_rows<double>(plan, store, what, row, 1);
  Array<double, 1> all = make_array<double>(plan.targets);
  std::copy(rows.begin(), rows.end(), all.begin());
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
    throw io_error(
        (folder_ / "lock").string(),
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
  constexpr Index most = Index{1} << 25;  // effects in memory at a time: 128 MiB
  const Index height = std::clamp<Index>(most / std::max<Index>(plan.targets, 1), 1, examples);
  AtomicFile file(out / "effects.npy");
  file.write(npy_header_bytes<float>({examples, plan.targets}));
  for (Index first = 0; first < examples; first += height) {
    const Array<float, 2> rows = join_rows<float>(plan, store, "effects", first,
                                                  std::min(height, examples - first), first > 0);
    file.write(rows.data(), rows.size() * sizeof(float));
  }
  file.commit();
  const auto figure = [&](Figure row) {
    return join_row(plan, store, "figures", static_cast<Index>(row));
  };
  write_npy(out / "intercept.npy", figure(Figure::intercept));
  write_npy(out / "non_zero.npy", in_single(figure(Figure::non_zero)));
  write_npy(out / "lds.npy", in_single(figure(Figure::lds)));
  if (plan.validated == 0) return;
  write_npy(out / "kkt_residual.npy", in_single(figure(Figure::kkt_residual)));
  write_npy(out / "lambda.npy", in_single(join_row(plan, store, "penalties", 0)));
  write_npy(out / "validation_error.npy", join_row(plan, store, "penalties", 1));
}

}  // namespace expunge::cli
