package glia.check.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.hub.Progress;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.block.Pass;
import glia.model.spec.RopeChange;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/// Models loaded with other relative positions.
class RelativeAttentionTest {
    private static final Path CASES = Path.of("src/test/resources/golden-training");

    private static LoadOptions options(RopeChange.Kind kind, double factor, int original) {
        return new LoadOptions(2, 300, "best", Precision.EXACT).withRope(Optional.of(new RopeChange(kind, factor,
                OptionalInt.of(original))));
    }

    private static float[] logits(LoadOptions options, int[] ids, int chunk) throws Exception {
        try (LoadedModel model = LoadedModel.load(CASES.resolve("model-gqa"), options, Progress.NONE);
                Sequence sequence = model.engine().open()) {
            Engine engine = model.engine();
            float[] last = {};
            for (int from = 0; from < ids.length; from += chunk) {
                engine.add(sequence, ids, from, Math.min(ids.length, from + chunk), Pass.Outputs.LAST);
                last = engine.run().toArray();
            }
            return last;
        }
    }

    /// The reference's logits of the last token; chunks and single tokens give the same.
    @Test
    void selfExtendIsTheReference() throws Exception {
        Path folder = CASES.resolve("positions/self_extend_4_64");
        try (SafetensorsCheckpoint tensors = SafetensorsCheckpoint.open(folder.resolve("tensors.safetensors"))) {
            int[] ids = CaseTensor.of(tensors.tensor("input_ids")).ints();
            int[] rows = CaseTensor.of(tensors.tensor("rows")).ints();
            assertEquals(ids.length - 1, rows[rows.length - 1]);
            double[] all = CaseTensor.of(tensors.tensor("logits")).values();
            float[] expected = new float[all.length / rows.length];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = (float) all[all.length - expected.length + i];
            }
            LoadOptions options = options(RopeChange.Kind.SELF_EXTEND, 2.5, 128);
            for (int chunk : new int[] {300, 77, 1}) {
                assertArrayEquals(expected, logits(options, ids, chunk), 1e-4f, "chunks of " + chunk);
            }
            float[] plain = logits(options(RopeChange.Kind.LINEAR, 1, 128), ids, 300);
            assertFalse(Arrays.equals(expected, plain));
            // A text of a single chunk has its own distances; longer ones do not depend on how they are read.
            assertArrayEquals(logits(options(RopeChange.Kind.LINEAR, 1, 300), ids, 300),
                    logits(options(RopeChange.Kind.DUAL_CHUNK, 4, 1000), ids, 300), 1e-4f);
            LoadOptions chunked = options(RopeChange.Kind.DUAL_CHUNK, 8, 64);
            float[] whole = logits(chunked, ids, 300);
            assertFalse(Arrays.equals(plain, whole));
            assertArrayEquals(whole, logits(chunked, ids, 41), 1e-4f);
            assertArrayEquals(whole, logits(chunked.withKeyValueType(KeyValueType.F32), ids, 1), 1e-4f);
        }
    }
}
