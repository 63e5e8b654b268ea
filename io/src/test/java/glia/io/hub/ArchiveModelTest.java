package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.hub.HubException.Kind;
import glia.io.hub.ModelLocation.Origin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArchiveModelTest {
    @TempDir
    Path folder;
    private final Steps steps = new Steps();
    private Path cacheRoot;
    private ArchiveModel archives;

    @BeforeEach
    void open() {
        cacheRoot = folder.resolve("glia");
        archives = new ArchiveModel(new GliaCache(cacheRoot));
    }

    private Path zip(String... namesAndTexts) {
        return Zips.write(folder.resolve("m.zip"), namesAndTexts);
    }

    private HubException refusal(Kind kind, Path archive, String inner) throws IOException {
        var refusal = assertThrows(HubException.class, () -> archives.locate(archive, inner, steps));
        assertEquals(kind, refusal.kind(), refusal.getMessage());
        assertTrue(refusal.getMessage().contains(archive.getFileName().toString()), refusal.getMessage());
        if (Files.exists(cacheRoot)) {
            assertEquals(List.of(),
                HubCache.files(cacheRoot).stream().filter(name -> !name.startsWith("locks")).toList(),
                "no partial files");
        }
        return refusal;
    }

    @Test
    void extractsAGgufOnce() throws IOException {
        Path wheel = Zips.write(folder.resolve("pkg-1-py3-none-any.whl"), "pkg/__init__.py", "", "pkg/m.gguf", "GGUF!",
            "pkg/mmproj-m.gguf", "x");
        ModelLocation choice = archives.locate(wheel, "", steps);
        assertEquals("GGUF!", Files.readString(choice.path()));
        assertEquals("x", Files.readString(choice.path().resolveSibling("mmproj-m.gguf")), "the encoder of pictures");
        assertEquals(Origin.ARCHIVE, choice.origin());
        assertTrue(choice.path().startsWith(cacheRoot.resolve("archives")));
        assertTrue(steps.said("Extracting pkg/m.gguf, 6 B, from pkg-1-py3-none-any.whl"));
        assertTrue(steps.finished.contains("pkg/m.gguf"));

        int numSteps = steps.steps.size();
        assertEquals(choice.path(), archives.locate(wheel, "", steps).path());
        assertEquals(numSteps, steps.steps.size(), "the second time nothing is done");

        Files.setLastModifiedTime(wheel, FileTime.fromMillis(1_000_000));
        assertNotEquals(choice.path(), archives.locate(wheel, "", steps).path(), "another archive of the same name");
    }

    @Test
    void extractsAFolderWithItsFiles() throws IOException {
        Path zip = zip("top/tiny/config.json", "{}", "top/tiny/model.safetensors", "w", "top/tiny/tokenizer.json", "{}",
            "top/tiny/pytorch_model.bin", "p", "top/README.md", "r", "top/tiny/sub/x.safetensors", "s");
        ModelLocation choice = archives.locate(zip, "", steps);
        assertEquals(List.of("config.json", "model.safetensors", "tokenizer.json"), HubCache.files(choice.path()));
        assertEquals("w", Files.readString(choice.path().resolve("model.safetensors")));
        assertEquals(choice.path(), archives.locate(zip, "top/tiny", steps).path());

        Path flat = Zips.write(folder.resolve("flat.zip"), "config.json", "{}", "model.safetensors", "v");
        assertEquals("v", Files.readString(archives.locate(flat, "", steps).path().resolve("model.safetensors")));
    }

    @Test
    void extractsTheModulesOfASentenceEncoder() throws IOException {
        Path zip = zip("e/config.json", "{}", "e/model.safetensors", "W", "e/modules.json", "[]",
            "e/1_Pooling/config.json", "{\"pooling_mode_cls_token\": true}", "e/2_Dense/config.json", "{}",
            "e/2_Dense/model.safetensors", "D");
        Path model = archives.locate(zip, "", steps).path();
        assertEquals("{\"pooling_mode_cls_token\": true}", Files.readString(model.resolve("1_Pooling/config.json")));
        assertEquals(List.of("1_Pooling/config.json", "2_Dense/config.json", "config.json", "model.safetensors",
            "modules.json"), HubCache.files(model));
    }

    @Test
    void requiresANameForOneOfSeveralModels() throws IOException {
        Path zip = zip("a/config.json", "{}", "a/model.safetensors", "w", "m-Q4_0.gguf", "4", "m-Q8_0.gguf", "8");
        String message = refusal(Kind.NOT_FOUND, zip, "").getMessage();
        assertTrue(message.contains("a, m-Q4_0.gguf, m-Q8_0.gguf") && message.contains("m.zip:a"), message);
        refusal(Kind.NOT_FOUND, zip, "Q5_0");
        assertEquals("8", Files.readString(archives.locate(zip, "Q8_0", steps).path()));
        assertEquals("4", Files.readString(archives.locate(zip, "m-Q4_0.gguf", steps).path()));
        assertEquals("w", Files.readString(archives.locate(zip, "a", steps).path().resolve("model.safetensors")));
    }

    @Test
    void reportsArchivesWithoutAModel() throws IOException {
        assertTrue(refusal(Kind.NOT_FOUND, zip("x.txt", "x"), "").getMessage().contains("no model"));
        assertTrue(refusal(Kind.NOT_FOUND, zip("x.txt", "x"), "Q8_0").getMessage().contains("no model"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../m.gguf", "/m.gguf", "a/../../m.gguf", "a\\..\\m.gguf", "a\nb.gguf", "..", "a//m.gguf"})
    void refusesHostileNames(String name) throws IOException {
        refusal(Kind.REFUSED, zip("good.gguf", "g", name, "x"), "");
        try (var files = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("m.zip")), files.toList());
        }
    }

    @Test
    void refusesZipBombs() throws IOException {
        assertTrue(refusal(Kind.REFUSED, Zips.writeZeros(folder.resolve("b.zip"), "m.gguf", 80 << 20), "")
            .getMessage().contains("zip bomb"));
        Path many = folder.resolve("many.zip");
        try (var zip = new ZipOutputStream(Files.newOutputStream(many))) {
            for (String name : List.of("config.json", "model.safetensors", "chat_template.jinja")) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(new byte[40 << 20]);
                zip.closeEntry();
            }
        }
        assertTrue(refusal(Kind.REFUSED, many, "").getMessage().contains("3 files of the model would grow"));
        // A little of nothing but zeros is a model of its own kind: allowed.
        Path small = Zips.writeZeros(folder.resolve("s.zip"), "m.gguf", 1 << 20);
        assertEquals(1 << 20, Files.size(archives.locate(small, "", steps).path()));
    }

    /// A size that is too small, too large, far too large; a wrong checksum; a wrong compressed size.
    @ParameterizedTest
    @CsvSource({"24, 4", "24, 6", "24, 1000000000", "16, 12345", "20, 3"})
    void refusesFalseSizesAndChecksums(int field, int value) throws IOException {
        Path zip = zip("m.gguf", "GGUF!");
        Zips.setDirectoryField(zip, field, value);
        var refusal = assertThrows(HubException.class, () -> archives.locate(zip, "", steps));
        assertTrue(List.of(Kind.CORRUPT, Kind.REFUSED).contains(refusal.kind()), refusal.getMessage());
        assertFalse(HubCache.files(folder).stream().anyMatch(name -> name.endsWith(".gguf")));
    }

    @Test
    void refusesTruncatedAndInvalidArchives() throws IOException {
        byte[] whole = Files.readAllBytes(zip("m.gguf", "GGUF!".repeat(1000)));
        for (int length : new int[] {4, 20, whole.length / 2, whole.length - 1}) {
            refusal(Kind.CORRUPT, Files.write(folder.resolve("cut.zip"), Arrays.copyOf(whole, length)), "");
        }
        byte[] damaged = whole.clone();
        damaged[45] ^= 0x55;
        refusal(Kind.CORRUPT, Files.write(folder.resolve("damaged.zip"), damaged), "");
    }

    @Test
    void deletesFilesOfAKilledProcess() throws IOException {
        Path zip = zip("m.gguf", "GGUF!");
        ModelLocation choice = archives.locate(zip, "", steps);
        Path made = choice.path().getParent();
        Path part = made.resolveSibling("." + made.getFileName() + ".part");
        Files.move(made, part);
        Files.writeString(part.resolve("m.gguf"), "half");
        Files.writeString(part.resolve("more"), "half");

        assertEquals("GGUF!", Files.readString(archives.locate(zip, "", steps).path()));
        assertFalse(Files.exists(part));
        assertEquals(List.of("m.gguf"), HubCache.files(made));
    }

    @Test
    void reportsAFalseCommentLength() throws IOException {
        Path zip = zip("m.gguf", "GGUF!");
        Zips.setCommentLength(zip, 5);
        String message = refusal(Kind.CORRUPT, zip, "").getMessage();
        assertTrue(message.contains("states a comment that is longer than the rest of the file"), message);
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 100, 1 << 30})
    void reportsAFalseOffset(int offset) throws IOException {
        Path zip = zip("m.gguf", "GGUF!");
        Zips.setDirectoryField(zip, 42, offset);
        String message = refusal(Kind.CORRUPT, zip, "").getMessage();
        assertTrue(message.contains("damaged at \"m.gguf\": its directory gives a wrong offset"), message);
    }

    @Test
    @Timeout(60)
    void manyFilesTakeLinearTime() throws IOException {
        List<String> shards = new ArrayList<>(List.of("config.json"));
        for (int i = 1; i <= 60_000; i++) {
            shards.add("w-%05d-of-60000.safetensors".formatted(i));
        }
        try (var entries = new ArchiveEntries(Zips.writeEmpty(folder.resolve("shards.zip"), shards))) {
            assertEquals(60_001, ModelFiles.of(entries.names(), "", "here").files().size());
        }
        List<String> folders = new ArrayList<>();
        for (int i = 0; i < 49_000; i++) {
            folders.add("m" + i + "/config.json");
            folders.add("m" + i + "/model.safetensors");
        }
        Path models = Zips.writeEmpty(folder.resolve("models.zip"), folders);
        String message = refusal(Kind.NOT_FOUND, models, "").getMessage();
        assertTrue(message.contains("holds 49000 models") && message.contains("and 48995 more"), message);
        assertTrue(message.length() < 1000, "a short list");
        assertEquals(2, HubCache.files(archives.locate(models, "m48999", steps).path()).size());
    }

    @Test
    void refusesTooManyFiles() throws IOException {
        List<String> names = new ArrayList<>();
        for (int i = 0; i <= 100_000; i++) {
            names.add("f" + i);
        }
        assertTrue(refusal(Kind.REFUSED, Zips.writeEmpty(folder.resolve("many.zip"), names), "").getMessage()
            .contains("100001 files"));
    }
}
