package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A prompt whose KV cache an earlier program has left on disk goes on with the same bits as one that was computed;
/// what is damaged, of another model or unfinished is computed again.
class PromptStoreTest {
    private static final int BLOCK = Sequence.BLOCK_TOKENS;
    private static final int LENGTH = 12 * BLOCK + 20;
    private static final TinyConfig FULL = new TinyConfig("llama", 2, 4, 2, 4, 0);
    private static final Path FILE = Path.of("tiny.safetensors");

    @TempDir
    private Path folder;

    private final TinyModel tiny = new TinyModel(FULL.json(), 7);
    private final int[] ids = new Random(3).ints(LENGTH, 0, FULL.vocabSize()).toArray();

    private record Answer(int reused, float[] logits, boolean isBroken) { }

    private Answer ask(TinyModel model, int[] text, String fingerprint, long limit, KeyValueType type)
            throws IOException {
        try (Workers workers = new Workers(1); Engine engine = new Engine(model.model(), new ScalarKernels(workers),
                Precision.EXACT, new BlockPool(1 << 28), LENGTH, type)) {
            engine.prefixCache().keepIn(new PromptStore(new PromptFolder(folder), List.of(FILE), fingerprint, limit));
            try (Sequence sequence = engine.prefixCache().open("", text)) {
                int reused = sequence.length();
                float[] logits = engine.prefillCached("", sequence, text, () -> false).toArray();
                return new Answer(reused, logits, engine.prefixCache().trouble().isPresent());
            }
        }
    }

    private Answer ask(int[] text) throws IOException {
        return ask(tiny, text, "a", Long.MAX_VALUE, KeyValueType.F32);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(f -> Files.isRegularFile(f) && !f.endsWith("model")).sorted().toList();
        }
    }

    /// The same text with another end, as another question to it has.
    private int[] withEnd(int from) {
        int[] other = ids.clone();
        for (int i = from; i < LENGTH; i++) {
            other[i] = (ids[i] + 1) % FULL.vocabSize();
        }
        return other;
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "mamba", "jamba"})
    void theNextProgramGoesOnWithTheSameBits(String family) throws IOException {
        for (KeyValueType type : List.of(KeyValueType.F32, KeyValueType.INT8)) {
            TinyModel model = new TinyModel(config(family), 7);
            Answer first = ask(model, ids, family + type, Long.MAX_VALUE, type);
            assertEquals(0, first.reused);
            Answer again = ask(model, ids, family + type, Long.MAX_VALUE, type);
            assertEquals(12 * BLOCK, again.reused, family);
            assertArrayEquals(first.logits, again.logits, family);
            // Another question: with recurrent states it goes on from the chunk before.
            Answer other = ask(model, withEnd(10 * BLOCK + 5), family + type, Long.MAX_VALUE, type);
            assertTrue(other.reused >= (family.equals("llama") ? 10 : 8) * BLOCK && other.reused <= 10 * BLOCK,
                    family + other.reused);
        }
    }

    private static String config(String family) {
        return new TinyConfig(family, 2, 4, 2, 4, family.equals("gemma3_text") ? 100 : 0).json();
    }

    @Test
    void damagedFilesAreComputedAgain() throws IOException {
        Answer first = ask(ids);
        List<Path> files = files();
        assertEquals(12, files.size());
        Random random = new Random(5);
        for (int damage = 0; damage < 5; damage++) {
            Path file = files.get(random.nextInt(files.size()));
            byte[] bytes = Files.readAllBytes(file);
            switch (damage) {
                case 0 -> bytes = Arrays.copyOf(bytes, bytes.length - 1);
                case 1 -> bytes = new byte[0];
                case 2 -> bytes = Arrays.copyOf(bytes, bytes.length + 1);
                case 3 -> bytes = Files.readAllBytes(files.get((files.indexOf(file) + 1) % files.size()));
                default -> bytes[random.nextInt(bytes.length)] ^= 4;
            }
            Files.write(file, bytes);
            Answer again = ask(ids);
            assertTrue(again.reused < 12 * BLOCK, "damage " + damage);
            assertArrayEquals(first.logits, again.logits);
            assertEquals(12 * BLOCK, ask(ids).reused, "it is written again after damage " + damage);
        }
    }

    @Test
    void othersPromptsAreNotFound() throws IOException {
        ask(ids);
        Path some = files().getFirst();
        assertEquals(0, ask(tiny, ids, "b", Long.MAX_VALUE, KeyValueType.F32).reused);
        int[] other = ids.clone();
        other[0] = (other[0] + 1) % FULL.vocabSize();
        assertEquals(0, ask(other).reused);
        // What a killed program leaves is no prompt, and is not read.
        Files.copy(some, some.resolveSibling(some.getFileName() + "-1.tmp"));
        Files.delete(some);
        assertTrue(ask(ids).reused < 12 * BLOCK);
    }

    @Test
    void theFolderIsBounded() throws IOException {
        ask(ids);
        long bytes = files().stream().mapToLong(f -> f.toFile().length()).sum();
        Answer other = ask(tiny, withEnd(0), "a", bytes, KeyValueType.F32);
        assertTrue(!other.isBroken && files().stream().mapToLong(f -> f.toFile().length()).sum() <= bytes);
        assertEquals(12 * BLOCK, ask(withEnd(0)).reused, "the older ones are evicted");
        assertEquals(1, new PromptFolder(folder).list().size());
        assertTrue(new PromptFolder(folder).sweep() > 0, "the model has no file");
        assertTrue(new PromptFolder(folder).list().isEmpty());
        // A limit that takes half of a prompt keeps its beginning.
        ask(tiny, ids, "a", bytes / 2, KeyValueType.F32);
        int reused = ask(ids).reused;
        assertTrue(reused > 0 && reused < 12 * BLOCK, "reused " + reused);
    }

    @Test
    void aFolderThatTakesNoFilesChangesNothing() throws IOException {
        Path taken = Files.writeString(folder.resolve("taken"), "");
        folder = taken;
        Answer answer = ask(ids);
        assertTrue(answer.isBroken);
        assertEquals(0, answer.reused);
    }
}
