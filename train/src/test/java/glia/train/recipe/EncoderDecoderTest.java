package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// T5 by recipes.
class EncoderDecoderTest {
    private static final String NEW = """
            model: {new: {family: t5, hidden: 32, layers: 1, heads: 2, mlp: 64, vocab: 64}}
            tokenizer: {train: characters, special_tokens: ["<pad>", "</s>"]}
            data: {train: pairs.jsonl, validation_share: 0}
            """;
    private static final List<String> PROMPTS = List.of("abc", "ba", "cccb", "acb");

    @TempDir
    private Path folder;

    private static String reversed(String text) {
        return new StringBuilder(text).reverse().toString();
    }

    private RecipeRun prepare(Workers workers, String yaml, String name) throws IOException {
        Recipe recipe = Recipe.of(YamlDocument.parse(folder.resolve("r.yaml"), yaml), List.of());
        return RecipeRun.prepare(recipe, new RunFolder(folder.resolve(name)),
                KernelBackends.choose("best", workers).kernels(), Path::of, Existing.REFUSE);
    }

    private void writePairs() throws IOException {
        StringBuilder lines = new StringBuilder();
        PROMPTS.forEach(p -> lines.append("{\"prompt\": \"" + p + "\", \"completion\": \"" + reversed(p) + "\"}\n"));
        Files.writeString(folder.resolve("pairs.jsonl"), lines);
    }

    /// The first loss is that of the pairs one at a time, made by hand; training reduces it.
    @Test
    void learnsCompletionsOfSources() throws Exception {
        writePairs();
        List<Double> losses = new ArrayList<>();
        try (Workers workers = new Workers(2)) {
            try (RecipeRun run = prepare(workers, NEW + """
                    task: sft
                    batch: {context: 16, sequences: 4}
                    optimizer: {learning_rate: 1e-2}
                    steps: 120
                    """, "run")) {
                run.listen(new TrainingListener() {
                    @Override
                    public void step(StepFigures figures) {
                        losses.add(figures.loss());
                    }
                });
                assertTrue(run.run(Map.of(), warning -> { }));
            }
            assertEquals(byHand(workers), losses.getFirst(), 1e-5);
        }
        assertTrue(losses.getLast() < 0.5, "loss " + losses.getLast());
    }

    private double byHand(Workers workers) throws Exception {
        Kernels kernels = KernelBackends.choose("best", workers).kernels();
        Tokenizer tokenizer = Tokenizer.load(folder.resolve("run/model"));
        int end = tokenizer.eos().orElseThrow();
        double sum = 0;
        int tokens = 0;
        try (Model model = ModelLoader.load(folder.resolve("run/start"));
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            for (String prompt : PROMPTS) {
                int[] answer = tokenizer.encode(reversed(prompt), false);
                int[] targets = new int[answer.length + 1];
                int[] inputs = new int[answer.length + 1];
                float[] ones = new float[answer.length + 1];
                for (int i = 0; i < targets.length; i++) {
                    targets[i] = i < answer.length ? answer[i] : end;
                    inputs[i] = i == 0 ? 0 : answer[i - 1];
                    ones[i] = 1;
                }
                sum += targets.length * pass.loss(new TokenBatch().addTargets(inputs, targets, ones)
                        .from(tokenizer.encode(prompt, true)));
                tokens += targets.length;
            }
        }
        return sum / tokens;
    }

    @Test
    void otherTasksAndChatsAreRefused() throws Exception {
        writePairs();
        try (Workers workers = new Workers(1)) {
            String yaml = NEW.replace("pairs.jsonl", "text.txt") + "batch: {context: 16}\nsteps: 1\n";
            Files.writeString(folder.resolve("text.txt"), "abc abc abc abc abc abc abc");
            String message = assertThrows(CheckpointException.class, () -> prepare(workers, yaml, "text").close())
                    .getMessage();
            assertTrue(message.contains("task: is pretrain, but the model is an encoder-decoder; use sft"), message);
            Files.writeString(folder.resolve("pairs.jsonl"), """
                    {"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "a"}, \
                    {"role": "assistant", "content": "b"}]}
                    """);
            message = assertThrows(CheckpointException.class, () -> prepare(workers, NEW + "task: sft\nsteps: 1\n"
                    + "batch: {context: 16}\n", "chat").close()).getMessage();
            assertTrue(message.contains("pairs.jsonl: line 1: found a chat, but the model is an encoder-decoder"),
                    message);
        }
    }
}
