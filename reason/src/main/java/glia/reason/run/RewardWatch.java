package glia.reason.run;

import glia.reason.reward.ContainedReward;
import glia.train.run.TrainingException;
import java.util.ArrayList;
import java.util.List;

/// Watches for rewards that fail, because a run whose rewards are missing learns nothing. If more than a tenth of the
/// first batch of training, or of the held-out problems before it, fails, the run ends; of later batches the user is
/// warned.
final class RewardWatch {
    private static final double MOST = 0.1;
    private static final int MAX_TEXT = 200;

    private final List<RewardColumn> columns;
    private final boolean hasEnvironment;
    /// Failures of each column until the batch.
    private final long[] before;
    private final List<String> warnings = new ArrayList<>();
    /// Until a batch of training was checked: held-out problems may come from another file, which has the fields.
    private boolean isFirst = true;
    private boolean hasWarned;

    /// @param hasEnvironment whether episodes give rewards, which may end without one
    RewardWatch(List<RewardColumn> columns, boolean hasEnvironment) {
        this.columns = columns;
        this.hasEnvironment = hasEnvironment;
        before = new long[columns.size()];
    }

    /// Checks the scores of a batch.
    ///
    /// @param isTraining whether the batch trains; false for held-out problems
    /// @throws TrainingException if it is the first and too many are missing
    void check(List<ScoredRollout> scored, boolean isTraining) {
        for (int c = 0; c < columns.size(); c++) {
            ContainedReward reward = columns.get(c).reward();
            long failed = reward.failures() - before[c];
            before[c] += failed;
            if (!hasEnvironment && failed > MOST * scored.size()) {
                report("the reward " + columns.get(c).name() + " failed for " + failed + " of " + scored.size()
                        + " completions: " + (isFirst ? reward.firstFailure() : reward.lastFailure()).orElse(""));
            }
        }
        List<ScoredRollout> empty = scored.stream().filter(s -> Double.isNaN(s.reward())).toList();
        List<ScoredRollout> unjudged = scored.stream().filter(s -> Double.isNaN(s.scores()[0])).toList();
        if (!hasEnvironment && empty.size() > MOST * scored.size()) {
            report("no reward applies to " + empty.size() + " of " + scored.size() + " completions, such as that of "
                    + shown(empty.getFirst()));
        } else if (!hasEnvironment && unjudged.size() > MOST * scored.size() && !hasWarned) {
            warn("the reward " + columns.getFirst().name() + ", which counts for accuracy, does not apply to "
                    + unjudged.size() + " of " + scored.size() + " completions, such as that of "
                    + shown(unjudged.getFirst()));
        }
        isFirst &= !isTraining;
    }

    private String shown(ScoredRollout scored) {
        String text = "the prompt '" + scored.problem().text() + "' with " + scored.problem().fields();
        return (text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "…") + ". Rewards: "
                + String.join(", ", columns.stream().map(RewardColumn::name).toList())
                + "; math does not apply where the expected answer cannot be parsed. Correct the field, or use another "
                + "reward such as exact_match";
    }

    private void report(String problem) {
        if (isFirst) {
            throw new TrainingException(problem);
        }
        if (!hasWarned) {
            warn(problem);
        }
    }

    private void warn(String problem) {
        hasWarned = true;
        warnings.add(problem);
    }

    /// Adds warnings of another rank.
    void addWarnings(List<String> others) {
        warnings.addAll(others);
    }

    /// Warnings since the last call.
    List<String> takeWarnings() {
        List<String> taken = List.copyOf(warnings);
        warnings.clear();
        return taken;
    }
}
