package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.lab.check.FamilyInvariantsTest.Feeder;
import glia.tensor.kernel.KeyValueType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A KV cache of rounded numbers: a text may be fed in any way, since a token sees the rounded keys and values of its
/// own pass as later ones do.
class KeyValueTypesTest {
    /// Plain attention, windows, chunks, sinks, biases by distance, latents, indexers, encoders, recurrences beside
    /// attention, a head size that fills no block.
    private static final List<String> FOLDERS = List.of("llama", "gpt2_odd", "gemma2", "gemma3_text", "gemma4_shared",
            "gpt_oss", "llama4_text", "mpt", "deepseek_v3", "deepseek_v32", "glm_moe_dsa", "minimax", "qwen3_next",
            "jamba", "t5");

    private static final double TOLERANCE = 1e-4;

    static Stream<Object[]> cases() {
        return FOLDERS.stream().flatMap(folder -> Stream.of(KeyValueType.BF16, KeyValueType.INT8, KeyValueType.Q5_Q4)
                .flatMap(type -> Stream.of("scalar", "auto").map(set -> new Object[] {folder, type, set})));
    }

    private static double difference(float[] a, float[] b) {
        assertEquals(a.length, b.length);
        double most = 0;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Math.abs((double) a[i] - b[i]));
        }
        return most;
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void aTextMayBeFedInAnyWay(String folder, KeyValueType type, String kernels) throws CheckpointException {
        try (Feeder exact = new Feeder(folder, KeyValueType.F32, kernels, false);
                Feeder f = new Feeder(folder, type, kernels, false)) {
            int[] ids = f.ids[0];
            float[] whole = f.pieces(0, ids, ids.length);
            double rounding = difference(exact.pieces(0, ids, ids.length), whole);
            assertTrue(rounding > 10 * TOLERANCE, "rounding changes logits by " + rounding);
            // Kernels that add in another order for other numbers of tokens may have a number on the other side of the
            // middle between two steps. The scalar ones add in one order.
            double tolerance = kernels.equals("scalar") ? TOLERANCE : Math.max(TOLERANCE, rounding / 2);
            compare("token by token", whole, f.pieces(0, ids, 1), tolerance);
            compare("pieces of 3", whole, f.pieces(0, ids, 3), tolerance);
            compare("a prompt, then tokens", whole, f.pieces(0, ids, ids.length / 2, 1), tolerance);
            compare("batched", whole, FamilyInvariantsTest.inABatch(f), tolerance);
            compare("a fork", tail(f, whole), forked(f), tolerance);
        }
    }

    private static void compare(String what, float[] expected, float[] found, double tolerance) {
        double difference = difference(expected, found);
        assertTrue(difference <= tolerance, what + " differs by " + difference + ", at most " + tolerance);
    }

    /// The logits of a text's second half.
    private static float[] tail(Feeder f, float[] whole) {
        return Arrays.copyOfRange(whole, f.ids[0].length / 2 * f.model.spec().vocabSize(), whole.length);
    }

    /// The same of a copy of a sequence that has the first half.
    private static float[] forked(Feeder f) {
        int[] ids = f.ids[0];
        int half = ids.length / 2;
        try (Sequence first = f.engine.open()) {
            f.feed(first, 0, ids, 0, half);
            try (Sequence fork = first.fork()) {
                f.feed(first, 0, ids, 0, ids.length - half);
                return f.feed(fork, 0, ids, half, ids.length);
            }
        }
    }
}
