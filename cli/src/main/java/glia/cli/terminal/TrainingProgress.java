package glia.cli.terminal;

import glia.train.checkpoint.CheckpointStore;
import glia.train.report.FlopsUtilization;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/// Progress of a training run on standard error: one line that is rewritten on a terminal, a line every so many steps
/// elsewhere, and a line for each validation, checkpoint and warning.
///
/// ```
/// step 1200/2000  loss 1.873  45.2 K tokens/s  MFU 38 %  grad 0.52  lr 9.1e-04  2 min 5 s left
/// step 120/200  reward 0.412  accuracy 37.5 %  210.3 tokens/s  MFU 12 %  grad 0.31  lr 1.0e-04  9 min 12 s left
/// ```
///
/// Tokens are those of all ranks; a rank that the others wait for is named. The loss is the exponential moving average
/// of about 20 steps. Figures that do not fit the terminal are left out.
public final class TrainingProgress implements TrainingListener {
    private static final double DECAY = 0.95;
    private static final long REDRAW_NANOS = 100_000_000;
    private static final int DEFAULT_WIDTH = 80;
    /// The share of a step from which on a rank that the others wait for is named.
    private static final double SLOW = 0.2;
    /// Characters of a sample that are shown; the report has all.
    private static final int MAX_SAMPLE = 60;

    private final Console console;
    private final long steps;
    private final long every;
    private final Optional<FlopsUtilization> utilization;
    private final boolean rewrites;
    private final LongSupplier nanoTime;
    private final long startNanos;
    /// Figures of the last batch of rollouts; empty unless rewards are learned.
    private Map<String, Double> rewards = Map.of();
    private Map<String, Double> evaluated = Map.of();
    /// Held-out accuracy before the first update; 0 if it is unknown.
    private double before;
    private double loss;
    private double weight;
    private double tokens;
    private double seconds;
    /// Seconds that others waited for each rank.
    private double[] late = {};
    private long firstStep = -1;
    private long drawnNanos = Long.MIN_VALUE;
    private String line = "";
    private boolean drawn;
    private boolean printed;

    /// @param console whose standard error is written to
    /// @param steps updates of the whole run
    /// @param every steps from line to line where standard error is no terminal
    /// @param utilization empty to leave model FLOPs utilization out
    public TrainingProgress(Console console, long steps, long every, Optional<FlopsUtilization> utilization) {
        this(console, steps, every, utilization, console.errIsTerminal() && !Console.isDumb(System.getenv()),
                System::nanoTime);
    }

    TrainingProgress(Console console, long steps, long every, Optional<FlopsUtilization> utilization,
            boolean rewrites, LongSupplier nanoTime) {
        if (every < 1) {
            throw new IllegalArgumentException(every + " steps from line to line, expected at least 1");
        }
        this.console = console;
        this.steps = steps;
        this.every = every;
        this.utilization = utilization;
        this.rewrites = rewrites;
        this.nanoTime = nanoTime;
        startNanos = nanoTime.getAsLong();
    }

    /// Shows that the first step is being computed, which may take minutes.
    public void begin() {
        line = "step 0/" + steps + "  computing the first step";
        if (rewrites) {
            console.err().print(line);
            console.err().flush();
            drawn = true;
        } else {
            console.err().println(line);
        }
        printed = true;
    }

    @Override
    public void step(StepFigures figures) {
        if (figures.parts().containsKey("reward/mean")) {
            rewards = figures.parts();
        }
        if (figures.parts().containsKey("accuracy/held_out")) {
            before = figures.parts().get("accuracy/held_out");
            say("before the first update: " + accuracy(figures.parts()));
        }
        loss = DECAY * loss + (1 - DECAY) * figures.loss();
        weight = DECAY * weight + 1 - DECAY;
        tokens = DECAY * tokens + figures.tokens();
        seconds = DECAY * seconds + figures.seconds();
        late = Arrays.stream(late).map(waited -> DECAY * waited).toArray();
        if (figures.parts().containsKey("ranks/slowest")) {
            int slowest = figures.parts().get("ranks/slowest").intValue();
            late = slowest < late.length ? late : Arrays.copyOf(late, slowest + 1);
            late[slowest] += figures.parts().get("ranks/seconds_for_slowest");
        }
        firstStep = firstStep < 0 ? figures.step() : firstStep;
        long now = nanoTime.getAsLong();
        boolean last = figures.step() == steps;
        boolean first = figures.step() == firstStep;
        printed = false;
        if (rewrites && (first || last || now - drawnNanos >= REDRAW_NANOS)) {
            line = line(figures, now);
            drawnNanos = now;
            clear();
            console.err().print(line);
            console.err().flush();
            drawn = true;
        } else if (!rewrites) {
            line = line(figures, now);
            if (first || last || figures.step() % every == 0) {
                console.err().println(line);
                printed = true;
            }
        }
        // An average that is not a number stays none.
        if (!Double.isFinite(loss)) {
            loss = 0;
            weight = 0;
        }
    }

