package glia.cli.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.cli.build.TrainingModel;
import glia.cli.launcher.Installation.Result;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The second start of a model uses cached packed weights, loads only the part of the vocabulary that the first text
/// needs, and warms up on another thread: the output must be the same.
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "glia is the launcher of Linux and macOS")
class SecondStartTest {
    private static final Map<String, String> KEPT = Map.of("JAVA_TOOL_OPTIONS", "-Dglia.packed.least=0");
    private static final Map<String, String> NOT_KEPT = Map.of("GLIA_PACKED", "no");

    @TempDir static Path home;
    private static Installation installed;
    @TempDir Path folder;
    private Path model;

    @BeforeAll
    static void install() throws Exception {
        try (Workers workers = new Workers(1)) {
            assumeTrue(KernelBackends.choose("auto", workers).kernels().name().startsWith("emitted"),
                    "no machine code here, so no weights are packed");
        }
        installed = new Installation(home.resolve("home")).withJars();
    }

    @BeforeEach
    void write() throws Exception {
        model = folder.resolve("model.gguf");
        TrainingModel.write(model);
    }

    private Result answer(Map<String, String> environment, String command, String input, String... more)
            throws Exception {
        String[] words = Stream.concat(Stream.of("./glia", command, model.toString(), "--temperature", "0",
                "--max-tokens", "12"), Stream.of(more)).toArray(String[]::new);
        Process process = installed.start(installed.home(), withOwnCache(environment), words);
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        Result result = Installation.await(process);
        assertEquals(0, result.exitCode(), result.err());
        return result;
    }

    private Map<String, String> withOwnCache(Map<String, String> environment) {
        Map<String, String> all = new HashMap<>(environment);
        all.put("GLIA_CACHE", folder.resolve("cache").toString());
        return all;
    }

    private long numCopies() throws Exception {
        Path copies = folder.resolve("cache/packed");
        if (!Files.isDirectory(copies)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(copies)) {
            return files.count();
        }
    }

    @Test
    void allStartsGiveTheSameAnswer() throws Exception {
        String talk = "Once upon a time\nand what then? \u00fc\u2126\ud83d\ude42\nOnce upon a time\n";
        String expected = answer(NOT_KEPT, "chat", talk).out();
        assertFalse(expected.isBlank());
        assertEquals(expected, answer(KEPT, "chat", talk).out());
        assertEquals(1, numCopies());
        assertEquals(expected, answer(KEPT, "chat", talk).out());
        for (String[] more : new String[][] {{"--raw"}, {"--system", "Be brief.", "--threads", "1"}}) {
            assertEquals(answer(NOT_KEPT, "run", "Once upon a <|im_end|> time", more).out(),
                    answer(KEPT, "run", "Once upon a <|im_end|> time", more).out());
        }
        // Nothing is computed: background work must end with the program.
        assertEquals(answer(NOT_KEPT, "chat", "").out(), answer(KEPT, "chat", "").out());
    }

    /// The weights are valid, the vocabulary is not: each start refuses the file with the same message.
    @Test
    void aFileWithADamagedVocabularyIsRefusedEachTime() throws Exception {
        byte[] bytes = Files.readAllBytes(model);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int at = text.indexOf("tokenizer.ggml.merges");
        // The second text of the list loses its space.
        int space = text.indexOf(' ', text.indexOf(' ', at) + 1);
        bytes[space] = '_';
        Files.write(model, bytes);
        for (int start = 0; start < 3; start++) {
            Result result = installed.runWith(withOwnCache(KEPT), "run", model.toString(), "Once");
            assertEquals(3, result.exitCode(), result.err());
            assertTrue(result.err().contains("tokenizer: cannot be used"), result.err());
            assertEquals(0, numCopies());
        }
    }
}
