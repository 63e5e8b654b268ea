package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.ModelSpec;
import glia.model.spec.RopeChange;
import glia.model.write.GgufModelWriter;
import glia.tensor.kernel.Workers;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.run.TrainingListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A trained model gets a longer context, by another scaling of its rotary positions and training on long texts.
class LengthenTest {
    private static final String FIRST = """
            model: {new: {family: llama, hidden: 32, layers: 2, heads: 2, context: 32}}
            tokenizer: {train: characters}
            data: {train: text.txt}
            batch: {context: 32, sequences: 2}
            steps: 2
            """;
    private static final String LONGER = """
            model: {path: first/model, rope_scaling: yarn, rope_scale: 4}
            data: {train: text.txt}
            batch: {sequences: 1, activation_checkpointing: 2}
            steps: 2
            """;

    @TempDir
    private Path folder;

    private void run(String yaml, String output, boolean isStopped, Existing existing, String... more)
            throws Exception {
        try (Workers workers = new Workers(1);
                RecipeRun run = RecipeRun.prepare(Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), yaml),
                        List.of(more)), new RunFolder(folder.resolve(output)),
                        KernelBackends.choose("best", workers).kernels(), Path::of, existing)) {
            if (isStopped) {
                run.listen(new TrainingListener() {
                    @Override
                    public void step(StepFigures figures) {
                        run.stop();
                    }
                });
            }
            run.run(Map.of(), warning -> { });
        }
    }

    private void refused(String words, String... more) {
        String message = assertThrows(CheckpointException.class, () -> run(LONGER, "refused", false, Existing.REFUSE,
                more)).getMessage();
        assertTrue(message.contains(words), message);
    }

    private static ModelSpec spec(Path path) throws CheckpointException {
        try (Model model = ModelLoader.load(path)) {
            return model.spec();
        }
    }

    @Test
    void theResultHasTheScalingThatOptionsGive() throws Exception {
        Files.writeString(folder.resolve("text.txt"), "to be or not to be, that is the question. ".repeat(100));
        run(FIRST, "first", false, Existing.REFUSE);
        Path first = folder.resolve("first/model");
        ModelSpec before = spec(first);
        RopeChange base = new RopeChange(RopeChange.Kind.BASE, 4, OptionalInt.empty());
        RopeChange yarn = new RopeChange(RopeChange.Kind.YARN, 4, OptionalInt.empty());
        run(LONGER, "base", true, Existing.REFUSE, "model.rope_scaling=base");
        run(LONGER, "base", false, Existing.RESUME, "model.rope_scaling=base");
        assertEquals(base.apply(before).sublayers(), spec(folder.resolve("base/model")).sublayers());
        assertEquals(128, spec(folder.resolve("base/model")).contextLength());
        Path gguf = folder.resolve("first.gguf");
        try (Model model = ModelLoader.load(first)) {
            GgufModelWriter.write(model, gguf, Optional.empty());
        }
        for (String path : List.of("first/model", "first.gguf")) {
            run(LONGER, "yarn-" + path.length(), false, Existing.REFUSE, "model.path=" + folder.resolve(path));
            assertEquals(yarn.apply(before).sublayers(), spec(folder.resolve("yarn-" + path.length() + "/model"))
                    .sublayers());
        }
        refused("model.rope_scale: is missing, expected number from 1", "model.rope_scale=null");
    }
}