    private String line(StepFigures figures, long now) {
        List<String> parts = new ArrayList<>();
        parts.add("step " + figures.step() + "/" + steps);
        if (rewards.isEmpty()) {
            parts.add(String.format(Locale.ROOT, "loss %.3f", loss / weight));
        } else {
            parts.add(String.format(Locale.ROOT, "reward %.3f", rewards.get("reward/mean")));
            parts.add(String.format(Locale.ROOT, "accuracy %.1f %%", 100 * rewards.get("accuracy/training")));
            double failed = rewards.getOrDefault("reward/failures", 0.0);
            if (failed > 0) {
                parts.add(String.format(Locale.ROOT, "%.0f rewards failed", failed));
            }
        }
        double speed = tokens / seconds;
        parts.add(speed < 1000 ? Units.rate(speed) + " tokens/s" : Units.count(Math.round(speed)) + " tokens/s");
        utilization.ifPresent(u -> parts.add(String.format(Locale.ROOT, "MFU %.0f %%", 100 * u.at(speed))));
        for (int r = 0; r < late.length; r++) {
            if (late[r] > SLOW * seconds) {
                parts.add(String.format(Locale.ROOT, "%.0f %% waiting for rank %d", 100 * late[r] / seconds, r));
            }
        }
        parts.add(String.format(Locale.ROOT, "grad %.2f", figures.gradientNorm()));
        parts.add(String.format(Locale.ROOT, "lr %.1e", figures.learningRate()));
        long done = figures.step() - firstStep + 1;
        double left = (now - startNanos) / 1e9 / done * (steps - figures.step());
        String end = Units.wholeSeconds(left) + " left";
        int width = (console.width() > 0 ? console.width() : rewrites ? DEFAULT_WIDTH : Integer.MAX_VALUE) - 1;
        StringBuilder text = new StringBuilder(parts.getFirst());
        for (String part : parts.subList(1, parts.size())) {
            if (text.length() + part.length() + end.length() + 4 <= width) {
                text.append("  ").append(part);
            }
        }
        return text.length() + 2 + end.length() <= width ? text.append("  ").append(end).toString() : text.toString();
    }

    @Override
    public void evaluated(long step, Map<String, Double> figures) {
        evaluated = figures;
    }

    @Override
    public void validated(long step, double validationLoss, boolean best) {
        String found = evaluated.containsKey("accuracy/held_out") ? accuracy(evaluated)
                : String.format(Locale.ROOT, "validation loss %.4f", validationLoss)
                + share("accuracy/tokens", ", right tokens") + share("accuracy/answers", ", right answers");
        boolean isWorse = evaluated.getOrDefault("accuracy/held_out", before) < before;
        if (step == 0) {
            // The first step says it.
            return;
        }
        say("step " + step + ": " + found + (best ? ", the best so far" : "")
                + (isWorse ? ", worse than before the first update" : ""));
        evaluated = Map.of();
    }

    private String share(String figure, String name) {
        return evaluated.containsKey(figure) ? String.format(Locale.ROOT, "%s %.1f %%", name,
                100 * evaluated.get(figure)) : "";
    }

    private static String accuracy(Map<String, Double> figures) {
        return String.format(Locale.ROOT, "held-out accuracy %.1f %% (%.1f to %.1f), reward %.3f",
                100 * figures.get("accuracy/held_out"), 100 * figures.get("accuracy/held_out_low"),
                100 * figures.get("accuracy/held_out_high"), figures.get("reward/held_out"));
    }

    @Override
    public void sampled(long step, Map<String, String> samples) {
        samples.forEach((prompt, text) -> say("step " + step + ": " + quoted(prompt) + " → " + quoted(text)));
    }

    /// The beginning of a text, on one line.
    private static String quoted(String text) {
        String line = VisibleText.line(text.replace('\n', ' '));
        return '"' + (line.length() <= MAX_SAMPLE ? line : line.substring(0, MAX_SAMPLE) + "…") + '"';
    }

    @Override
    public void saved(CheckpointStore.Saved checkpoint) {
        say("step " + checkpoint.step() + ": saved " + checkpoint.folder());
    }

    @Override
    public void warned(long step, String message) {
        say("step " + step + ": warning: " + message);
    }

    /// Prints a line of its own above the progress.
    public void say(String text) {
        clear();
        console.err().println(rewrites ? VisibleText.line(text) : text);
    }

    /// Leaves the last line of progress standing.
    @Override
    public void close() {
        if (!line.isEmpty() && !printed) {
            clear();
            console.err().println(line);
        }
        line = "";
    }

    private void clear() {
        if (drawn) {
            console.clearProgress();
        }
        drawn = false;
    }
}
