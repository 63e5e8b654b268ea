package glia.engine.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.engine.inspect.ModelSummary;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.ParameterAdapters;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.block.Weights;
import glia.model.quant.HubLayout;
import glia.model.quant.PackedModels;
import glia.model.spec.Parameter;
import glia.model.write.ModelWriter;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Models with packed weights give what the same models give with the numbers that the codes stand for.
@Timeout(300)
class PackedWeightsTest {
    private static final int[] IDS = PackedCheck.IDS;

    @TempDir
    Path folder;

    private Path packed() {
        return folder.resolve("packed");
    }

    private Path dense() {
        return folder.resolve("dense");
    }

    /// A llama whose matrices do not fill the last blocks, or the last groups.
    private void writeOdd(HubLayout layout) throws IOException {
        Path source = Files.createDirectories(folder.resolve("source"));
        String config = new TinyConfig("llama", 2, 4, 2, 8, 0, 160, 264).json();
        TinyModel.write(source, config, 3);
        PackedModels.write(source, config, layout, packed(), dense());
    }

    private void writeGolden(HubLayout layout) throws IOException, URISyntaxException {
        Path source = Path.of(PackedWeightsTest.class.getResource("/golden/llama").toURI());
        PackedModels.write(source, Files.readString(source.resolve("config.json")), layout, packed(), dense());
    }

    @ParameterizedTest
    @EnumSource
    void logitsAreThoseOfTheNumbers(HubLayout layout) throws IOException {
        writeOdd(layout);
        PackedCheck.logits(packed(), dense());
    }

    @ParameterizedTest
    @EnumSource
    void goldenLogitsAreThoseOfTheNumbers(HubLayout layout) throws IOException, URISyntaxException {
        writeGolden(layout);
        PackedCheck.logits(packed(), dense());
    }

    @ParameterizedTest
    @EnumSource
    void weightsStayPacked(HubLayout layout) throws IOException {
        writeOdd(layout);
        try (Model model = ModelLoader.load(packed()); Model wide = ModelLoader.load(dense())) {
            long numPacked = model.weights().all().values().stream().filter(w -> w instanceof Weight.Quantized).count();
            assertTrue(numPacked >= 13, () -> numPacked + " packed");
            ModelSummary facts = ModelSummary.of(model);
            assertEquals(ModelSummary.of(wide).parameters(), facts.parameters());
            long bytes = facts.dtypes().entrySet().stream().filter(e -> !e.getKey().equals("F32"))
                    .mapToLong(Map.Entry::getValue).sum();
            assertTrue(bytes > 0 && bytes < ModelSummary.of(wide).weightBytes() / 2, facts.dtypes()::toString);
        }
    }

    @ParameterizedTest
    @EnumSource
    void gradientsAreThoseOfTheNumbers(HubLayout layout) throws IOException {
        writeOdd(layout);
        for (String kernels : KernelNames.here()) {
            Map<String, float[]> expected = gradients(dense(), kernels);
            Map<String, float[]> found = gradients(packed(), kernels);
            assertEquals(expected.keySet(), found.keySet());
            expected.forEach((name, numbers) -> PackedCheck.assertClose(numbers, found.get(name), 1e-4, name));
        }
    }

    private static Map<String, float[]> gradients(Path path, String kernels) throws IOException {
        try (Model model = ModelLoader.load(path); Workers workers = new Workers(2);
                TrainingPass training = TrainingPass.of(model, KernelBackends.choose(kernels, workers).kernels(),
                        TrainingOptions.defaults())) {
            training.loss(new TokenBatch().add(IDS));
            Map<String, float[]> all = new TreeMap<>();
            training.gradients().forEach((name, t) -> all.put(name, t.toArray()));
            return all;
        }
    }

    @Test
    void savingKeepsThemPacked() throws IOException {
        writeOdd(HubLayout.INT4_ASYMMETRIC);
        Path saved = folder.resolve("saved");
        try (Model model = ModelLoader.load(packed()); Model wide = ModelLoader.load(dense())) {
            ModelWriter.write(model, saved);
            Map<Parameter, Weight> one = new HashMap<>(model.weights().all());
            Parameter packed = one.keySet().stream().filter(p -> one.get(p) instanceof Weight.Quantized).findFirst()
                    .orElseThrow();
            one.put(packed, wide.weights().get(packed));
            String message = assertThrows(IllegalArgumentException.class,
                    () -> ModelWriter.write(model, new Weights(one), folder.resolve("other"))).getMessage();
            assertTrue(message.contains("all of them packed or none"), message);
        }
        for (String file : List.of("model.safetensors", "config.json")) {
            assertEquals(-1, Files.mismatch(saved.resolve(file), packed().resolve(file)), file);
        }
    }

