package glia.train.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.train.compare.RunGroup.Axis;
import glia.train.compare.RunGroup.Labelled;
import glia.train.compare.RunGroup.Point;
import glia.train.report.MetricsFile;
import glia.train.report.RunDescription;
import glia.train.run.TrainingListener.StepFigures;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/// Curves and changes of runs that were written as training writes them.
class RunGroupTest {
    private static final double ALL = Double.POSITIVE_INFINITY;

    @TempDir
    private Path folder;

    /// What is written of a run: a batch of rollouts every second step, validation every fourth.
    ///
    /// @param accuracy by step
    /// @param perBatch tokens of a batch
    /// @param hasTotal whether the number of all tokens is written
    private record Written(Map<String, String> recipe, int steps, DoubleUnaryOperator accuracy, int perBatch,
            boolean hasTotal) { }

    private static Written written(String method, int seed, int steps, DoubleUnaryOperator accuracy) {
        return new Written(Map.of("rl.method", method, "seed", "" + seed, "output", "runs/" + method + seed), steps,
                accuracy, 100 + seed, true);
    }

    private RunCurves run(String name, Written w) throws Exception {
        Path run = Files.createDirectories(folder.resolve(name));
        Path file = run.resolve("metrics.jsonl");
        try (MetricsFile metrics = MetricsFile.create(file, new RunDescription("t", w.steps, w.recipe, Map.of()),
                warning -> { })) {
            for (int step = 1; step <= w.steps; step++) {
                Map<String, Double> parts = new HashMap<>();
                if (step % 2 == 1) {
                    parts.put("rollouts/generated", 10.0);
                    parts.put("response_length/mean", w.perBatch / 10.0);
                    if (w.hasTotal) {
                        parts.put("rollouts/tokens_total", (double) (step + 1) / 2 * w.perBatch);
                    }
                }
                if (step == 1) {
                    parts.putAll(heldOut(w.accuracy.applyAsDouble(0)));
                }
                metrics.step(new StepFigures(step, 1.0 / step, 1, 1, 5, 5L * step, 1, parts));
                if (step % 4 == 0) {
                    metrics.validated(step, step == 4 ? Double.NaN : 2, false);
                    metrics.evaluated(step, heldOut(w.accuracy.applyAsDouble(step)));
                }
            }
        }
        return RunCurves.read(w.hasTotal ? run : file);
    }

    private static Map<String, Double> heldOut(double accuracy) {
        return Map.of("accuracy/held_out", accuracy, "accuracy/held_out_low", accuracy - 0.1,
                "accuracy/held_out_high", accuracy + 0.05);
    }

    private static List<RunGroup> groups(RunCurves... runs) {
        return RunGroup.of(Stream.of(runs).map(r -> new Labelled("", r)).toList());
    }

    @Test
    void runsThatDifferInTheSeedAreOneGroup() throws Exception {
        RunCurves a = run("grpo-seed1", written("grpo", 1, 12, s -> 0.2 + 0.01 * s));
        RunCurves b = run("dapo", written("dapo", 1, 12, s -> 0.1));
        RunCurves c = run("grpo-seed2", written("grpo", 2, 9, s -> 0.2 + 0.03 * s));
        List<RunGroup> groups = groups(a, b, c);
        assertEquals(List.of(new RunGroup("grpo", List.of(a, c)), new RunGroup("dapo", List.of(b))), groups);
        assertEquals(List.of(new RunGroup("x", List.of(a, b)), new RunGroup("grpo-seed2", List.of(c))),
                RunGroup.of(List.of(new Labelled("x", a), new Labelled("x", b), new Labelled("", c))));

        // Both have the steps 0, 4 and 8: means 0.2, 0.28 and 0.36; t(1) = 12.706.
        List<Point> curve = groups.getFirst().curve("accuracy/held_out", Axis.TOKENS, ALL);
        assertEquals(List.of(0L, 4L, 8L), curve.stream().map(Point::step).toList());
        assertEquals(List.of(0.0, 2 * 101.5, 4 * 101.5), curve.stream().map(Point::x).toList());
        assertEquals(0.28, curve.get(1).y().value(), 1e-12);
        assertEquals(0.28 - Math.min(0.28, 12.706 * 0.04), curve.get(1).y().low(), 1e-4);
        assertEquals(0.28 + 12.706 * 0.04, curve.get(1).y().high(), 1e-4);
        RunGroup.Change change = groups.getFirst().change("accuracy/held_out", Axis.STEP, ALL);
        assertEquals(0.2, change.first().value(), 1e-12);
        assertEquals(0.36, change.last().value(), 1e-12);
        assertEquals(0.16, change.difference().value(), 1e-12);
        assertEquals(8, change.step());
        assertEquals(4 * 101.5, change.tokens());
        assertTrue(change.difference().low() < -0.8 && change.difference().high() == 1, change.toString());
        // Until 300 tokens run 1 has 2 batches of 101 and run 2 has 2 of 102.
        assertEquals(4, groups.getFirst().change("accuracy/held_out", Axis.TOKENS, 300).step());
    }

