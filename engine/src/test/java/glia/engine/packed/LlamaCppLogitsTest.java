package glia.engine.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.gguf.GgufCheckpoint;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import glia.model.block.Pass.Outputs;
import glia.model.spec.Mixer;
import glia.model.spec.Place;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.Precision;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// GGUF models and an adapter give the logits of llama.cpp (`llama_cpp_logits.py`).
class LlamaCppLogitsTest {
    private static final int VOCABULARY = 260;
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path folder;

    private static Path file(String name) throws URISyntaxException {
        return Path.of(LlamaCppLogitsTest.class.getResource("/llama-cpp/" + name).toURI());
    }

    /// bitnet.cpp's files: weights in I2_S have the same values, the MLP squared ReLU. Files that are
    /// written from them hold the same.
    @Test
    void filesOfBitnetCppHaveTheSameWeights() throws IOException, URISyntaxException {
        Path again = folder.resolve("again.gguf");
        try (Model model = ModelLoader.load(file("bitnet.gguf")); Model i2s = ModelLoader.load(file("bitnet-i2s.gguf"));
                Arena arena = Arena.ofConfined()) {
            assertEquals(Activation.RELU_SQUARED, activation(i2s));
            GgufModelWriter.write(i2s, again, Optional.empty());
            try (Model read = ModelLoader.load(again)) {
                assertEquals(Activation.RELU_SQUARED, activation(read));
                model.weights().all().forEach((p, w) -> {
                    float[] wanted = w.toF32(arena).toArray();
                    assertArrayEquals(wanted, i2s.weights().get(p).toF32(arena).toArray(), 1e-9f, p::toString);
                    assertArrayEquals(wanted, read.weights().get(p).toF32(arena).toArray(), 1e-9f, p::toString);
                });
            }
        }
    }

    private static Activation activation(Model model) {
        return ((Mixer.GatedMlp) ((Mixer.SubNorm) model.spec().mixer(Place.of(1))).mixer()).activation();
    }

    private static void compare(String expected, Model model) throws IOException, URISyntaxException {
        float[] wanted = new float[16 * VOCABULARY];
        ByteBuffer.wrap(Files.readAllBytes(file(expected + ".logits"))).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                .get(wanted);
        int[] ids = new int[16];
        ids[0] = 1;
        for (int i = 0; i < 15; i++) {
            ids[i + 1] = (7 * i * i + 13 * i) % 250 + 5;
        }
        try (Workers workers = new Workers(1);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 24);
                Sequence sequence = engine.open()) {
            engine.add(sequence, ids, 0, ids.length, Outputs.ALL);
            PackedCheck.assertClose(wanted, engine.run().toArray(), TOLERANCE, expected);
        }
    }

    @Test
    void adaptersGiveTheSameLogits() throws IOException, URISyntaxException {
        try (Model model = ModelLoader.load(file("llama.gguf"));
                Adapters adapters = AdapterFolder.read(model, file("llama-adapter.gguf"))) {
            compare("llama", model);
            compare("llama-adapter", adapters.attach());
            ModelWriter.write(adapters.merged(), folder.resolve("merged"));
        }
        try (Model merged = ModelLoader.load(folder.resolve("merged"))) {
            compare("llama-adapter", merged);
        }
    }

    /// llama.cpp's `bitnet`, whose MLP has SiLU; as a folder it says so, and becomes a file with the same
    /// tensors again.
    @Test
    void bitNetGivesTheSameLogits() throws IOException, URISyntaxException {
        Path hub = folder.resolve("hub");
        Path again = folder.resolve("again.gguf");
        try (Model model = ModelLoader.load(file("bitnet.gguf"))) {
            compare("bitnet", model);
            ModelWriter.write(model, hub);
        }
        try (Model model = ModelLoader.load(hub)) {
            compare("bitnet", model);
            GgufModelWriter.write(model, again, Optional.empty());
        }
        try (GgufCheckpoint a = GgufCheckpoint.open(file("bitnet.gguf"));
                GgufCheckpoint b = GgufCheckpoint.open(again)) {
            assertEquals(a.names(), b.names());
            assertEquals("bitnet", b.metadata().string("general.architecture"));
        }
    }
}
