package glia.io.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class YamlDocumentTest {
    private static final Path FILE = Path.of("x.yaml");

    @Test
    void readsScalarsOfTheCoreSchema() throws CheckpointException {
        Map<String, Object> values = YamlDocument.parse(FILE, """
                # a comment
                a: 12
                b: -3000000000
                c: 123456789012345678901234567890
                d: 1e-3
                e: .inf
                f: true
                g: ~
                h: yes
                i: '12'
                j: 0x1F
                k: [1, 2.5, text, [3]]
                l: {m: 1}
                """).values();
        assertEquals(12, values.get("a"));
        assertEquals(-3000000000L, values.get("b"));
        assertEquals(new BigInteger("123456789012345678901234567890"), values.get("c"));
        assertEquals(1e-3, values.get("d"));
        assertEquals(Double.POSITIVE_INFINITY, values.get("e"));
        assertEquals(true, values.get("f"));
        assertTrue(values.containsKey("g") && values.get("g") == null);
        assertEquals("yes", values.get("h"));
        assertEquals("12", values.get("i"));
        assertEquals(31, values.get("j"));
        assertEquals(Arrays.asList(1, 2.5, "text", List.of(3)), values.get("k"));
        assertEquals(Map.of("m", 1), values.get("l"));
    }

    @Test
    void knowsTheLineOfEachPath() throws CheckpointException {
        YamlDocument yaml = YamlDocument.parse(FILE, """
                model:
                  hidden: 64

                layers:
                  - kind: attention
                  - kind: mlp
                    size: x
                """);
        assertEquals(OptionalInt.of(2), yaml.line("model.hidden"));
        assertEquals(OptionalInt.of(7), yaml.line("layers[1].size"));
        assertEquals(OptionalInt.empty(), yaml.line("layers[2]"));
        assertEquals("x.yaml: line 6: key layers[1].heads: is missing", yaml.error("layers[1].heads",
                "is missing").getMessage());
        Config second = yaml.config().children("layers").get(1);
        assertEquals("x.yaml: line 7: key layers[1].size: found \"x\", expected a whole number",
                assertThrows(CheckpointException.class, () -> second.integer("size")).getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a: 1\\nb: 2\\na: 3 | line 3, column 1: the key \"a\" is there twice, first in line 1",
        "a: &x 1 | line 1, column 4: found the anchor &x",
        "a: *x | line 1, column 4: found the alias *x",
        "a: !!java.io.File x | line 1, column 4: found the tag tag:yaml.org,2002:java.io.File",
        "a: 1\\n---\\nb: 2 | line 2, column 1: found a second document",
        "[a]: 1 | line 1, column 1: found a key that is not a string",
        "- a | found a list, expected keys",
        "text | found \"text\", expected keys",
        "a: 1\\n b: 2 | line 2",
        "a: [1, 2 | line 1",
        "a:\\tb: [ | line",
    })
    void refusesWithTheLine(String yaml, String message) {
        String found = assertThrows(CheckpointException.class, () -> YamlDocument.parse(FILE,
                yaml.replace("\\n", "\n").replace("\\t", "\t"))).getMessage();
        assertTrue(found.contains(message), found);
    }

    @Test
    void refusesDeepNesting() {
        String found = assertThrows(CheckpointException.class, () -> YamlDocument.parse(FILE,
                "a: " + "[".repeat(70) + "]".repeat(70))).getMessage();
        assertTrue(found.contains("deeper than 64"), found);
    }

    @Test
    void parsesSingleValues() throws CheckpointException {
        assertEquals(List.of(1, 2), YamlDocument.value(FILE, "[1, 2]"));
        assertEquals("a b", YamlDocument.value(FILE, "a b"));
    }

    @Test
    void readsFiles(@TempDir Path dir) throws IOException {
        Path file = dir.resolve("a.yaml");
        Files.write(file, new byte[] {'a', ':', ' ', (byte) 0xff});
        assertTrue(assertThrows(CheckpointException.class, () -> YamlDocument.read(file)).getMessage()
                .contains("is not UTF-8"));
        Files.writeString(file, "# nothing\n");
        assertEquals(Map.of(), YamlDocument.read(file).values());
        assertTrue(assertThrows(CheckpointException.class, () -> YamlDocument.read(dir.resolve("b.yaml"))).getMessage()
                .contains("there is no such file"));
    }
}