    @Test
    void aSingleRunHasTheIntervalsThatItMeasured() throws Exception {
        RunGroup group = groups(run("a", written("grpo", 1, 8, s -> 0.2 + 0.05 * s))).getFirst();
        Estimate last = group.curve("accuracy/held_out", Axis.STEP, ALL).getLast().y();
        assertEquals(new Estimate(0.2 + 0.05 * 8, 0.2 + 0.05 * 8 - 0.1, 0.2 + 0.05 * 8 + 0.05), last);
        Estimate difference = group.change("accuracy/held_out", Axis.STEP, ALL).difference();
        assertEquals(0.4 - Math.hypot(0.1, 0.05), difference.low(), 1e-12);
        assertEquals(0.4 + Math.hypot(0.05, 0.1), difference.high(), 1e-12);
        assertFalse(group.change("loss/train", Axis.STEP, ALL).difference().hasInterval());
        assertEquals(List.of(8L), group.curve("loss/validation", Axis.STEP, ALL).stream().map(Point::step).toList(),
                "values that are no numbers are left out");
    }

    @Test
    void tokensAreCountedWithoutTheirSum() throws Exception {
        RunCurves with = run("a", written("grpo", 1, 9, s -> 0.1));
        RunCurves without = run("b", new Written(Map.of(), 9, s -> 0.1, 101, false));
        for (long step = 0; step <= 9; step++) {
            assertEquals(with.tokens(step), without.tokens(step), 1e-9);
        }
        assertEquals(5 * 101, with.tokens(100));
        assertEquals(101, with.tokens(2));
    }

    @Test
    void longCurvesAreAveragedInStretches() throws Exception {
        RunGroup group = groups(run("a", written("grpo", 1, 999, s -> 0.1))).getFirst();
        List<Point> curve = group.curve("loss/train", Axis.STEP, ALL);
        assertEquals(200, curve.size());
        assertEquals(3, curve.getFirst().x());
        assertEquals((1 + 1 / 2.0 + 1 / 3.0 + 1 / 4.0 + 1 / 5.0) / 5, curve.getFirst().y().value(), 1e-12);
        assertEquals(999, curve.getLast().step());
    }

    @Test
    void chartsHaveACurveAndAnAreaForEachGroup() throws Exception {
        List<RunGroup> groups = groups(run("a<b-1", written("grpo", 1, 8, s -> 0.2 + 0.01 * s)),
                run("a<b-2", written("grpo", 2, 8, s -> 0.3)), run("dapo", written("dapo", 1, 8, s -> 0.5)));
        String svg = new RunChart(groups, List.of("accuracy/held_out", "loss/train", "response_length/mean"),
                Axis.TOKENS, ALL).svg();
        Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new InputSource(new StringReader(svg)));
        assertEquals(6, document.getElementsByTagName("polyline").getLength());
        assertEquals(4, document.getElementsByTagName("polygon").getLength(),
                "accuracies of both, loss and length of the group");
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < document.getElementsByTagName("text").getLength(); i++) {
            texts.add(document.getElementsByTagName("text").item(i).getTextContent());
        }
        assertTrue(texts.containsAll(List.of("a<b (2 runs)", "dapo", "generated tokens", "accuracy/held out", "0 %")),
                texts.toString());
        String title = document.getElementsByTagName("title").item(3).getTextContent();
        assertEquals("dapo, step 0: 50.0 % (40.0 to 55.0)", title);
    }

    @Test
    void missingFilesAndFiguresAreNamed() throws Exception {
        Exception e = assertThrows(CheckpointException.class, () -> RunCurves.read(folder.resolve("none")));
        assertTrue(e.getMessage().contains("none") && e.getMessage().contains("is missing"), e.getMessage());
        Path empty = Files.createDirectory(folder.resolve("empty"));
        MetricsFile.create(empty.resolve("metrics.jsonl"), new RunDescription("t", 3, Map.of(), Map.of()),
                warning -> { }).close();
        e = assertThrows(CheckpointException.class, () -> RunCurves.read(empty));
        assertTrue(e.getMessage().contains("has no step yet"), e.getMessage());
        RunGroup group = groups(run("a", written("grpo", 1, 3, s -> 0.1))).getFirst();
        e = assertThrows(IllegalArgumentException.class, () -> group.change("loss/validation", Axis.STEP, ALL));
        assertTrue(e.getMessage().contains("a: no step has the figure loss/validation in all of its 1 runs; the first "
                + "has accuracy/held_out"), e.getMessage());
    }
}
