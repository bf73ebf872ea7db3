// Coordinate descent for many targets of a LASSO (or elastic net) side by side: what
// coordinate_descent.hpp does for one target on one core, for a device that is quick only where
// thousands of threads do the same thing.
//
//   minimise 1/2 w'Gw - c'w + l1 ||w||_1 + l2/2 ||w||^2     for each target, at its own l1 and l2
//
//   gradient  r = c - G w  [targets][examples]
//   members   A            [a][targets]           the working set, in order of admission
//   weights   w_A, and the gradient there, q = r_A     [a][targets]
//   block     G_AA         [a (a + 1) / 2 + b][targets], b <= a
//
// One thread sweeps one target; what belongs to a working set has the target last, so that
// neighbouring threads read neighbours. A round is: sweeps over each working set until its
// conditions hold; r anew from w, one thread for each coordinate; the largest violation; admission
// of all coordinates that violate. Nothing is ever dropped unchecked, so the answer is exact to the
// tolerance, as that of CoordinateDescent, and equals it to rounding and that tolerance. Targets
// whose working set outgrows `most_members` are left to the caller: of the set, that is, which
// never shrinks and holds what was proposed too.
//
// Memory for a target: 9 bytes for each example in float, and of the block 2 k^2 bytes for the
// largest working set k, which starts at 64 and doubles. The host learns of each round by four
// integers for each target.
#pragma once

#include <algorithm>
#include <vector>

#include "expunge/attribution/lockstep_functors.hpp"
#include "expunge/backend/cpu.hpp"

namespace expunge {

/// Settings of one call of LockstepDescent::solve, [targets] each.
template <class Real>
struct LockstepPenalties {
  std::vector<Real> l1, l2, tolerance, bound;
  std::vector<std::int32_t> wanted;  // 0: the target is left as it is

  explicit LockstepPenalties(Index targets)
      : l1(static_cast<std::size_t>(targets)),
        l2(l1),
        tolerance(l1),
        bound(l1),
        wanted(static_cast<std::size_t>(targets), 1) {}
};

template <class B>
class LockstepDescent {
  using Real = typename B::Real;

 public:
  static constexpr Index first_capacity = 64;
  static constexpr Index unlimited = 1'000'000'000;  // sweeps

  /// What a target occupies when its working set has so many members.
  static std::size_t bytes(Index examples, Index members) {
    const Index numbers = 2 * examples + members * (members + 1) / 2 + 2 * members;
    return static_cast<std::size_t>(numbers) * sizeof(Real) +
           static_cast<std::size_t>(examples + 4 * members);
  }

  /// For the correlations [targets][n] on the Gram matrix [n][n], both the backend's; w = 0.
  LockstepDescent(const B& backend, MatrixView<const Real> gram,
                  MatrixView<const Real> correlations, Index most_members)
      : gram_(gram),
        correlations_(correlations),
        most_members_(std::min(most_members, gram.rows)),
        capacity_(std::min(first_capacity, most_members_)),
        targets_(correlations.rows),
        gradient_(backend.template allocate<Real>(targets_ * gram.rows)),
        inside_(backend.template allocate<std::uint8_t>(targets_ * gram.rows)),
        members_(backend.template allocate<std::int32_t>(capacity_ * targets_)),
        weights_(backend.template allocate<Real>(capacity_ * targets_)),
        gradients_(backend.template allocate<Real>(capacity_ * targets_)),
        pairs_(backend.template allocate<Real>(capacity_ * (capacity_ + 1) / 2 * targets_)),
        states_(backend.template allocate<std::int32_t>(5 * targets_)),
        penalties_(backend.template allocate<Real>(4 * targets_)),
        worst_(backend.template allocate<Real>(targets_ * parts())),
        residuals_(backend.template allocate<Real>(targets_)),
        largest_(static_cast<std::size_t>(targets_)),
        outgrown_(static_cast<std::size_t>(targets_)) {
    require(gram.rows == gram.cols && correlations.cols == gram.rows, "LockstepDescent: a Gram ",
            "matrix of ", gram.rows, " x ", gram.cols, ", correlations of ", correlations.cols);
    copy_rows(backend, correlations, MatrixView<Real>(gradient()));
    const MatrixView<Real> largest(residuals_.data(), targets_, 1);
    for_each_index(backend, targets_, LargestCorrelation<Real>{correlations, largest});
    copy_rows(backend, MatrixView<const Real>(largest),
              MatrixView<Real>(largest_.data(), targets_, 1));
  }

