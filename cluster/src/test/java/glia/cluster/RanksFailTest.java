package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cluster.TrainOnRanks.Outcome;
import glia.io.CheckpointException;
import glia.train.recipe.RecipeRun.Existing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Ranks that fail while they train: the others end, there is one error, and the run continues.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RanksFailTest {
    private static final int RANKS = 3;

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        TrainOnRanks.write(folder);
    }

    /// A rank that dies at an exchange, as a process that is killed does.
    private record Mortal(Collective living, AtomicLong exchanges, long last) implements Transport {
        @Override
        public int rank() {
            return living.rank();
        }

        @Override
        public int size() {
            return living.size();
        }

        @Override
        public void sendReceive(MemorySegment send, int to, MemorySegment receive, int from) {
            if (exchanges.incrementAndGet() == last) {
                throw new IllegalStateException("killed");
            }
            living.sendReceive(send, to, receive, from);
        }

        @Override
        public Transport duplicate() {
            return new Mortal(living.duplicate(), exchanges, last);
        }

        @Override
        public void barrier() {
            living.barrier();
        }

        @Override
        public void abort(String cause) {
            living.abort(cause);
        }

        @Override
        public void close() { }
    }

    /// Trains on ranks of which one dies.
    ///
    /// @param last the exchange at which it does
    /// @return exchanges of that rank
    private long train(String output, int dying, long last, Existing existing, String... words) throws IOException {
        AtomicLong exchanges = new AtomicLong();
        ThreadRanks.<IOException>run(RANKS, c -> Launch.runRank(c.rank() != dying ? c
                : new Collective(new Mortal(c, exchanges, last)), "best", "1", rank ->
                TrainOnRanks.train(rank, folder, TrainOnRanks.RECIPE, output, existing, figures -> { }, words)));
        return exchanges.get();
    }

    /// Three ranks die one after the other, each at a random exchange: of gradients, weights or numbers.
    @ParameterizedTest
    @ValueSource(strings = {"none", "weights"})
    void killedRunsContinueWithTheSameLosses(String shard) throws Exception {
        String[] words = {"steps=8", "save.every=2", "validate.every=4", "parallel.shard=" + shard};
        Outcome whole = TrainOnRanks.train(folder, "whole", RANKS, Existing.REFUSE, words);
        Random random = new Random(shard.hashCode());
        long all = train("counted", 1, Long.MAX_VALUE, Existing.REFUSE, words);
        // After the first checkpoint, so that there is a run; later ones have fewer exchanges.
        for (int dying = 0; dying < RANKS; dying++) {
            int rank = dying;
            long last = dying == 0 ? all / 2 : all / 8 + random.nextLong(all / 8);
            Existing existing = dying == 0 ? Existing.REFUSE : Existing.RESUME;
            assertEquals("killed", assertThrows(IllegalStateException.class, () ->
                    train("killed", rank, last, existing, words)).getMessage());
        }
        Outcome rest = TrainOnRanks.train(folder, "killed", RANKS, Existing.RESUME, words);
        int made = rest.losses().size();
        assertTrue(made > 0 && made < 8, "steps after the last kill: " + made);
        assertEquals(whole.losses().subList(8 - made, 8), rest.losses());
        assertEquals(whole.weights(), rest.weights());
    }

    /// Rank 0 cannot write a checkpoint any more; with room again the run continues.
    @Test
    void aRankWithoutDiskEndsTheRun() throws Exception {
        String[] words = {"steps=6", "save.every=2"};
        Outcome whole = TrainOnRanks.train(folder, "whole", RANKS, Existing.REFUSE, words);
        Path checkpoints = folder.resolve("full/checkpoints");
        Path aside = folder.resolve("aside");
        CheckpointException e = assertThrows(CheckpointException.class, () -> ThreadRanks.<IOException>run(RANKS, c ->
                Launch.runRank(c, "best", "1", rank -> TrainOnRanks.train(rank, folder, TrainOnRanks.RECIPE, "full",
                        Existing.REFUSE, figures -> {
                            if (rank.rank() == 0 && figures.step() == 3) {
                                try {
                                    Files.move(checkpoints, aside);
                                    Files.createFile(checkpoints);
                                } catch (IOException failed) {
                                    throw new UncheckedIOException(failed);
                                }
                            }
                        }, words))));
        assertTrue(e.getMessage().contains("cannot be written"), e.getMessage());
        Files.delete(checkpoints);
        Files.move(aside, checkpoints);
        Outcome rest = TrainOnRanks.train(folder, "full", RANKS, Existing.RESUME, words);
        assertEquals(whole.losses().subList(2, 6), rest.losses());
        assertEquals(whole.weights(), rest.weights());
    }

    private String failure(IntFunction<List<String>> outputAndWords) {
        return assertThrows(CheckpointException.class, () -> ThreadRanks.<IOException>run(RANKS, c ->
                Launch.runRank(c, "best", "1", rank -> {
                    List<String> own = outputAndWords.apply(rank.rank());
                    return TrainOnRanks.train(rank, folder, TrainOnRanks.RECIPE, own.getFirst(), Existing.REFUSE,
                            figures -> { }, own.subList(1, own.size()).toArray(String[]::new));
                }))).getMessage();
    }

    /// Folders that are not one, as on machines without a common file system, and other recipes.
    @Test
    void ranksThatDifferAreOneError() throws Exception {
        String recipe = failure(rank -> List.of("a", "steps=" + (rank == 1 ? 7 : 8)));
        assertTrue(recipe.contains("rank 1 has other values"), recipe);
        TrainOnRanks.train(folder, "other", 1, Existing.REFUSE, "steps=1", "seed=2");
        String weights = failure(rank -> List.of(rank == 2 ? "other" : "b", "steps=8"));
        assertTrue(weights.contains("rank 2 has other weights"), weights);
    }
}
