package glia.reason.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.EffortRouter;
import glia.io.CheckpointException;
import glia.reason.search.RouterTraining.Outcomes;
import glia.reason.search.RouterTraining.Trained;
import glia.text.thinking.Effort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Questions of which half are easy: right at any effort; the others need high effort.
class RouterTrainingTest {
    private static final int SIZE = 40;
    private static final int[] TOKENS = {10, 100, 400};

    @TempDir
    Path folder;

    /// Features of which some say whether a question is easy, with noise.
    private static float[] features(boolean isEasy, SplittableRandom random) {
        float[] features = new float[SIZE];
        for (int i = 0; i < SIZE; i++) {
            features[i] = (float) (5 + random.nextGaussian() + (i % 7 == 0 ? isEasy ? 1.5 : -1.5 : 0));
        }
        return features;
    }

    private record Data(List<float[]> features, List<Outcomes> outcomes) { }

    private static Data data(int count, double easy, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<float[]> features = new ArrayList<>();
        boolean[][] right = new boolean[3][count];
        long[][] tokens = new long[3][count];
        for (int i = 0; i < count; i++) {
            boolean isEasy = random.nextDouble() < easy;
            features.add(features(isEasy, random));
            for (int e = 0; e < 3; e++) {
                right[e][i] = random.nextDouble() < (isEasy ? 0.95 : new double[] {0.05, 0.2, 0.95}[e]);
                tokens[e][i] = TOKENS[e];
            }
        }
        // Not in the order of tokens.
        return new Data(features, List.of(new Outcomes(Effort.HIGH, right[2], tokens[2]),
                new Outcomes(Effort.INSTANT, right[0], tokens[0]), new Outcomes(Effort.LOW, right[1], tokens[1])));
    }

    @Test
    void easyQuestionsGetLittleEffort() {
        Data train = data(300, 0.6, 1);
        Trained trained = RouterTraining.train(train.features, train.outcomes, 0.01);
        assertEquals(List.of(Effort.INSTANT, Effort.LOW, Effort.HIGH),
                trained.router().probes().stream().map(EffortRouter.Probe::effort).toList());
        Data fresh = data(2000, 0.6, 2);
        int right = 0;
        long tokens = 0;
        for (int i = 0; i < 2000; i++) {
            Effort effort = trained.router().choose(fresh.features.get(i));
            Outcomes outcomes = fresh.outcomes.stream().filter(o -> o.effort() == effort).findFirst().orElseThrow();
            right += outcomes.right()[i] ? 1 : 0;
            tokens += outcomes.tokens()[i];
        }
        double high = fresh.outcomes.getFirst().accuracy();
        assertTrue(right / 2000.0 >= high - 0.02, right / 2000.0 + " " + high);
        assertTrue(tokens / 2000.0 <= 0.6 * 400, tokens / 2000.0 + " tokens");
    }

    @Test
    void featuresThatSayNothingKeepTheAccuracy() {
        Data train = data(200, 0.5, 3);
        SplittableRandom random = new SplittableRandom(4);
        List<float[]> noise = train.features.stream().map(f -> features(random.nextBoolean(), random)).toList();
        Trained trained = RouterTraining.train(noise, train.outcomes, 0.01);
        assertTrue(trained.accuracy() >= train.outcomes.getFirst().accuracy() - 0.01 - 1e-9);
        assertTrue(trained.tokens() > 200);
    }

    @Test
    void effortsThatAreAlwaysRightOrWrongAreFine() {
        Data train = data(50, 0.5, 5);
        boolean[] all = new boolean[50];
        Arrays.fill(all, true);
        List<float[]> constant = train.features.stream().map(f -> new float[] {1, 2}).toList();
        Trained trained = RouterTraining.train(constant, List.of(new Outcomes(Effort.LOW, all, new long[50]),
                new Outcomes(Effort.INSTANT, new boolean[50], new long[50])), 0.01);
        assertEquals(Effort.LOW, trained.router().choose(new float[] {1, 2}));
        assertEquals(1, trained.accuracy());
        assertThrows(IllegalArgumentException.class, () -> RouterTraining.train(constant.subList(0, 5),
                train.outcomes, 0.01));
        assertThrows(IllegalArgumentException.class, () -> trained.router().choose(new float[3]));
    }

    @Test
    void theFileGivesTheSameChoices() throws Exception {
        Data train = data(100, 0.5, 6);
        EffortRouter router = RouterTraining.train(train.features, train.outcomes, 0.01).router();
        Path file = EffortRouter.file(folder);
        router.write(file);
        EffortRouter read = EffortRouter.read(file);
        for (float[] features : train.features) {
            assertArrayEquals(router.probabilities(features), read.probabilities(features), 1e-4);
        }
        assertEquals(folder.resolve("m.router.json"), EffortRouter.file(folder.resolve("m.gguf")));
        Files.writeString(file, Files.readString(file).replace("\"instant\"", "\"huge\""));
        assertTrue(assertThrows(CheckpointException.class, () -> EffortRouter.read(file)).getMessage()
                .contains("found 'huge', expected instant"));
    }
}