  Index targets() const { return targets_; }
  /// max |c| of a target: from l1 = this on, w = 0 is the answer.
  Real largest_correlation(Index t) const { return largest_[static_cast<std::size_t>(t)]; }
  /// Whether the target's working set outgrew its room: it has no answer here.
  bool outgrown(Index t) const { return outgrown_[static_cast<std::size_t>(t)] != 0; }

  /// Solves the wanted targets from the present w. `rounds`: at most so many; `sweeps`: of each
  /// working set and round.
  void solve(const B& backend, const LockstepPenalties<Real>& at, Index max_sweeps,
             Index rounds = 100, Index sweeps = unlimited) {
    store(backend, at);
    bool any = admit(backend, true);
    for (Index round = 0; round < rounds && any; ++round) {
      for_each_index(backend, targets_,
                     SweepTarget<Real>{sets(), penalties(), progress(), sweeps, max_sweeps});
      refresh(backend);
      judge(backend, max_sweeps);
      any = round + 1 < rounds && admit(backend, false);
    }
  }

  /// Brings w near the answers of small penalties: a few larger ones first, one sweep each.
  void approach(const B& backend, LockstepPenalties<Real> at) {
    constexpr Real step = Real(0.6);
    const LockstepPenalties<Real> last = at;
    std::fill(at.tolerance.begin(), at.tolerance.end(), Real(0));
    Real share = step;
    for (bool any = true; any; share *= step) {
      any = false;
      for (std::size_t t = 0; t < at.l1.size(); ++t) {
        const Real stage = share * largest_[t];
        at.wanted[t] = last.wanted[t] && stage > std::max(last.l1[t], largest_[t] / 1000);
        at.l1[t] = at.bound[t] = stage;
        any = any || at.wanted[t];
      }
      if (any) solve(backend, at, unlimited, 1, 1);
    }
  }

  /// The largest violation of each target that was wanted, in units of c; NaN if not finite.
  std::vector<Real> residuals(const B& backend) const {
    return host_copy(backend, residuals_.data(), targets_);
  }
  /// Sweeps of each target in the last call of solve.
  std::vector<std::int32_t> sweeps(const B& backend) const {
    return host_copy(backend, progress().sweeps, targets_);
  }

  WorkingSets<Real> sets() const {
    return {targets_,      members_.data(), weights_.data(), gradients_.data(),
            pairs_.data(), inside_.data(),  states_.data()};
  }

 private:
  Index parts() const { return std::min<Index>(gram_.rows, 64); }
  MatrixView<Real> gradient() const { return {gradient_.data(), targets_, gram_.rows}; }
  MatrixView<Real> worst() const { return {worst_.data(), targets_, parts()}; }
  /// states_: sizes, loaded, active, full, sweeps.
  std::int32_t* loaded() const { return states_.data() + targets_; }
  TargetProgress progress() const {
    std::int32_t* const states = states_.data();
    return {states + 2 * targets_, states + 3 * targets_, states + 4 * targets_};
  }
  TargetPenalties<Real> penalties() const {
    const Real* const all = penalties_.data();
    return {all, all + targets_, all + 2 * targets_, all + 3 * targets_};
  }

  template <class T>
  static std::vector<T> host_copy(const B& backend, const T* from, Index n) {
    std::vector<T> numbers(static_cast<std::size_t>(n));
    copy_rows(backend, MatrixView<const T>(from, 1, n), MatrixView<T>(numbers.data(), 1, n));
    return numbers;
  }

  /// Penalties to the backend; targets that are wanted begin.
  void store(const B& backend, const LockstepPenalties<Real>& at) {
    Index row = 0;
    for (const std::vector<Real>* values : {&at.l1, &at.l2, &at.tolerance, &at.bound}) {
      require(std::ssize(*values) == targets_, "LockstepDescent: ", values->size(),
              " penalties for ", targets_, " targets");
      copy_rows(backend, MatrixView<const Real>(values->data(), 1, targets_),
                MatrixView<Real>(penalties_.data() + row++ * targets_, 1, targets_));
    }
    std::vector<std::int32_t> states(static_cast<std::size_t>(3 * targets_), 0);
    for (std::size_t t = 0; t < at.wanted.size(); ++t)
      states[t] = at.wanted[t] != 0 && outgrown_[t] == 0;
    copy_rows(backend, MatrixView<const std::int32_t>(states.data(), 1, 3 * targets_),
              MatrixView<std::int32_t>(progress().active, 1, 3 * targets_));
  }

