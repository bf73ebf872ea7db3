#include "rows.hpp"

#include "curves.hpp"
#include "expunge/evaluation/klom_floor.hpp"
#include "expunge/unlearning/retrain.hpp"
#include "settings.hpp"

namespace quickstart {

using namespace expunge;

namespace {

/// Collects the rows of one forget set.
class Rows {
 public:
  Rows(Lab& lab, const FullModels& full, const LogitDatamodels& datamodels,
       const NamedForgetSet& set, const Oracles& oracles, bool curves)
      : lab_(lab),
        full_(full),
        datamodels_(datamodels),
        set_(set),
        oracles_(oracles),
        splits_(splits_of(lab, set.members)),
        problem_(make_problem(lab.workload.train, set.members, full.models, view(full.logits))),
        record_(curves ? Record::every_epoch : Record::final_only) {
    result_.name = set.name;
    result_.description = set.description;
    result_.size = static_cast<Index>(set.members.size());
    result_.floor = full_score(lab, oracles, oracles.other_logits, splits_);
    if (set.random && set.members.size() <= 50) check_do_nothing();
  }

  void add(const std::string& method, const std::string& settings, const MethodRun& run) {
    report::Row row{method,
                    settings,
                    run.compute,
                    run.seconds,
                    full_score(lab_, oracles_, run.logits, splits_),
                    run.diverged > 0};
    if (record_ == Record::every_epoch)
      result_.klom_vs_compute.push_back(
          run.trajectory.size() > 0 ? compute_curve(method, oracles_, run, splits_, lab_.threads())
                                    : one_point_curve(row));
    result_.rows.push_back(std::move(row));
  }

  void add_all(std::uint64_t group) {
    add("do nothing", "theta0 as it is", {full_.logits, {}, 0, {}, 0, 0});
    add("GA", sentence("rate ", chosen_ascent().learning_rate, ", epochs ", chosen_ascent().epochs),
        run(lab_, problem_, chosen_ascent(), record_));
    add("GD",
        sentence("rate ", chosen_descent().learning_rate, ", epochs ", chosen_descent().epochs),
        run(lab_, problem_, chosen_descent(), record_));
    add("GDA",
        sentence("rate ", chosen_ascent_descent().learning_rate, ", epochs ",
                 chosen_ascent_descent().epochs, ", ascent ",
                 chosen_ascent_descent().ascent_epochs),
        run(lab_, problem_, chosen_ascent_descent(), record_));
    const std::string scrub_settings =
        sentence("rate ", chosen_scrub().learning_rate, ", epochs ", chosen_scrub().epochs);
    add("SCRUB", scrub_settings, run(lab_, problem_, chosen_scrub(), record_));
    add("SCRUB+R", scrub_settings, run_rewound(lab_, problem_, chosen_scrub()));
    add_partial_retraining(group);
    const Om om = chosen_om({.outputs = view(oracles_.other_logits)});
    add("OM", matching_settings(om), run(lab_, problem_, om, record_));
    add_direct();
    const Dmm dmm = chosen_dmm(datamodels_);
    const MethodRun dmm_run = run(lab_, problem_, dmm, record_);
    dmm_margins_ = margins_of(lab_, dmm_run.logits);
    add("DMM", sentence("multiplier ", dmm.target.multiplier, ", ", matching_settings(dmm)),
        dmm_run);
    const GaussNewtonDmm newton = chosen_gauss_newton(datamodels_);
    add("DMM, Gauss-Newton",
        sentence("multiplier ", newton.target.multiplier, ", damping ", newton.damping,
                 ", prior of ", newton.prior.points, ", ", newton.iterations, " iterations, ",
                 newton.retain_points(static_cast<Index>(problem_.forget.size()),
                                      static_cast<Index>(problem_.retain.size())),
                 " retain points"),
        run(lab_, problem_, newton, record_));
    add_verdict();
  }

  report::ForgetSetResult take() { return std::move(result_); }
  Array<float, 2> take_dmm_margins() { return std::move(dmm_margins_); }

 private:
  template <class Method>
  static std::string matching_settings(const Method& method) {
    return sentence("Adam ", method.learning_rate, ", epochs ", method.epochs, ", batch ",
                    method.batch, ", retain x", method.retain_multiple, ", forget x",
                    method.forget_multiple);
  }