    /// Adapters of packed weights learn what those of the same numbers in F32 learn, and nothing is unpacked.
    @ParameterizedTest
    @EnumSource(value = HubLayout.class, names = {"FP8", "GPTQ", "GPTQ_ACT_ORDER", "AWQ", "INT4", "MXFP4"})
    void adaptersOfPackedWeightsLearn(HubLayout layout) throws IOException {
        writeOdd(layout);
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(packed());
                Model wide = ModelLoader.load(dense())) {
            for (String name : KernelNames.here()) {
                Kernels kernels = KernelBackends.choose(name, workers).kernels();
                List<float[]> expected = adapted(wide, model, kernels);
                List<float[]> found = adapted(model, model, kernels);
                assertEquals(expected.size(), found.size());
                for (int i = 0; i < found.size(); i++) {
                    float[] e = expected.get(i);
                    float largest = 0;
                    for (float x : e) {
                        largest = Math.max(largest, Math.abs(x));
                    }
                    assertTrue(largest > 0, name);
                    assertArrayEquals(e, found.get(i), 1e-3f * largest, name);
                }
            }
        }
    }

    /// The logits, then the gradients of all factors.
    ///
    /// @param packed selects the weights that get adapters
    private static List<float[]> adapted(Model model, Model packed, Kernels kernels) {
        try (ParameterAdapters adapters = ParameterAdapters.random(model,
                p -> packed.weights().get(p) instanceof Weight.Quantized, 2, 0.5f, 9);
                Gradients gradients = new Gradients();
                Recorder recorder = new Recorder(kernels, gradients, adapters::contains)) {
            Pass pass = new Pass().add(IDS, 0, IDS.length, 0, Outputs.ALL);
            Tensor logits = adapters.attach().decoder().forward(recorder, pass, States.NONE);
            List<float[]> all = new ArrayList<>(List.of(logits.toArray()));
            int[] targets = new int[IDS.length];
            Arrays.fill(targets, 3);
            recorder.crossEntropy(logits, targets);
            recorder.backward();
            adapters.all().values().forEach(w -> {
                assertTrue(gradients.find(w.base()).isEmpty());
                all.add(gradients.of(w.a()).toArray());
                all.add(gradients.of(w.b()).toArray());
            });
            return all;
        }
    }

    /// Weights in F32, updated and saved: a folder of plain weights, that is loaded again with the same numbers.
    @ParameterizedTest
    @EnumSource(HubLayout.class)
    void copiesAreUpdatedAndSavedPlain(HubLayout layout) throws IOException {
        writeOdd(layout);
        Path saved = folder.resolve("saved");
        try (Model copied = ModelLoader.load(packed(), p -> true); Model wide = ModelLoader.load(dense());
                Arena arena = Arena.ofConfined()) {
            copied.weights().all().forEach((p, w) -> {
                assertArrayEquals(wide.weights().get(p).toF32(arena).toArray(), w.toF32(arena).toArray(), 1e-6f,
                        p::toString);
                ((Weight.Stored) w).update(t -> t.set(0, t.get(0) + 1));
            });
            ModelWriter.write(copied, saved);
            assertFalse(Files.readString(saved.resolve("config.json")).contains("quantization_config"));
            try (Model loaded = ModelLoader.load(saved)) {
                copied.weights().all().forEach((p, w) -> assertArrayEquals(w.toF32(arena).toArray(),
                        loaded.weights().get(p).toF32(arena).toArray(), p::toString));
            }
        }
    }

    @Test
    void formatsHaveNamesForPeople() throws IOException {
        Map<HubLayout, String> names = Map.of(HubLayout.FP8, "FP8 E4M3 128×128", HubLayout.GPTQ, "GPTQ 4-bit g32",
                HubLayout.GPTQ_ACT_ORDER, "GPTQ 4-bit g40 act-order", HubLayout.AWQ, "AWQ 4-bit g64",
                HubLayout.INT4, "int4 g32", HubLayout.NVFP4, "NVFP4", HubLayout.MXFP4, "MXFP4");
        for (Map.Entry<HubLayout, String> entry : names.entrySet()) {
            writeOdd(entry.getKey());
            try (Model model = ModelLoader.load(packed())) {
                assertTrue(ModelSummary.of(model).dtypes().containsKey(entry.getValue()),
                        () -> entry.getValue() + " is not among " + ModelSummary.of(model).dtypes());
            }
        }
    }
}
