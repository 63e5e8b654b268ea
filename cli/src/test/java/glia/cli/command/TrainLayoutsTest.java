package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.plan.predict.Link;
import glia.train.memory.TrainingMemory;
import glia.train.recipe.RankLayout;
import glia.train.recipe.RecipeKeys.Shard;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Layouts of ranks for recipes that say nothing of them.
class TrainLayoutsTest {
    @TempDir private Path folder;

    private TestConsole run(int exitCode, String... more) throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "to be or not to be\n".repeat(50));
        String[] words = {"train", "nano", "data.train=" + text, "steps=3", "model.new.hidden=32", "model.new.layers=2",
            "batch.sequences=2", "validate.batches=1", "sample.every=0"};
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(Stream.concat(Arrays.stream(words), Arrays.stream(more))
                .toArray(String[]::new)), () -> console.out() + console.err());
        return console;
    }

    @Test
    void layoutsThatDivideAreListedFastestFirst() throws Exception {
        JsonNode layouts = JsonMapper.shared().readTree(run(ExitCode.OK, "--dry-run", "--ranks", "4", "--json").out())
                .path("layouts");
        Set<List<Integer>> found = new HashSet<>();
        Set<List<Integer>> divided = new HashSet<>();
        double before = 0;
        for (JsonNode layout : layouts) {
            int data = layout.path("parallel.data").asInt();
            int context = layout.path("parallel.context").asInt(1);
            int pipeline = layout.path("parallel.pipeline").asInt(1);
            int tensor = layout.path("parallel.tensor").asInt(1);
            assertEquals(4, data * context * pipeline * tensor);
            if (tensor > 1) {
                // They round otherwise, and come after the others.
                divided.add(List.of(data, context, pipeline, tensor));
                continue;
            }
            assertTrue(divided.isEmpty());
            found.add(List.of(data, context, pipeline));
            // The micro-batches of a step are those of four ranks with one each.
            assertEquals(4, data * layout.path("batch.accumulate").asInt());
            assertTrue(layout.path("seconds_per_step").asDouble() * 1.02 > before, layouts.toString());
            before = layout.path("seconds_per_step").asDouble();
        }
        // Two layers are two stages at most.
        assertEquals(Set.of(List.of(4, 1, 1), List.of(2, 2, 1), List.of(1, 4, 1), List.of(2, 1, 2), List.of(1, 2, 2)),
                found);
        assertEquals(Set.of(List.of(1, 1, 1, 4), List.of(2, 1, 1, 2), List.of(1, 2, 1, 2), List.of(1, 1, 2, 2)),
                divided);
        String out = run(ExitCode.OK, "--dry-run", "--ranks", "4").out();
        assertTrue(out.contains("memory of a rank") && out.contains("layout: "), out);
    }

    /// The chosen layout trains as one process does.
    @Test
    void aLayoutIsChosenAndExplained() throws Exception {
        Path chosen = folder.resolve("chosen");
        Path one = folder.resolve("one");
        String err = run(ExitCode.OK, "output=" + chosen, "--ranks", "2").err();
        assertEquals(1, err.lines().filter(line -> line.startsWith("glia: layout: ")).count(), err);
        run(ExitCode.OK, "output=" + one, "batch.accumulate=2");
        if (Files.readString(chosen.resolve("recipe.yaml")).contains("parallel.data: 2")) {
            assertArrayEquals(Files.readAllBytes(one.resolve("model/model.safetensors")),
                    Files.readAllBytes(chosen.resolve("model/model.safetensors")));
        }
        assertTrue(run(ExitCode.OK, "output=" + chosen, "--ranks", "2", "--resume", "steps=4").err()
                .contains("glia: layout: "));
        assertTrue(run(ExitCode.USAGE, "parallel.data=2", "--ranks", "3").err()
                .contains("--ranks: found 3, expected the 2 ranks of the recipe"));
    }

    private static RankLayout layout(int data, int pipeline, int accumulate, long hidden, long waited) {
        return new RankLayout(new RankLayout.Mesh(data, 1, 1, 1, false, pipeline, 1), accumulate, Shard.NONE,
                new TrainingMemory(0, 0, 0, 0), new RankLayout.Moved(hidden, waited, 0, 0));
    }

    /// Gradients are worth their bytes on a fast link, a bubble on a slow one.
    @Test
    void theLinkDecides() {
        RankLayout data = layout(4, 1, 1, 30_000_000, 30_000_000);
        RankLayout pipeline = layout(1, 4, 4, 0, 1_000_000);
        TrainLayouts fast = new TrainLayouts(4, 1, 1, new Link(0, 1e10), 1e10);
        TrainLayouts slow = new TrainLayouts(4, 1, 1, new Link(0, 1e8), 1e10);
        assertEquals(Math.hypot(1, 0.003) + 0.003, fast.predict(data, 1), 1e-9);
        assertEquals(1 * (1 + 3 / 4.0) + 0.01, slow.predict(pipeline, 1), 1e-9);
        assertTrue(fast.predict(data, 0.1) < fast.predict(pipeline, 0.1));
        assertTrue(slow.predict(data, 0.1) > slow.predict(pipeline, 0.1));
    }
}