  /// A method without epochs of its own is a point.
  static report::ComputeCurve one_point_curve(const report::Row& row) {
    return {row.method,
            {{row.compute_fraction,
              {row.scores.forget.forward.p95, row.scores.retain.forward.p95,
               row.scores.validation.forward.p95}}}};
  }

  /// Doing nothing about a small random set must stay near the floor on the retain split.
  void check_do_nothing() {
    const double retain =
        quick_score(oracles_.margins, full_.margins, splits_, lab_.threads()).retain.forward.p95;
    const KlomFloor floor{result_.floor.retain.forward.mean, result_.floor.retain.forward.p95,
                          FloorMethod::split, lab_.sizes.models, lab_.sizes.models};
    result_.remarks.push_back("On the retain split " + do_nothing_check(retain, floor).message +
                              ".");
  }

  void add_partial_retraining(std::uint64_t group) {
    const MethodRun partial = run_partially(lab_, set_.name, set_.members, group, partial_epochs);
    lab_.stage("unlearn " + set_.name + ", continued");
    add(sentence("retrain ", partial_epochs, "/", recipe(0).descent.epochs), "stopped early",
        partial);
  }

  void add_direct() {
    add("DM-Direct", sentence("multiplier ", chosen_multiplier),
        run_direct(full_, datamodels_, set_.members, chosen_multiplier));
  }

  const report::Row& row_of(const std::string& method) const {
    return *std::find_if(result_.rows.begin(), result_.rows.end(),
                         [&](const report::Row& row) { return row.method == method; });
  }

  /// Says in words when a forget set is not solved.
  void add_verdict() {
    const report::Row& direct = row_of("DM-Direct");
    const report::Row& dmm = row_of("DMM");
    const double floor = result_.floor.forget.forward.p95;
    const auto far = [&](const report::Row& row) {
      return !(row.scores.forget.forward.p95 <= 4 * floor);
    };
    if (far(direct) && far(dmm))
      result_.remarks.push_back(
          "This set is not solved: the prediction itself (DM-Direct) is far from the floor, so a "
          "linear datamodel misses part of what removing these examples together does, and "
          "matching "
          "it cannot do much better.");
    else if (far(dmm))
      result_.remarks.push_back(
          "The prediction (DM-Direct) is near the floor, but fine-tuning does not reach it on "
          "every "
          "point: matching by Adam is the weak half here.");
  }

  Lab& lab_;
  const FullModels& full_;
  const LogitDatamodels& datamodels_;
  const NamedForgetSet& set_;
  const Oracles& oracles_;
  Splits splits_;
  ForgetProblem problem_;
  Record record_;
  report::ForgetSetResult result_;
  Array<float, 2> dmm_margins_;
};

}  // namespace

ForgetSetRun run_forget_set(Lab& lab, const FullModels& full, const LogitDatamodels& datamodels,
                            const NamedForgetSet& set, std::uint64_t group, bool curves) {
  ForgetSetRun done;
  done.oracles = train_oracles(lab, set.name, set.members, group);
  lab.stage("unlearn " + set.name);
  Rows rows(lab, full, datamodels, set, done.oracles, curves);
  rows.add_all(group);
  done.dmm_margins = rows.take_dmm_margins();
  done.result = rows.take();
  return done;
}

std::vector<report::MissingTargets> run_missing_targets(Lab& lab, const FullModels& full,
                                                        const LogitDatamodels& datamodels,
                                                        const NamedForgetSet& set,
                                                        const Oracles& oracles) {
  const ForgetProblem problem =
      make_problem(lab.workload.train, set.members, full.models, view(full.logits));
  const auto path = [&](const std::string& name, const MethodRun& run) {
    return missing_targets_of(name, set.name, full, oracles, run, set.members);
  };
  const Dmm dmm = chosen_dmm(datamodels);
  return {path("SCRUB, 10 epochs", run(lab, problem, long_scrub(), Record::every_epoch)),
          path("DMM", run(lab, problem, dmm, Record::every_epoch))};
}

}  // namespace quickstart
