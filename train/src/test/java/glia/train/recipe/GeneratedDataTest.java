package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.recipe.RecipeRun.Existing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Data that [PhraseExtension] generates, and mixtures of chats.
class GeneratedDataTest {
    private static final String RECIPE = """
            task: sft
            model: {new: {family: llama, hidden: 32, layers: 1, heads: 2, context: 32}}
            tokenizer: {train: characters}
            data:
              train: "phrases:9000"
              validation: "phrases:20"
            batch: {sequences: 8}
            epochs: 1
            """;

    @TempDir
    private Path folder;

    private Recipe recipe(String... overrides) throws CheckpointException {
        return Recipe.of(YamlDocument.parse(folder.resolve("r.yaml"), RECIPE), List.of(overrides));
    }

    private RecipeRun prepare(Workers workers, Recipe recipe, String name, Existing existing) throws IOException {
        return RecipeRun.prepare(recipe, new RunFolder(folder.resolve(name)),
                KernelBackends.choose("best", workers).kernels(), Path::of, existing);
    }

    private List<Path> files(String name) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(name).resolve("data"))) {
            return files.sorted().toList();
        }
    }

    @Test
    void dataAreWrittenOnceInTheirOrder() throws Exception {
        try (Workers workers = new Workers(2)) {
            try (RecipeRun run = prepare(workers, recipe(), "run", Existing.REFUSE)) {
                assertTrue(run.notes().contains("9000 chats"), run.notes().toString());
                assertEquals(9000L * 8, run.task().tokensInEpoch(), "`be or 3` and the end of a text");
            }
            List<Path> files = files("run");
            assertEquals(2, files.size());
            Path larger = files.stream().max((a, b) -> Long.compare(a.toFile().length(), b.toFile().length()))
                    .orElseThrow();
            List<String> lines = Files.readAllLines(larger);
            assertEquals(9000, lines.size());
            for (int i = 0; i < lines.size(); i++) {
                assertEquals("{\"prompt\": \"be\", \"completion\": \" or " + i % 7 + "\"}", lines.get(i));
            }
            assertTrue(Files.readString(folder.resolve("run/recipe.yaml")).contains("\"phrases:9000\""));
            FileTime old = FileTime.fromMillis(1);
            Files.setLastModifiedTime(larger, old);
            try (RecipeRun run = prepare(workers, recipe(), "run", Existing.RESUME)) {
                assertTrue(run.notes().stream().noneMatch(n -> n.contains("when the run began")), run.notes() + "");
            }
            assertEquals(old, Files.getLastModifiedTime(larger));
        }
    }

    @Test
    void aRunThatCannotBeginLeavesNoData() throws Exception {
        try (Workers workers = new Workers(2)) {
            assertThrows(CheckpointException.class, () -> prepare(workers, recipe("batch.context=64"), "run",
                    Existing.REFUSE));
            assertFalse(Files.exists(folder.resolve("run")));
        }
    }

    @Test
    void namesAreCheckedWhenARecipeIsRead() {
        var e = assertThrows(CheckpointException.class, () -> recipe("data.train=[\"phrases:many * 0.5\"]"));
        assertEquals(folder.resolve("r.yaml") + ": overridden key data.train: names 'phrases:many': found 'many', "
                + "expected a number of phrases", e.getMessage());
    }

    private static long count(int[] targets, int id) {
        return Arrays.stream(targets).filter(target -> target == id).count();
    }

    @Test
    void weightsMixChatsInTheirProportions() throws Exception {
        Files.writeString(folder.resolve("x.jsonl"), "{\"prompt\": \"x\", \"completion\": \"xxxxxxxxxxxxxxxxxxxxx\"}\n"
                .repeat(50));
        Files.writeString(folder.resolve("y.jsonl"), "{\"prompt\": \"y\", \"completion\": \"yyyyyyyyyyyyyyyyyyyyy\"}\n"
                .repeat(500));
        String[] mixed = {"data.train=[x.jsonl * 3, y.jsonl * 1]".replace("x.", folder + "/x.")
                .replace("y.j", folder + "/y.j"), "data.validation="};
        try (Workers workers = new Workers(2)) {
            try (RecipeRun run = prepare(workers, recipe(mixed), "run", Existing.REFUSE)) {
                assertTrue(run.notes().containsAll(List.of("x.jsonl: 50 chats", "y.jsonl: 500 chats")),
                        run.notes().toString());
                Tokenizer tokenizer = Tokenizer.load(folder.resolve("run/start"));
                int x = tokenizer.id("x").orElseThrow();
                int y = tokenizer.id("y").orElseThrow();
                RunData data = RunData.read(new RunData.Reader(recipe(mixed), run.folder(), tokenizer, Optional.empty(),
                        run.spec(), 32));
                for (int i = 0; i < 20; i++) {
                    int[] targets = data.training().batch(i).tokens().targets();
                    assertEquals(List.of(6L * 21, 2L * 21), List.of(count(targets, x), count(targets, y)));
                }
                assertEquals((50 + 500 + 7) / 8, run.steps(), "all rows, since equal prompts stay together");
            }
        }
    }
}
