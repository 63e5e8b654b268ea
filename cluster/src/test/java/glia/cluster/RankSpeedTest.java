package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.train.recipe.RecipeRun.Existing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The speed of two ranks with a thread each beside that of one rank with two threads. A quiet machine with two
/// processors or more.
@Tag("slow")
class RankSpeedTest {
    private static final int ROUNDS = 3;

    @TempDir
    private Path folder;

    /// The median seconds of a step.
    private double seconds(String output, int ranks, int threads) throws IOException {
        List<Double> seconds = Collections.synchronizedList(new ArrayList<>());
        Launch.<IOException>run(ranks, "best", "1", System.err, rank -> TrainOnRanks.train(rank, threads, folder,
                TrainOnRanks.RECIPE, output, Existing.REFUSE, figures -> {
                    if (rank.rank() == 0) {
                        seconds.add(figures.seconds());
                    }
                }, "model.new.hidden=256", "model.new.layers=4", "model.new.heads=4", "batch.context=32", "steps=13",
                "batch.sequences=16", "validate.every=0", "report.norms_every=0", "batch.accumulate=" + 2 / ranks));
        return seconds.subList(3, seconds.size()).stream().sorted().toList().get((seconds.size() - 3) / 2);
    }

    @Test
    void twoRanksAreAsFastAsTwoThreads() throws IOException {
        TrainOnRanks.write(folder);
        double threads = Double.POSITIVE_INFINITY;
        double ranks = Double.POSITIVE_INFINITY;
        for (int i = 0; i < ROUNDS; i++) {
            threads = Math.min(threads, seconds("threads" + i, 1, 2));
            ranks = Math.min(ranks, seconds("ranks" + i, 2, 1));
        }
        assertEquals(-1, Files.mismatch(folder.resolve("threads0/model/model.safetensors"),
                folder.resolve("ranks0/model/model.safetensors")), "the same weights");
        String measured = String.format(Locale.ROOT, "a step of two ranks takes %.3f s, of two threads %.3f s: %.2f "
                + "times the speed", ranks, threads, threads / ranks);
        System.out.println(measured);
        assertTrue(threads >= 0.9 * ranks, measured);
    }
}
