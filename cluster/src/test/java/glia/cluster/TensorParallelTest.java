package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.kernels.KernelBackends;
import glia.model.Division;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.block.Pass.Outputs;
import glia.model.fresh.NewModels;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.RankGroup;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Logits of a model whose heads and MLP columns are divided among ranks.
class TensorParallelTest {
    private static final int[] IDS = {3, 14, 15, 9, 26, 5, 35, 8, 9, 7, 9, 3};
    private static final long STATE_BYTES = 1 << 22;

    private record Computed(float[] logits, long stateBytes, long sent) { }

    private static Model model(String family) throws Exception {
        // MLPs of a width that eight ranks do not divide evenly.
        return FreshModel.create(NewModels.config(family, family.equals("mixtral")
                ? Map.of("hidden", 64, "layers", 4, "heads", 8, "kv-heads", 4, "experts", 6, "vocab", 40)
                : List.of("gpt2", "bloom", "deepseek_v2").contains(family)
                ? Map.of("hidden", 64, "layers", 2, "heads", 8, "vocab", 40)
                : Map.of("hidden", 64, "layers", 2, "heads", 8, "kv-heads", 4, "mlp", 172, "vocab",
                        40)), 5);
    }

    /// Logits of a prompt, and of tokens one by one after it.
    private static Computed compute(Model model) {
        return compute(model, IDS, 8);
    }

    private static Computed compute(Model model, int[] ids, int prompt) {
        try (Workers workers = new Workers(1);
                Engine engine = new Engine(model, KernelBackends.choose("best", workers).kernels(), Precision.EXACT,
                        STATE_BYTES);
                Sequence sequence = engine.open()) {
            engine.add(sequence, ids, 0, prompt, Outputs.ALL);
            float[] all = Arrays.copyOf(engine.run().toArray(), ids.length * 40);
            for (int i = prompt; i < ids.length; i++) {
                engine.add(sequence, ids, i, i + 1, Outputs.LAST);
                System.arraycopy(engine.run().toArray(), 0, all, i * 40, 40);
            }
            return new Computed(all, engine.stateBytes(), 0);
        }
    }

    private static Computed onRanks(String family, int ranks) throws Exception {
        return onRanks(family, Division.TENSOR, ranks);
    }

    private static Computed onRanks(String family, Division division, int ranks) throws Exception {
        return onRanks(family, division, ranks, IDS, 8);
    }

    private static Computed onRanks(String family, Division division, int ranks, int[] ids, int prompt)
            throws Exception {
        Computed[] all = new Computed[ranks];
        ThreadRanks.<Exception>run(ranks, collective -> {
            try (Model whole = model(family)) {
                Computed own = compute(whole.divided(division, collective), ids, prompt);
                all[collective.rank()] = new Computed(own.logits, own.stateBytes, collective.bytesSent());
                collective.barrier();
            }
            return 0;
        });
        for (Computed each : all) {
            assertArrayEquals(all[0].logits, each.logits);
        }
        return new Computed(all[0].logits, all[0].stateBytes, Arrays.stream(all).mapToLong(Computed::sent).sum());
    }

    @ParameterizedTest
    @CsvSource({"llama,4", "gpt2,8"})
    void logitsHaveTheSameBitsOnAnyNumberOfRanks(String family, int most) throws Exception {
        Computed plain;
        try (Model whole = model(family)) {
            plain = compute(whole);
        }
        Computed one = onRanks(family, 1);
        assertArrayEquals(plain.logits, one.logits, 1e-5f);
        for (int ranks = 2; ranks <= 8; ranks *= 2) {
            Computed several = onRanks(family, ranks);
            assertArrayEquals(one.logits, several.logits, ranks + " ranks");
            if (ranks <= most) {
                assertEquals(plain.stateBytes / ranks, several.stateBytes, "a rank has the KV cache of its heads");
                // All ranks: two sums a layer of 64 columns, of 12 tokens.
                assertEquals(2L * (ranks - 1) * 4 * IDS.length * 64 * 2 * 2, several.sent);
            }
        }
    }

    /// Layers and their KV cache, or experts, on ranks of their own.
    @ParameterizedTest
    @CsvSource({"PIPELINE,2", "PIPELINE,3", "PIPELINE,4", "EXPERT,2", "EXPERT,4"})
    void ranksWithLayersOrExpertsHaveTheBitsOfOneProcess(Division division, int ranks) throws Exception {
        Computed plain;
        try (Model whole = model("mixtral")) {
            plain = compute(whole);
        }
        Computed several = onRanks("mixtral", division, ranks);
        assertArrayEquals(plain.logits, several.logits);
        // The stream from rank to rank, and that of the last one to all; or the rows of two experts of each token.
        long rows = division == Division.PIPELINE ? 2 : 4 * 2;
        assertEquals(rows * (ranks - 1) * 4 * IDS.length * 64, several.sent);
        if (division == Division.PIPELINE && ranks != 3) {
            assertEquals(plain.stateBytes / ranks, several.stateBytes, "a rank has the KV cache of its layers");
        }
    }

    /// Blocks of 64 positions of the KV cache on ranks in turn, but for sliding windows.
    @ParameterizedTest
    @CsvSource({"llama,2,100", "llama,3,290", "gemma2,2,250"})
    void ranksWithPartsOfTheCacheHaveTheLogitsOfOneProcess(String family, int ranks, int prompt) throws Exception {
        int[] ids = IntStream.range(0, 300).map(t -> (t * t + 7 * t) % 40).toArray();
        Computed plain;
        try (Model whole = model(family)) {
            plain = compute(whole, ids, prompt);
        }
        Computed several = onRanks(family, Division.CONTEXT, ranks, ids, prompt);
        assertArrayEquals(plain.logits, several.logits, 1e-5f);
        int layers = family.equals("llama") ? 2 : 1;
        assertEquals(layers * (ranks - 1) * ranks * 4L * ids.length * 8 * (8 + 1), several.sent);
        if (family.equals("llama")) {
            // Five blocks of two layers with 32 numbers of keys and of values; nothing but 64 bytes of other ranks'.
            long block = 2 * 64 * (32 + 32) * 4;
            int own = Math.ceilDiv(5, ranks);
            assertEquals(own * block + (5 - own) * 64, several.stateBytes);
        }
    }

    @Test
    void whatCannotBeDividedIsAnError() {
        for (Division division : List.of(Division.PIPELINE, Division.EXPERT)) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> onRanks("llama", division,
                    3));
            assertTrue(e.getMessage().contains("divide"), e.getMessage());
        }
        for (String family : List.of("bloom", "deepseek_v2")) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> onRanks(family,
                    Division.CONTEXT, 2));
            assertTrue(e.getMessage().contains("ranks divide KV caches of softmax attention"), e.getMessage());
        }
    }

    @Test
    void threeRanksAreAnError() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> onRanks("llama", 3));
        assertTrue(e.getMessage().contains("expected 1, 2, 4 or 8"), e.getMessage());
        try (Model whole = model("llama")) {
            assertEquals(0, whole.dividedProducts().sums().size());
            assertEquals(4, whole.divided(Division.TENSOR, RankGroup.ONE).dividedProducts().sums().size());
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }
}
