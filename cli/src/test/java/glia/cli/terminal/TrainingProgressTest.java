package glia.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.train.report.FlopsUtilization;
import glia.train.run.TrainingListener.StepFigures;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TrainingProgressTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private long nanos;

    private TrainingProgress progress(boolean rewrites, int width, long every) {
        Console console = new Console(InputStream.nullInputStream(), new PrintStream(OutputStream.nullOutputStream()),
                new PrintStream(err, true, StandardCharsets.UTF_8), false, false, rewrites, width, false);
        return new TrainingProgress(console, 100, every, Optional.of(new FlopsUtilization(1e6, 1e9)), rewrites,
                () -> nanos);
    }

    private void steps(TrainingProgress progress, int from, int to) {
        for (int step = from; step <= to; step++) {
            nanos += 2_000_000_000L;
            progress.step(new StepFigures(step, 2, 0.516, 9.1e-4, 400, 400L * step, 1, Map.of()));
        }
    }

    private List<String> lines() {
        return err.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n").lines().toList();
    }

    @Test
    void aPipeGetsALineEverySoManySteps() {
        try (TrainingProgress progress = progress(false, 0, 50)) {
            steps(progress, 1, 60);
            progress.validated(60, 1.92, true);
        }
        assertEquals(List.of(
                "step 1/100  loss 2.000  400.0 tokens/s  MFU 40 %  grad 0.52  lr 9.1e-04  3 min 18 s left",
                "step 50/100  loss 2.000  400.0 tokens/s  MFU 40 %  grad 0.52  lr 9.1e-04  1 min 40 s left",
                "step 60: validation loss 1.9200, the best so far",
                "step 60/100  loss 2.000  400.0 tokens/s  MFU 40 %  grad 0.52  lr 9.1e-04  1 min 20 s left"), lines());
    }

    @Test
    void aSlowRankIsNamed() {
        try (TrainingProgress progress = progress(false, 0, 50)) {
            for (int step = 1; step <= 50; step++) {
                nanos += 2_000_000_000L;
                boolean isOther = step % 10 == 0;
                progress.step(new StepFigures(step, 2, 0.516, 9.1e-4, 400, 400L * step, 1, Map.of("ranks/slowest",
                        isOther ? 0.0 : 2.0, "ranks/seconds_for_slowest", isOther ? 0.1 : 0.5)));
            }
        }
        assertTrue(lines().getLast().contains("400.0 tokens/s  MFU 40 %  44 % waiting for rank 2  grad"),
                lines().getLast());
    }

    @Test
    void aTerminalGetsOneLineThatFits() {
        try (TrainingProgress progress = progress(true, 60, 50)) {
            steps(progress, 1, 3);
            progress.warned(3, "the update\033[2J is skipped");
            steps(progress, 4, 4);
        }
        String text = err.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
        List<String> shown = List.of(text.split("\r\033\\[K|\n"));
        assertEquals("step 3/100  loss 2.000  400.0 tokens/s  3 min 14 s left", shown.get(2));
        assertTrue(shown.get(3).contains("step 3: warning: the update\\x1b[2J is skipped"), shown.get(3));
        assertTrue(text.endsWith("\n"));
        assertTrue(shown.stream().noneMatch(line -> line.length() > 59 && line.startsWith("step 3/")), text);
    }

    /// Reinforcement learning shows rewards and accuracy, and a line before the first step, which may take minutes.
    @Test
    void rewardsAndAccuracyAreShownInPlaceOfTheLoss() {
        try (TrainingProgress progress = progress(false, 0, 50)) {
            progress.begin();
            Map<String, Double> held = Map.of("accuracy/held_out", 0.25, "accuracy/held_out_low", 0.1,
                    "accuracy/held_out_high", 0.4, "reward/held_out", 0.5);
            nanos += 2_000_000_000L;
            progress.step(new StepFigures(1, 0, 0.5, 1e-4, 400, 400, 1, Map.of("reward/mean", 0.4125,
                    "accuracy/training", 0.375, "reward/failures", 3.0)));
            progress.evaluated(1, held);
            progress.validated(1, 0.75, false);
        }
        assertEquals(List.of("step 0/100  computing the first step",
                "step 1/100  reward 0.413  accuracy 37.5 %  3 rewards failed  400.0 tokens/s  MFU 40 %  grad 0.50  "
                + "lr 1.0e-04  3 min 18 s left",
                "step 1: held-out accuracy 25.0 % (10.0 to 40.0), reward 0.500"), lines());
    }

    /// The best of the validations may be worse than the model was.
    @Test
    void aRunThatGotWorseSaysSo() {
        try (TrainingProgress progress = progress(false, 0, 50)) {
            Map<String, Double> held = Map.of("accuracy/held_out", 0.25, "accuracy/held_out_low", 0.1,
                    "accuracy/held_out_high", 0.4, "reward/held_out", 0.5);
            Map<String, Double> less = new HashMap<>(held);
            less.put("accuracy/held_out", 0.2);
            progress.step(new StepFigures(1, 0, 0.5, 1e-4, 400, 400, 1, held));
            progress.evaluated(1, less);
            progress.validated(1, 0.8, true);
            progress.evaluated(1, held);
            progress.validated(1, 0.75, true);
        }
        assertTrue(lines().stream().anyMatch(line -> line.endsWith(
                "reward 0.500, the best so far, worse than before the first update")), lines().toString());
        assertTrue(lines().stream().anyMatch(line -> line.startsWith("step 1: held-out accuracy 25.0 %")
                && line.endsWith("the best so far")), lines().toString());
    }

    /// The time left after a resumption counts the steps of this process only.
    @Test
    void theTimeLeftIsThatOfThisRun() {
        steps(progress(false, 0, 1), 91, 92);
        assertTrue(lines().getLast().endsWith("16 s left"), lines().getLast());
    }

    @Test
    void aLossThatIsNotANumberIsShownOnce() {
        TrainingProgress progress = progress(false, 0, 1);
        steps(progress, 1, 1);
        progress.step(new StepFigures(2, Double.NaN, 1, 1, 1, 1, 1, Map.of()));
        steps(progress, 3, 3);
        assertTrue(lines().get(1).contains("loss NaN"), lines().get(1));
        assertTrue(lines().get(2).contains("loss 2.000"), lines().get(2));
    }

    @Test
    void durationsHaveTwoUnits() {
        assertEquals(List.of("0 s", "59 s", "1 min 0 s", "2 min 5 s", "1 h 0 min", "25 h 1 min"),
                List.of(Units.wholeSeconds(0.4), Units.wholeSeconds(59.4), Units.wholeSeconds(59.9),
                        Units.wholeSeconds(125), Units.wholeSeconds(3600), Units.wholeSeconds(90_090)));
    }
}
