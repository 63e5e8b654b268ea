package glia.lab.experts;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.engine.inspect.ExpertLoad;
import glia.engine.pass.Engine;
import glia.lab.RoutingStatistics;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.TinyModel;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What no token chose is not read from the file: its pages never become resident.
class UnreadExpertsTest {
    private static final int EXPERTS = 16;
    private static final int HIDDEN = 256;
    private static final int WIDTH = 512;
    /// Three matrices of F32.
    private static final long EXPERT_BYTES = 3L * HIDDEN * WIDTH * Float.BYTES;
    /// All else, and the neighbors that the system maps beside a page that is read.
    private static final long OTHER_BYTES = 2 << 20;

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "llama4_text"})
    void onlyPagesOfChosenExpertsAreRead(String family) throws IOException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/smaps")), "the system lists resident pages");
        TinyModel.write(folder, """
                {"model_type": "%s", "vocab_size": 37, "hidden_size": %d, "intermediate_size": %d,
                "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
                "max_position_embeddings": 64, "num_local_experts": %d, "num_experts_per_tok": 2,
                "intermediate_size_mlp": 16, "hidden_act": "silu"}""".formatted(family, HIDDEN, WIDTH, EXPERTS), 3);
        try (Model model = ModelLoader.load(folder); Workers workers = new Workers(1);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30)) {
            ExpertLoad layer = RoutingStatistics.of(engine, new int[] {7}).layers().getFirst();
            assertTrue(layer.numUnused() >= EXPERTS - 2);
            long resident = residentBytes(folder.resolve("model.safetensors"));
            assertTrue(resident >= 2 * EXPERT_BYTES, resident + " bytes of the chosen experts");
            long most = 2 * EXPERT_BYTES + (family.equals("llama4_text") ? EXPERT_BYTES : 0) + OTHER_BYTES;
            assertTrue(resident <= most, resident + " bytes were read, at most " + most + " expected of "
                    + EXPERTS * EXPERT_BYTES);
        }
    }

    private static long residentBytes(Path file) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        long sum = 0;
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).endsWith(file.toRealPath().toString())) {
                for (int j = i + 1; j < lines.size() && lines.get(j).matches("\\w+: .*"); j++) {
                    if (lines.get(j).startsWith("Rss:")) {
                        sum += Long.parseLong(lines.get(j).replaceAll("\\D", "")) << 10;
                    }
                }
            }
        }
        return sum;
    }
}
