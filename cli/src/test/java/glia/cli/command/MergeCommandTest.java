package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.Folders;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdapterConfig;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Adapters on the command line, and `glia merge`.
class MergeCommandTest {
    @TempDir Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static String text(String model, String... more) {
        String[] words = new String[more.length + 7];
        System.arraycopy(new String[] {"run", model, "Once upon a", "--temperature", "0", "--max-tokens", "12"}, 0,
                words, 0, 7);
        System.arraycopy(more, 0, words, 7, more.length);
        return run(ExitCode.OK, words).out();
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    @BeforeEach
    void writeAdapter() throws Exception {
        Path base = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        try (Model model = ModelLoader.load(base);
                Adapters adapters = Adapters.create(model, AdapterConfig.defaults().withRank(4, 16)
                        .withBase("stories260K"), 3)) {
            Random random = new Random(4);
            adapters.trainable().values().forEach(w -> w.update(t -> {
                for (long i = 0; i < t.size(); i++) {
                    t.set(i, t.get(i) + 0.1f * (float) random.nextGaussian());
                }
            }));
            AdapterFolder.write(adapters, folder.resolve("adapter"), IfExists.FAIL);
        }
    }

    @Test
    void mergedModelsAnswerAsWithTheAdapter() throws Exception {
        String plain = text("stories260K");
        String adapted = text("stories260K", "--adapter", path("adapter"), "--precision", "exact");
        assertNotEquals(plain, adapted);
        assertEquals(path("merged") + "\n", run(ExitCode.OK, "merge", "stories260K", "--adapter", path("adapter"), "-o",
                path("merged")).out());
        assertEquals(adapted, text(path("merged"), "--precision", "exact"));
        assertTrue(run(ExitCode.BAD_FILE, "merge", "stories260K", "--adapter", path("adapter"), "-o", path("merged"))
                .err().contains("holds something already"));
        run(ExitCode.OK, "merge", "stories260K", path("merged"), "--weights", "1,0", "-o", path("same"), "--json");
        assertEquals(plain, text(path("same")));
        run(ExitCode.OK, "merge", path("merged"), "--method", "ties", "--base", "stories260K", "--density", "1", "-o",
                path("ties.gguf"));
        assertTrue(Files.size(folder.resolve("ties.gguf")) > 500_000);
        Path file = Files.writeString(folder.resolve("text.txt"), "Once upon a time there was a girl. ".repeat(120));
        assertNotEquals(run(ExitCode.OK, "perplexity", "stories260K", file.toString(), "--windows", "1").out(),
                run(ExitCode.OK, "perplexity", "stories260K", file.toString(), "--windows", "1", "--adapter",
                        path("adapter")).out());
    }

    @Test
    void theFolderOfAnAdapterStandsForItsBaseWithIt() throws Exception {
        String adapter = path("adapter");
        String adapted = text("stories260K", "--adapter", adapter, "--precision", "exact");
        assertEquals(adapted, text(adapter, "--precision", "exact"));
        run(ExitCode.OK, "convert", adapter, "-o", path("converted.gguf"));
        run(ExitCode.OK, "merge", adapter, "-o", path("merged"));
        assertEquals(adapted, text(path("converted.gguf"), "--precision", "exact"));
        assertEquals(adapted, text(path("merged"), "--precision", "exact"));
        assertTrue(run(ExitCode.OK, "inspect", adapter).out().matches("(?s).*\\n  rank +4\\n.*"));
        assertTrue(run(ExitCode.OK, "tokenize", adapter, "Once").out().contains("Once"));
        assertTrue(run(ExitCode.USAGE, "quantize", adapter, "q8_0").err().contains("glia merge " + adapter));
        assertTrue(run(ExitCode.USAGE, "run", adapter, "Hi", "--adapter", adapter).err()
                .contains("is an adapter itself"));
        Path config = folder.resolve("adapter/adapter_config.json");
        Files.writeString(config, Files.readString(config).replace("stories260K", "no/such/base"));
        assertTrue(run(ExitCode.BAD_FILE, "run", adapter, "Hi").err().contains("MODEL --adapter " + adapter));
        Path base = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        Path copy = Files.createDirectory(folder.resolve("adapter/base"));
        for (Path file : Folders.files(base)) {
            Files.copy(file, copy.resolve(base.relativize(file)));
        }
        Files.writeString(config, Files.readString(config).replace("no/such/base", "base"));
        assertEquals(adapted, text(adapter, "--precision", "exact"));
    }

    @Test
    void wrongWordsAreErrors() {
        String out = path("out");
        assertTrue(run(ExitCode.USAGE, "merge", "stories260K", "-o", out).err().contains("one MODEL is no merge"));
        assertTrue(run(ExitCode.USAGE, "merge", "a", "b", "--adapter", "c", "-o", out).err()
                .contains("needs one MODEL"));
        assertTrue(run(ExitCode.USAGE, "merge", "a", "--adapter", "c", "--weights", "1", "-o", out).err()
                .contains("for several models"));
        assertTrue(run(ExitCode.USAGE, "merge", "a", "b", "--weights", "1,2,3", "-o", out).err()
                .contains("3 numbers for 2 models"));
        assertTrue(run(ExitCode.USAGE, "merge", "a", "b", "--weights", "1,x", "-o", out).err().contains("'1,x'"));
        assertTrue(run(ExitCode.USAGE, "merge", "a", "b", "--method", "ties", "-o", out).err().contains("--base"));
        assertTrue(run(ExitCode.USAGE, "merge", "a", "b", "--density", "0.5", "-o", out).err().contains("ties"));
        assertTrue(run(ExitCode.USAGE, "merge", "a", "b", "c", "--method", "slerp", "-o", out).err()
                .contains("two models"));
        assertTrue(run(ExitCode.USAGE, "merge", "a", "b").err().contains("--output is missing"));
        assertTrue(run(ExitCode.BAD_FILE, "run", "stories260K", "Hi", "--adapter", folder.toString()).err()
                .contains("holds no adapter_config.json"));
    }
}