  /// Violators (or proposals) join, in more room if need be. Whether any target is still active.
  bool admit(const B& backend, bool propose) {
    while (true) {
      for_each_index(
          backend, targets_,
          AdmitCoordinates<Real>{sets(), penalties(), progress(),
                                 MatrixView<const Real>(gradient()), loaded(), capacity_, propose});
      const std::vector<std::int32_t> states = host_copy(backend, states_.data(), 4 * targets_);
      const auto part = [&](Index i) { return states.begin() + i * targets_; };
      if (std::find(part(3), states.end(), 1) != states.end()) {
        if (capacity_ < most_members_)
          grow(backend);
        else
          give_up(backend, states);
        continue;
      }
      const Index largest = *std::max_element(part(0), part(1));
      load(backend, largest);
      return std::find(part(2), part(3), 1) != part(3);
    }
  }

  /// Twice the room. Rows of the block lie in the order of members, so that what is there stays.
  void grow(const B& backend) {
    const Index old = capacity_;
    capacity_ = std::min(2 * capacity_, most_members_);
    extend(backend, members_, old * targets_, capacity_ * targets_);
    extend(backend, weights_, old * targets_, capacity_ * targets_);
    extend(backend, gradients_, old * targets_, capacity_ * targets_);
    extend(backend, pairs_, old * (old + 1) / 2 * targets_,
           capacity_ * (capacity_ + 1) / 2 * targets_);
  }
  template <class Buffer>
  static void extend(const B& backend, Buffer& buffer, Index old, Index n) {
    using T = std::remove_pointer_t<decltype(buffer.data())>;
    Buffer larger = backend.template allocate<T>(n);
    copy_rows(backend, MatrixView<const T>(buffer.data(), 1, old),
              MatrixView<T>(larger.data(), 1, old));
    buffer = std::move(larger);
  }

  /// Full targets are no longer active.
  void give_up(const B& backend, std::vector<std::int32_t> states) {
    for (Index t = 0; t < targets_; ++t) {
      const auto at = [&](Index i) -> std::int32_t& {
        return states[static_cast<std::size_t>(i * targets_ + t)];
      };
      if (at(3) == 0) continue;
      at(2) = at(3) = 0;
      outgrown_[static_cast<std::size_t>(t)] = 1;
    }
    copy_rows(backend, MatrixView<const std::int32_t>(states.data() + 2 * targets_, 1, targets_),
              MatrixView<std::int32_t>(progress().active, 1, targets_));
  }

  void load(const B& backend, Index largest) {
    for_each_element(
        backend, largest, 1, targets_,
        LoadMember<Real>{sets(), progress(), gram_, MatrixView<const Real>(gradient()), loaded()});
    for_each_index(backend, targets_, CountLoaded{progress(), states_.data(), loaded()});
  }

  void refresh(const B& backend) {
    for_each_element(backend, targets_, 1, gram_.rows,
                     RefreshGradient<Real>{sets(), progress(), gram_, correlations_, gradient()});
  }

  void judge(const B& backend, Index max_sweeps) {
    const MatrixView<const Real> gradient = this->gradient();
    for_each_element(backend, targets_, 1, parts(),
                     ViolationOfPart<Real>{sets(), penalties(), progress(), gradient, worst()});
    for_each_index(
        backend, targets_,
        JudgeTarget<Real>{sets(), penalties(), progress(), gradient,
                          MatrixView<const Real>(worst()), max_sweeps, residuals_.data()});
  }

  template <class T>
  using Buffer = typename B::template Buffer<T>;

  MatrixView<const Real> gram_, correlations_;
  Index most_members_, capacity_, targets_;
  Buffer<Real> gradient_;
  Buffer<std::uint8_t> inside_;
  Buffer<std::int32_t> members_;
  Buffer<Real> weights_, gradients_, pairs_;
  Buffer<std::int32_t> states_;
  Buffer<Real> penalties_, worst_, residuals_;
  std::vector<Real> largest_;
  std::vector<char> outgrown_;
};

}  // namespace expunge
