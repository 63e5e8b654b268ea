package glia.train.compare;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Runs that are shown as one curve: a single run, or runs that differ in their random seed only, as mean with an
/// interval.
///
/// @param label what the curve is called
/// @param runs at least one
public record RunGroup(String label, List<RunCurves> runs) {
    /// Points of a curve; more are averaged in stretches.
    static final int MAX_POINTS = 200;
    /// Keys that do not make a difference of method: seeds and what is written where.
    private static final Set<String> IGNORED = Set.of("seed", "problems.seed", "output");

    public RunGroup {
        runs = List.copyOf(runs);
    }

    /// What a curve goes over.
    public enum Axis {
        /// Updates.
        STEP,
        /// Generated tokens of reinforcement learning, else tokens of training.
        TOKENS
    }

    /// A point of a curve.
    ///
    /// @param x steps or tokens, the mean over the runs
    /// @param step the last step of its stretch
    /// @param y the figure
    public record Point(double x, long step, Estimate y) { }

    /// A run under a label.
    ///
    /// @param label empty to group by the recipe
    public record Labelled(String label, RunCurves run) { }

    /// Groups runs that have one label, and of those without a label the ones whose recipes are the same but for the
    /// random seeds and the output folder. Groups are in the order of their first runs.
    public static List<RunGroup> of(List<Labelled> runs) {
        Map<Object, List<Labelled>> groups = new LinkedHashMap<>();
        for (Labelled each : runs) {
            Map<String, String> key = new TreeMap<>(each.run.recipe());
            key.keySet().removeAll(IGNORED);
            groups.computeIfAbsent(each.label.isEmpty() ? key : each.label, _ -> new ArrayList<>()).add(each);
        }
        return groups.values().stream().map(group -> new RunGroup(label(group),
                group.stream().map(Labelled::run).toList())).toList();
    }

    /// The common beginning of the names of folders, such as `grpo` of `grpo-1` and `grpo-2`.
    private static String label(List<Labelled> group) {
        if (!group.getFirst().label.isEmpty()) {
            return group.getFirst().label;
        }
        String common = group.getFirst().run.name();
        if (group.size() == 1) {
            return common;
        }
        for (Labelled each : group) {
            int length = 0;
            while (length < Math.min(common.length(), each.run.name().length())
                    && common.charAt(length) == each.run.name().charAt(length)) {
                length++;
            }
            common = common.substring(0, length);
        }
        String word = common.replaceFirst("([-_.]?(seed|s))?[-_.\\d]*$", "");
        return word.isEmpty() ? group.getFirst().run.name() + " and others" : word;
    }

    /// The label with the number of runs if there are several.
    public String title() {
        return label + (runs.size() > 1 ? " (" + runs.size() + " runs)" : "");
    }

    /// Whether tokens are those that the runs generated.
    public boolean generates() {
        return runs.stream().allMatch(RunCurves::generates);
    }

    /// The curve of a figure at the steps that all runs have. The interval is that of the mean over the runs; of a
    /// single run it is the one that the run itself has measured, such as the Wilson interval of a held-out accuracy.
    ///
    /// @param until largest value on the axis
    public List<Point> curve(String figure, Axis axis, double until) {
        List<Long> all = List.copyOf(steps(figure, axis, until));
        int width = Math.max(1, Math.ceilDiv(all.size(), MAX_POINTS));
        List<Point> points = new ArrayList<>();
        for (int from = 0; from < all.size(); from += width) {
            points.add(point(figure, axis, all.subList(from, Math.min(all.size(), from + width))));
        }
        return points;
    }

    /// The steps up to `until` at which all runs have a figure.
    private NavigableSet<Long> steps(String figure, Axis axis, double until) {
        NavigableSet<Long> steps = new TreeSet<>(runs.getFirst().values(figure).keySet());
        for (RunCurves run : runs) {
            NavigableSet<Long> own = run.values(figure).navigableKeySet();
            steps.removeIf(step -> !own.contains(step) || x(run, step, axis) > until);
        }
        return steps;
    }

    private Point point(String figure, Axis axis, List<Long> stretch) {
        double x = runs.stream().mapToDouble(run -> stretch.stream().mapToDouble(s -> x(run, s, axis)).average()
                .orElseThrow()).average().orElseThrow();
        double[] means = runs.stream().mapToDouble(run -> mean(run.values(figure), stretch)).toArray();
        return new Point(x, stretch.getLast(), means.length == 1 && stretch.size() == 1
                ? measured(figure, stretch.getFirst()) : bounded(figure, 0, Estimate.mean(means)));
    }

    private static Estimate bounded(String figure, double least, Estimate estimate) {
        return RunChart.isShare(figure) ? estimate.within(least, 1) : estimate;
    }

    private static double mean(Map<Long, Double> values, List<Long> stretch) {
        return stretch.stream().mapToDouble(values::get).average().orElseThrow();
    }

    /// The value of the only run with the interval that it measured.
    private Estimate measured(String figure, long step) {
        RunCurves run = runs.getFirst();
        return new Estimate(run.values(figure).get(step), run.values(figure + "_low").getOrDefault(step, Double.NaN),
                run.values(figure + "_high").getOrDefault(step, Double.NaN));
    }

    private static double x(RunCurves run, long step, Axis axis) {
        return axis == Axis.STEP ? step : run.tokens(step);
    }

    /// How a figure changed from the first to the last step that all runs have.
    ///
    /// @param first value at the first of these steps
    /// @param last value at the last
    /// @param difference last less first: of several runs the mean of their differences, of one run from the intervals
    ///     of both values
    /// @param step the last of these steps
    /// @param tokens of a run up to there, the mean over the runs
    public record Change(Estimate first, Estimate last, Estimate difference, long step, double tokens) { }

    /// The change of a figure.
    ///
    /// @param until largest value on the axis
    /// @throws IllegalArgumentException if no step has it in all runs
    public Change change(String figure, Axis axis, double until) {
        NavigableSet<Long> steps = steps(figure, axis, until);
        if (steps.isEmpty()) {
            throw new IllegalArgumentException(label + ": no step has the figure " + figure + " in all of its "
                    + runs.size() + " runs; the first has " + String.join(", ", runs.getFirst().figures()));
        }
        long from = steps.first();
        long to = steps.last();
        double tokens = runs.stream().mapToDouble(run -> run.tokens(to)).average().orElseThrow();
        Estimate first = point(figure, Axis.STEP, List.of(from)).y;
        Estimate last = point(figure, Axis.STEP, List.of(to)).y;
        Estimate difference = runs.size() == 1 ? last.minus(first) : Estimate.mean(runs.stream()
                .mapToDouble(run -> run.values(figure).get(to) - run.values(figure).get(from)).toArray());
        return new Change(first, last, bounded(figure, -1, difference), to, tokens);
    }
}
