package glia.jmh.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.jmh.compare.Architecture.Size;
import glia.kernels.KernelBackends;
import glia.model.spec.ModelSpec;
import glia.model.spec.RopeScaling;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.data.RandomWindows;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ExperimentsTest {
    private static final Characters TEXT = Characters.of("to be, or not to be: that is the question. ".repeat(300));

    private static Kernels kernels(Workers workers) {
        return KernelBackends.choose("best", workers).kernels();
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void twoStepsLowerTheLoss(Architecture architecture) throws CheckpointException {
        try (Workers workers = new Workers(2); SmallModel model = new SmallModel(MatchedSpec.of(architecture,
                Size.SMALL, TEXT.vocab(), 64), kernels(workers), 1)) {
            RandomWindows windows = new RandomWindows(TEXT.training(), 2, 32, 1);
            double[] before = TEXT.lossByPosition(model, 32, 2);
            // Without warm-up the first step has the whole rate.
            double[] losses = model.train(windows, 2, 3e-3);
            double[] after = TEXT.lossByPosition(model, 32, 2);
            assertEquals(Math.log(TEXT.vocab()), losses[0], 0.5);
            assertTrue(mean(after) < mean(before) - 0.05, mean(before) + " to " + mean(after));
        }
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    @ParameterizedTest
    @EnumSource(PositionEncodings.Encoding.class)
    void encodingsReachBeyondTheTrainingLength(PositionEncodings.Encoding encoding) throws CheckpointException {
        ModelSpec spec = encoding.of(MatchedSpec.of(Architecture.FULL, Size.SMALL, TEXT.vocab(), 64), 64);
        try (Workers workers = new Workers(1); SmallModel model = new SmallModel(spec, kernels(workers), 1)) {
            model.train(new RandomWindows(TEXT.training(), 2, 16, 1), 2, 1e-3);
            assertTrue(Double.isFinite(mean(TEXT.lossByPosition(model, 64, 2))));
            int[] ids = IntStream.range(0, 20).map(i -> i % 5).toArray();
            float[] plain = model.losses(new TokenBatch().add(ids));
            try (SmallModel copy = model.copy(spec)) {
                assertArrayEquals(plain, copy.losses(new TokenBatch().add(ids)));
            }
            if (encoding == PositionEncodings.Encoding.ROPE) {
                for (String scaling : List.of("linear", "ntk", "yarn")) {
                    // A factor of 1 changes nothing.
                    assertArrayEquals(plain, losses(model, spec, PositionEncodings.scaling(scaling, 1),
                            PositionEncodings.LENGTH, ids), 1e-5f, scaling);
                    assertFalse(Arrays.equals(plain, losses(model, spec, PositionEncodings.scaling(scaling, 4),
                            4 * PositionEncodings.LENGTH, ids)), scaling);
                }
            } else {
                assertThrows(IllegalArgumentException.class, () -> model.copy(MatchedSpec.of(Architecture.LSTM,
                        Size.SMALL, TEXT.vocab(), 64)));
            }
        }
    }

    private static float[] losses(SmallModel model, ModelSpec spec, RopeScaling scaling, int context, int[] ids) {
        try (SmallModel copy = model.copy(PositionEncodings.Encoding.rope(spec, scaling, context))) {
            return copy.losses(new TokenBatch().add(ids));
        }
    }

    @Test
    void accuracyCountsTargetsThatAreMostProbable() throws CheckpointException {
        ModelSpec spec = MatchedSpec.of(Architecture.FULL, Size.SMALL, 64, 64);
        try (Workers workers = new Workers(2); SmallModel model = new SmallModel(spec, kernels(workers), 1)) {
            int[] ids = {1, 2, 3, 4, 5, 6, 7, 8};
            TokenBatch batch = new TokenBatch().add(ids);
            model.train(step -> new TokenBatch().add(ids), 60, 1e-2);
            assertEquals(1, model.accuracy(batch));
            assertEquals(0, model.accuracy(new TokenBatch().add(new int[] {1, 3, 5, 7, 9, 11, 13, 15})), 0.3);
        }
    }

    @Test
    void aRunIsNotRepeatedAndNoneStartsAfterTheTime(@TempDir Path folder) throws IOException {
        ModelSpec spec = MatchedSpec.of(Architecture.ELMAN, Size.SMALL, TEXT.vocab(), 64);
        List<Task> tasks = IntStream.range(0, 2).mapToObj(i -> new Task(Task.settings("index", i), spec,
                new RandomWindows(TEXT.training(), 1, 16, i), 2, () -> OptionalDouble.of(1e-3), i,
                (model, losses) -> Task.settings("loss", losses[1]))).toList();
        run(folder, 0, tasks, 2);
        assertFalse(Files.exists(folder.resolve("some.jsonl")));
        run(folder, 10, tasks.subList(0, 1), 0);
        String first = Files.readString(folder.resolve("some.jsonl"));
        run(folder, 10, tasks, 0);
        String both = Files.readString(folder.resolve("some.jsonl"));
        assertTrue(both.startsWith(first) && both.lines().count() == 2, both);
        run(folder, 0, tasks, 0);
        assertEquals(both, Files.readString(folder.resolve("some.jsonl")));
    }

    private static void run(Path folder, double minutes, List<Task> tasks, int left) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (Session session = new Session(Options.parse(new String[] {"--out", folder.toString(), "--minutes",
            Double.toString(minutes)}, 2), "some", new PrintStream(bytes, true, StandardCharsets.UTF_8))) {
            session.run(tasks);
            assertEquals(left, session.numLeft());
        }
    }

    @Test
    void timesAreMeasuredAndDrawn(@TempDir Path folder) throws IOException {
        try (Session session = new Session(Options.parse(new String[] {"--out", folder.toString()}, 1), "time",
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8))) {
            TimeByLength.run(session, List.of(16, 32), 0.01);
        }
        String table = Files.readString(folder.resolve("time.md"));
        String chart = Files.readString(folder.resolve("time.svg"));
        for (Architecture architecture : Architecture.values()) {
            assertTrue(table.contains("| " + architecture.label() + " | "), table);
            assertTrue(chart.contains(architecture.label()), chart);
        }
        assertFalse(table.contains("–"), table);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--seeds 1 | --out is missing",
        "--out a --seed 1 | unknown option --seed",
        "--out a --steps | --steps has no value",
        "--out a --steps many | --steps: found many",
        "--out a --steps 0 | --steps must be at least 1",
    })
    void wrongOptionsAreRefused(String args, String expected) {
        String message = assertThrows(IllegalArgumentException.class, () -> Options.parse(args.split(" "), 5))
                .getMessage();
        assertTrue(message.contains(expected) && message.contains("usage"), message);
    }
}
