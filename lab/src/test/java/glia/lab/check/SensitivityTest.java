package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A check that small deviations in the reference's numbers make fail, so that it can be believed when it passes.
class SensitivityTest {
    private static final Path GOLDEN = GoldenTest.folder("llama");

    @TempDir
    Path folder;

    /// The names of the lines that fail when the expected tensors were altered.
    private List<String> failing(Consumer<Map<String, Tensor>> alter) throws CheckpointException {
        try (SafetensorsCheckpoint original = SafetensorsCheckpoint.open(GOLDEN.resolve("expected.safetensors"));
                Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : original.names()) {
                Tensor t = original.tensor(name);
                Tensor copy = Tensor.allocate(arena, t.dtype(), t.shape());
                copy.copyFrom(t);
                tensors.put(name, copy);
            }
            alter.accept(tensors);
            SafetensorsWriter.write(folder.resolve("expected.safetensors"), tensors, Map.of());
        }
        List<String> failing = new ArrayList<>();
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(GOLDEN);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30)) {
            ModelCheck.run(folder, engine, line -> {
                if (!line.passed()) {
                    failing.add(line.what());
                }
            });
        }
        return failing;
    }

    @Test
    void unchangedNumbersPass() throws CheckpointException {
        assertEquals(List.of(), failing(tensors -> { }));
    }

    @Test
    void oneLogitFailsEveryWayOfFeeding() throws CheckpointException {
        assertEquals(6, failing(tensors -> {
            Tensor logits = tensors.get("logits");
            logits.set(777, logits.get(777) + 0.01f);
        }).size());
    }

    @Test
    void oneLogitThatIsNotANumberFails() throws CheckpointException {
        assertEquals(6, failing(tensors -> tensors.get("logits").set(5, Float.NaN)).size());
    }

    @Test
    void onePercentOfAGradientFails() throws CheckpointException {
        for (String name : List.of("model.norm.weight", "model.layers.2.self_attn.k_proj.weight")) {
            assertEquals(List.of("gradients, 39 tensors"), failing(tensors -> {
                Tensor gradient = tensors.get("grad." + name);
                float largest = 0;
                for (long i = 0; i < gradient.size(); i++) {
                    largest = Math.max(largest, Math.abs(gradient.get(i)));
                }
                gradient.set(3, gradient.get(3) + 0.01f * largest);
            }));
        }
    }

    @Test
    void oneTokenFails() throws CheckpointException {
        assertEquals(List.of("greedy tokens"), failing(tensors -> {
            Tensor greedy = tensors.get("greedy");
            long token = greedy.memory().getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, 15);
            greedy.memory().setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, 15, (token + 1) % 64);
        }));
    }

    @Test
    void aLossFails() throws CheckpointException {
        assertEquals(List.of("loss"), failing(tensors ->
                tensors.get("loss").set(0, tensors.get("loss").get(0) + 0.001f)));
    }
}
