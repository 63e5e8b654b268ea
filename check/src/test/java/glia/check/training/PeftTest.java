package glia.check.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.check.reference.CaseTensor;
import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.score.Classifier;
import glia.io.Checkpoint;
import glia.io.file.AtomicFile.IfExists;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// PEFT loads an adapter that a recipe trained, and computes the same logits from an F32 folder of the base.
/// `GLIA_PYTHON` is a Python that has the packages torch, transformers and peft.
@Tag("peer")
class PeftTest {
    private static final double TOLERANCE = 1e-3;
    private static final String RECIPE = """
            task: pretrain
            adapter: {kind: lora, rank: 4, alpha: 8}
            data: {train: text.txt, validation_share: 0}
            batch: {context: 32, sequences: 2}
            optimizer: {learning_rate: 1e-2}
            steps: 3
            save: {every: 0}
            report: {html: false, norms_every: 0}
            """;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"stories260K", "HuggingFaceTB/SmolLM2-135M-Instruct"})
    void logitsAreThoseOfPeft(String name) throws Exception {
        String python = System.getenv("GLIA_PYTHON");
        assumeTrue(python != null, "GLIA_PYTHON names no Python with peft");
        Path base = new ModelLocator(HubSettings.fromEnvironment()).locate(name, Progress.NONE).path();
        try (Workers workers = new Workers(2)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Path adapter = train(base, kernels);
            compare(base, adapter, peft(python, "peft_logits.py", base, adapter), kernels);
        }
    }

    /// The head is trained as a whole and saved beside the adapter.
    @Test
    void scoresOfClassesAreThoseOfPeft() throws Exception {
        String python = System.getenv("GLIA_PYTHON");
        assumeTrue(python != null, "GLIA_PYTHON names no Python with peft");
        Path base = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        Files.writeString(folder.resolve("labels.jsonl"), ("{\"text\": \"Once upon a time\", \"label\": \"calm\"}\n"
                + "{\"text\": \"One day, a big dog\", \"label\": \"storm\"}\n").repeat(20));
        try (Workers workers = new Workers(2)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Path adapter = train(base, kernels, "task=classify", "data.train=" + folder.resolve("labels.jsonl"),
                    "steps=10");
            try (Checkpoint expected = SafetensorsCheckpoint.open(peft(python, "peft_scores.py", base, adapter));
                    LanguageModel model = LanguageModel.load(base, LoadOptions.defaults()
                            .withPrecision(Precision.EXACT).withAdapter(adapter))) {
                CaseTensor ids = CaseTensor.of(expected.tensor("input_ids"));
                float[] scores = expected.tensor("scores").toArray();
                for (int i = 0; i < ids.dim(0); i++) {
                    double[] found = new Classifier(model).scores(Arrays.copyOfRange(ids.ints(), i * ids.dim(1),
                            (i + 1) * ids.dim(1)));
                    assertEquals(2, found.length);
                    for (int c = 0; c < found.length; c++) {
                        assertEquals(scores[i * found.length + c], found[c], TOLERANCE);
                    }
                }
            }
        }
    }

    /// Runs a script with an F32 copy of the base, and returns what it wrote.
    private Path peft(String python, String script, Path base, Path adapter) throws Exception {
        Path plain = folder.resolve("plain");
        try (Model copy = ModelLoader.load(base, p -> true)) {
            ModelWriter.write(copy, copy.weights(), plain, Optional.of(DType.F32), IfExists.FAIL);
        }
        Path out = folder.resolve("peft.safetensors");
        Process process = new ProcessBuilder(python, Path.of("src/test/python", script).toString(),
                plain.toString(), adapter.toString(), out.toString()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return out;
    }

    private Path train(Path base, Kernels kernels, String... overrides) throws Exception {
        Files.writeString(folder.resolve("text.txt"), "Once upon a time there was a girl who liked to read.\n"
                .repeat(40));
        List<String> words = new ArrayList<>(List.of(overrides));
        words.add("model.path=" + base);
        Recipe recipe = Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), RECIPE), words);
        RunFolder run = new RunFolder(folder.resolve("run"));
        try (RecipeRun each = RecipeRun.prepare(recipe, run, kernels, Path::of, RecipeRun.Existing.REFUSE)) {
            assertTrue(each.run(Map.of(), warning -> { }));
        }
        return run.model();
    }

    private static void compare(Path base, Path adapter, Path reference, Kernels kernels) throws Exception {
        try (Model model = ModelLoader.load(base); Adapters adapters = AdapterFolder.read(model, adapter);
                Checkpoint expected = SafetensorsCheckpoint.open(reference)) {
            Tensor ids = expected.tensor("input_ids");
            double withAdapter = difference(adapters.attach(), ids, expected.tensor("logits"), kernels);
            double without = difference(model, ids, expected.tensor("logits_base"), kernels);
            double change = difference(model, ids, expected.tensor("logits"), kernels);
            System.out.printf("%s: %.1e with the adapter, %.1e without; the adapter changes %.1e%n", base, withAdapter,
                    without, change);
            assertTrue(withAdapter <= TOLERANCE && without <= TOLERANCE, withAdapter + ", " + without);
            assertTrue(change > 100 * TOLERANCE, "the adapter changes logits by " + change + " only");
        }
    }

    private static double difference(Model model, Tensor ids, Tensor expected, Kernels kernels) {
        CaseTensor texts = CaseTensor.of(ids);
        Pass pass = new Pass();
        for (int i = 0; i < texts.dim(0); i++) {
            int[] text = Arrays.copyOfRange(texts.ints(), i * texts.dim(1), (i + 1) * texts.dim(1));
            pass.add(text, 0, text.length, 0, Pass.Outputs.ALL);
        }
        double most = 0;
        try (Compute ops = new Compute(kernels, Precision.EXACT)) {
            Tensor logits = model.decoder().forward(ops, pass, States.NONE);
            for (long i = 0; i < expected.size(); i++) {
                most = Math.max(most, Math.abs(logits.get(i) - expected.get(i)));
            }
        }
        return most;
    }
}
