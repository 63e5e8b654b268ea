package glia.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.check.reference.CaseResult;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaseTreeTest {
    private static final Path CASES = Path.of("src/test/resources/golden-training");
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden/llama");

    @TempDir
    Path temporary;
    private Path tree;
    private final Map<String, CaseResult> results = new TreeMap<>();

    @BeforeEach
    void copy() throws IOException {
        tree = temporary.resolve("cases");
        for (String name : List.of("sft-full", "sft-completion")) {
            Files.createDirectories(tree.resolve("steps"));
            for (String ending : List.of(".json", ".safetensors")) {
                Files.copy(CASES.resolve("steps").resolve(name + ending), tree.resolve("steps").resolve(name + ending));
            }
        }
        copy(GOLDEN, temporary.resolve("golden/llama"));
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> all = Files.list(from)) {
            for (Path file : all.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private CaseTree.Summary run() throws IOException {
        results.clear();
        try (Workers workers = new Workers(2)) {
            return CaseTree.run(tree, KernelBackends.choose("best", workers).kernels(),
                    (group, result) -> results.put(group + "/" + result.id(), result));
        }
    }

    private void replace(String file, String from, String to) throws IOException {
        Path path = tree.resolve(file);
        String text = Files.readString(path);
        assertTrue(text.contains(from), from);
        Files.writeString(path, text.replace(from, to));
    }

    private void assertError(String id, String... words) throws IOException {
        run();
        CaseResult result = results.get(id);
        assertFalse(result.passes());
        for (String word : words) {
            assertTrue(result.error().contains(word), result.error());
        }
    }

    @Test
    void unknownGroupsAndKindsAreNamed() throws IOException {
        Files.createDirectories(tree.resolve("astrology"));
        Files.createDirectories(tree.resolve(".git"));
        Files.writeString(tree.resolve("README.md"), "not a group");
        Files.writeString(tree.resolve("steps/tango-new.json"), "{}");
        assertEquals(new CaseTree.Summary(2, 2, List.of("astrology"), Map.of("steps", List.of("tango-new"))), run());
    }

    @Test
    void aWrongNumberFails() throws IOException {
        replace("steps/sft-full.json", "5.0020", "5.0024");
        CaseTree.Summary summary = run();
        assertEquals(1, summary.numPassed());
        CaseResult result = results.get("steps/sft-full");
        assertEquals("step 0 loss", result.quantity());
        assertEquals(4e-4, result.difference(), 2e-5);
        replace("steps/sft-full.json", "5.0024", "5.0020");
        replace("steps/sft-full.json", "\"learning_rate\": 0.003,\n  \"packing\"",
                "\"learning_rate\": 0.0031,\n  \"packing\"");
        assertEquals(1, run().numPassed());
    }

    /// The numbers are the right ones, in another shape.
    @Test
    void shapesAreCompared() throws IOException {
        copy(CASES.resolve("distillation"), tree.resolve("distillation"));
        copy(CASES.resolve("lora/embedding"), tree.resolve("lora/embedding"));
        run();
        assertTrue(results.get("distillation/gkd-nolabels").passes() && results.get("lora/embedding").passes());
        reshape("distillation/cases.safetensors", "case.gkd-nolabels.grad_student_logits", "[4,11,23]", "[11,4,23]");
        assertError("distillation/gkd-nolabels", "grad_student_logits is [11, 4, 23]", "[4, 11, 23]");
        assertEquals(1, results.values().stream().filter(r -> !r.passes()).count());
        reshape("lora/embedding/expected.safetensors", "logits", "\"shape\":[", "\"shape\":[1,");
        assertError("lora/embedding", "logits: computed");
    }

    private void reshape(String file, String tensor, String from, String to) throws IOException {
        Path path = tree.resolve(file);
        byte[] bytes = Files.readAllBytes(path);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(buffer.getLong());
        String header = new String(bytes, 8, length, StandardCharsets.UTF_8);
        String changed = header.replaceFirst("(\"" + Pattern.quote(tensor) + "\":\\{[^}]*)" + Pattern.quote(from),
                "$1" + Matcher.quoteReplacement(to));
        assertFalse(changed.equals(header));
        byte[] json = changed.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
        out.write(json);
        out.write(bytes, 8 + length, bytes.length - 8 - length);
        Files.write(path, out.toByteArray());
    }

    @Test
    void errorsNameTheFile() throws IOException {
        replace("steps/sft-full.json", "golden/llama", "golden/../golden/llama");
        assertError("steps/sft-full", "sft-full.json", "base");
        replace("steps/sft-full.json", "golden/../golden/llama", "golden/nothing");
        assertError("steps/sft-full", "golden/nothing", "sft-full.json");
        replace("steps/sft-full.json", "golden/nothing", "golden/llama");
        replace("steps/sft-full.json", "\"packing\": false", "\"packing\": true");
        assertError("steps/sft-full", "sft-full.json", "packing");
        replace("steps/sft-full.json", "\"packing\": true", "\"packing\": 7");
        assertError("steps/sft-full", "sft-full.json", "packing");
        Files.writeString(tree.resolve("steps/sft-full.json"), "{\"base\": ");
        assertError("steps/sft-full", "sft-full.json", "JSON");
        Files.delete(tree.resolve("steps/sft-completion.safetensors"));
        assertError("steps/sft-completion", "sft-completion.safetensors");
        Files.write(tree.resolve("steps/sft-completion.safetensors"), new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 7});
        assertError("steps/sft-completion", "sft-completion.safetensors");
    }

    @Test
    void aBrokenGroupFailsAndTheOthersRun() throws IOException {
        copy(CASES.resolve("optim"), tree.resolve("optim"));
        Files.writeString(tree.resolve("optim/cases.json"), "[]");
        assertError("optim/", "optim", "cases.json");
        assertTrue(results.get("steps/sft-full").passes());
        Files.delete(tree.resolve("optim/cases.json"));
        assertError("optim/", "cases.json");
        Files.writeString(tree.resolve("optim/cases.json"), "{\"cases\": []}");
        assertError("optim/", "optim", "no case");
        Files.delete(tree.resolve("optim/cases.json"));
        copyCases("optim");
        Files.delete(tree.resolve("optim/cases.safetensors"));
        assertError("optim/adamw", "cases.safetensors");
    }

    private void copyCases(String group) throws IOException {
        Files.copy(CASES.resolve(group).resolve("cases.json"), tree.resolve(group).resolve("cases.json"));
    }

    @Test
    void aTreeWithoutGroupsIsRefused() throws IOException {
        tree = temporary.resolve("none");
        assertThrows(CheckpointException.class, this::run);
        Files.createDirectories(tree);
        assertThrows(CheckpointException.class, this::run);
        tree = CASES.resolve("optim");
        assertTrue(assertThrows(CheckpointException.class, this::run).getMessage().contains("one group"));
    }
}
