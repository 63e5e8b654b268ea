package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every value in the config.json of every golden checkpoint, replaced by hostile ones.
class ConfigFuzzTest {
    @TempDir
    Path folder;

    @Test
    void aSampleOfMutationsIsRefusedOrLoads() throws IOException {
        assertEquals(List.of(), run(1, 3));
    }

    @Test
    @Tag("slow")
    void allMutationsAreRefusedOrLoad() throws IOException {
        assertEquals(List.of(), run(Mutations.HOSTILE.size(), 1));
    }

    /// The mutations with a wrong outcome.
    ///
    /// @param perValue the number of hostile values for a value
    /// @param oneIn of so many values, one is replaced
    private List<String> run(int perValue, int oneIn) throws IOException {
        Random random = new Random(7);
        List<String> wrong = new ArrayList<>();
        for (Path golden : Mutations.goldens()) {
            Path copy = Files.createTempDirectory(folder, "golden");
            link(golden, copy);
            Object config = JsonValues.parse(Files.readString(golden.resolve("config.json")));
            for (List<Object> path : Mutations.paths(config)) {
                int first = random.nextInt(Mutations.HOSTILE.size());
                if (random.nextInt(oneIn) > 0) {
                    continue;
                }
                for (int i = 0; i < perValue; i++) {
                    Object hostile = Mutations.HOSTILE.get((first + i) % Mutations.HOSTILE.size());
                    Files.writeString(copy.resolve("config.json"),
                            JsonTree.of(Mutations.with(config, path, hostile)).toString());
                    Mutations.load(copy, Mutations.words(golden, path, hostile)).ifPresent(wrong::add);
                }
            }
        }
        return wrong;
    }

    private static void link(Path golden, Path copy) throws IOException {
        try (Stream<Path> files = Files.list(golden)) {
            for (Path file : files.toList()) {
                if (Files.isRegularFile(file) && !file.endsWith("config.json")) {
                    Files.createSymbolicLink(copy.resolve(file.getFileName().toString()), file.toAbsolutePath());
                }
            }
        }
    }
}
