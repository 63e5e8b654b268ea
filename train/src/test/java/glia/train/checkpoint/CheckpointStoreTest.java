package glia.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.train.optim.Optimizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {
    @TempDir
    private Path folder;

    private static Map<Long, Double> losses(Path folder, int steps) throws Exception {
        Map<Long, Double> losses = new TreeMap<>();
        ResumableRun.run(folder, steps, losses::put);
        return losses;
    }

    @Test
    void aResumedRunHasTheSameLosses() throws Exception {
        Map<Long, Double> whole = losses(folder.resolve("whole"), 9);
        Map<Long, Double> parts = losses(folder.resolve("parts"), 4);
        parts.putAll(losses(folder.resolve("parts"), 5));
        parts.putAll(losses(folder.resolve("parts"), 9));
        assertEquals(whole, parts);
        assertEquals(9, whole.size());
    }

    @Test
    void theLastOnesAndTheBestAreKept() throws Exception {
        Map<Long, Double> losses = losses(folder, 8);
        long best = losses.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow().getKey() + 1;
        List<String> expected = Stream.of(7L, 8L, best).distinct().sorted().map("step-%08d"::formatted).toList();
        assertEquals(expected, names());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aDamagedCheckpointIsNamedAndTheOneBeforeIsTaken() throws Exception {
        losses(folder, 5);
        Path file = folder.resolve("step-00000005/training/optimizer.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 3] ^= 1;
        Files.write(file, bytes);
        List<String> rejected = new ArrayList<>();
        CheckpointStore store = new CheckpointStore(folder, 2);
        assertEquals(4, store.latest(rejected).orElseThrow().step());
        assertEquals(1, rejected.size());
        assertTrue(rejected.get(0).contains("optimizer.safetensors: has another SHA-256"), rejected.get(0));

        Files.delete(folder.resolve("step-00000004/model.safetensors"));
        rejected.clear();
        store.latest(rejected);
        assertTrue(rejected.get(1).contains("model.safetensors: cannot be read"), rejected.get(1));
    }

    @Test
    void aManifestMayNotLeaveItsFolder() throws Exception {
        losses(folder, 1);
        Path manifest = folder.resolve("step-00000001/training/manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace("\"config.json\"", "\"../../x\""));
        List<String> rejected = new ArrayList<>();
        assertTrue(new CheckpointStore(folder, 2).latest(rejected).isEmpty());
        assertTrue(rejected.get(0).contains("outside of the folder"), rejected.get(0));
    }

    @Test
    void stateOfAnotherRecipeIsRefused() throws Exception {
        losses(folder, 1);
        CheckpointStore.Saved saved = new CheckpointStore(folder, 2).latest(new ArrayList<>()).orElseThrow();
        try (var optimizer = new Optimizer(null, List.of())) {
            var e = assertThrows(CheckpointException.class, () -> CheckpointStore.restore(saved, optimizer));
            assertTrue(e.getMessage().contains("belongs to no parameter; was the recipe changed?"), e.getMessage());
        }
    }

    @Test
    void killedThreeTimesItGoesOnWithTheSameLosses() throws Exception {
        kill(3, 14);
    }

    @Tag("slow")
    @Test
    void killedThirtyTimesItGoesOnWithTheSameLosses() throws Exception {
        kill(30, 120);
    }

    private void kill(int kills, int steps) throws Exception {
        Map<Long, Double> whole = losses(folder.resolve("whole"), steps);
        Map<Long, Double> killed = new TreeMap<>();
        Random random = new Random(kills);
        Path run = folder.resolve("killed");
        for (int i = 0; i <= kills; i++) {
            int lines = i == kills ? Integer.MAX_VALUE : 1 + random.nextInt(Math.max(1, 2 * steps / kills - 2));
            Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
                    "-cp", System.getProperty("java.class.path"), ResumableRun.class.getName(),
                    run.toString(), Integer.toString(steps)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            try (BufferedReader out = process.inputReader()) {
                String line = null;
                while (lines-- > 0 && (line = out.readLine()) != null) {
                    String[] words = line.split(" ");
                    killed.put(Long.parseLong(words[0]), Double.longBitsToDouble(Long.parseLong(words[1])));
                }
                // Anywhere in the writing of a checkpoint.
                if (line != null) {
                    Thread.sleep(0, random.nextInt(999_999));
                }
            } finally {
                process.destroyForcibly().waitFor();
            }
        }
        assertEquals(whole, killed);
        assertFalse(Files.exists(run.resolve(".tmp-step-%08d".formatted(steps))));
    }
}
